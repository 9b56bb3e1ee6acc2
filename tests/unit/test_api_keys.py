"""Keys as people give and take them on the gateway's own machine, and the certificate of a web server that others reach."""

import asyncio
import stat
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from typer.testing import CliRunner

from gateway.adapters.api_keys import ApiKeyError
from gateway.cli import app
from gateway.core.api_key import PREFIX, Role
from gateway.site import Site, now
from gateway.web import _Server
from tests.virtual_meter import SITE

DAY = 86_400


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path / "site")
    site.create(SITE, 10, 30)
    return site


def run(site: Site, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["key", words[0], str(site.root), *words[1:]])
    return done.exit_code, done.output


def test_a_new_site_has_no_key(site: Site) -> None:
    assert site.api_keys.all() == []
    assert run(site, "list") == (0, "")


def test_a_key_is_printed_once_and_kept_as_its_hash(site: Site) -> None:
    code, printed = run(site, "add", "anna", "--role", "operator")
    key = printed.strip()
    assert (code, key.startswith(PREFIX), len(key)) == (0, True, len(PREFIX) + 32)
    kept = site.keys / "api.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert key.removeprefix(PREFIX) not in "".join(path.read_text() for path in site.root.rglob("*.json"))
    assert site.api_keys.holder(key) == site.api_keys.all()[0]
    assert run(site, "list")[1].split()[:2] == ["anna", "operator"]
    assert "anna has a key already" in run(site, "add", "anna", "--role", "viewer")[1]
    assert "is no name for a key" in run(site, "add", "Anna", "--role", "viewer")[1]
    assert run(site, "remove", "anna")[0] == 0
    assert (site.api_keys.holder(key), run(site, "remove", "anna")[0]) == (None, 1)
    notes = [path.read_text() for path in (site.root / "actions").glob("*.json")]
    assert [verb for verb in ("key-add", "key-remove") if any(verb in note for note in notes)] == ["key-add", "key-remove"]


@pytest.mark.parametrize("damage", ["[{}]", "{", '[{"name": "x", "role": "root", "digest": "00", "created": 1}]'])
def test_damaged_keys_are_never_replaced(site: Site, damage: str) -> None:
    path = site.keys / "api.json"
    path.write_text(damage)
    with pytest.raises(ApiKeyError, match="is damaged"):
        site.add_key("anna", Role.VIEWER)
    assert path.read_text() == damage


def test_roles_stand_one_on_the_other() -> None:
    assert [[role.covers(needed) for needed in Role] for role in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_a_web_server_that_others_reach_has_a_certificate_that_browsers_take(site: Site) -> None:
    site.renew_door()
    assert not site.door.web.exists()
    path = site.root / "site.toml"
    head, _, rest = path.read_text().partition("[dashboard]")
    outside = rest.replace('host = "127.0.0.1"', 'host = "0.0.0.0"', 1).replace('["127.0.0.1"]', '["gateway.isle.example"]', 1)
    path.write_text(f"{head}[dashboard]{outside}")
    site.renew_door()
    first = x509.load_pem_x509_certificate(site.door.web.read_bytes())
    named = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert named.get_values_for_type(x509.DNSName) == ["gateway.isle.example"]
    assert (first.not_valid_after_utc - first.not_valid_before_utc).days <= 825
    site.door.renew_web(site.settings().dashboard.certified, now() + 300 * DAY)
    assert x509.load_pem_x509_certificate(site.door.web.read_bytes()) == first
    site.door.renew_web(site.settings().dashboard.certified, now() + 400 * DAY)
    assert x509.load_pem_x509_certificate(site.door.web.read_bytes()) != first


def test_a_renewed_certificate_is_taken_up_while_it_serves(site: Site) -> None:
    loaded: list[Path] = []

    class Context:
        load_cert_chain = staticmethod(loaded.append)

    site.door.renew_web(["127.0.0.1"], now())
    config = uvicorn.Config(lambda: None)
    config.encoded_headers = []
    config.ssl = Context()  # type: ignore[assignment]
    server = _Server(config, site.door.web, lambda: None)
    asyncio.run(server.on_tick(0))
    assert loaded == []
    site.door.renew_web(["127.0.0.1"], now() + 400 * DAY)
    asyncio.run(server.on_tick(1))
    assert loaded == []
    for _ in range(2):
        asyncio.run(server.on_tick(0))
    assert loaded == [site.door.web]
