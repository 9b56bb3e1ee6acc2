"""A site's directory and the commands on it: what is written, what is refused, and what people are told."""

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blockchain_iface.state.entries import Recharge, Recovery
from gateway.adapters import broker_rules, keystore, settings
from gateway.adapters.inbox import MAX_SIZE, Inbox
from gateway.adapters.keystore import KeyFileError
from gateway.adapters.orders import Order, OrderError
from gateway.adapters.registry import Registry, RegistryError, Unit
from gateway.adapters.settings import SettingsError
from gateway.cli import app, micro_tokens
from gateway.site import Site, SiteError
from tests.virtual_meter import SITE, VirtualMeter

WIND = VirtualMeter("wind-1", 11)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path / "site")
    site.create(SITE, 10, 30)
    return site


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_site_is_whole_and_keeps_its_secrets(site: Site) -> None:
    current = site.settings()
    assert (current.site, current.interval_s, current.deadline_s) == (SITE, 10, 30)
    assert current.broker.port != current.dashboard.port
    assert current.tariff == settings.TariffSettings()
    assert mode(site.keys) == mode(site.broker) == 0o700
    assert mode(site.keys / keystore.FILE) == mode(site.keys / "broker-password") == mode(site.passwords) == 0o600
    assert site.broker_password() not in site.passwords.read_text()
    with pytest.raises(SiteError, match="holds a site already"):
        site.create(SITE, 10, 30)


def test_a_default_tariff_is_one_the_ledger_takes(site: Site) -> None:
    genesis = site.genesis(bytes(64))
    assert type(genesis).decode(genesis.encode()) == genesis


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("interval_s", "intervall_s", "intervall_s: there is no such key; is interval_s meant?"),
        ("feed_in", "feedin", "tariff.feedin: there is no such key; is feed_in meant?"),
        ("interval_s = 10", 'interval_s = "ten"', "interval_s: Input should be a valid integer"),
        ("interval_s = 10", "interval_s = 0", "interval_s: Input should be greater than or equal to 1"),
        ('site = "isle"', 'site = "The Isle"', "1 to 32 of a-z, 0-9 and - are expected"),
        ("[broker]", "[broker", "Expected ']'"),
    ],
)
def test_a_slip_in_the_settings_is_named(site: Site, old: str, new: str, complaint: str) -> None:
    path = site.root / settings.FILE
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(SettingsError) as error:
        site.settings()
    assert complaint in str(error.value)


def test_a_directory_without_a_site_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="skerry gateway init"):
        Site(tmp_path).settings()


def test_a_lost_or_damaged_key_is_never_replaced(site: Site) -> None:
    path = site.keys / keystore.FILE
    assert keystore.create(site.keys).kid == keystore.load(site.keys).kid
    path.write_text("nonsense")
    with pytest.raises(KeyFileError, match="restore it"):
        keystore.load(site.keys)
    path.unlink()
    with pytest.raises(KeyFileError, match="is missing"):
        keystore.load(site.keys)


def test_an_enrolment_leaves_credentials_a_name_and_a_request(site: Site) -> None:
    done = site.enrol(WIND.request, "Wind turbine 1", "wind", "north hill")
    document = json.loads(done.credentials.read_text())
    assert (done.meter, done.fingerprint) == ("wind-1", WIND.signer.kid.hex())
    assert mode(done.credentials) == 0o600
    assert document["gateway_key"] == keystore.load(site.keys).public.hex()
    assert (document["username"], document["port"]) == ("wind-1", site.settings().broker.port)
    assert broker_rules.password_holds(broker_rules.read_passwords(site.passwords)["wind-1"], document["password"])
    assert site.registry.units()["wind-1"] == Unit(meter="wind-1", name="Wind turbine 1", role="wind", place="north hill")
    assert (site.root / "enrol" / "wind-1.cbor").read_bytes() == WIND.request
    again = site.enrol(WIND.request, "North turbine", "wind", "")
    assert again.credentials.read_text() == json.dumps(document, indent=2)
    assert site.registry.units()["wind-1"].name == "North turbine"


def test_a_request_that_cannot_be_is_refused(site: Site) -> None:
    with pytest.raises(SiteError, match="no enrolment request"):
        site.enrol(b"hello", "x", "wind", "")
    with pytest.raises(SiteError, match="not signed by the key"):
        site.enrol(VirtualMeter("wind-1", 12).request[:-64] + WIND.request[-64:], "x", "wind", "")
    with pytest.raises(SiteError, match="cannot be a meter's name"):
        site.enrol(VirtualMeter("gateway", 11).request, "x", "wind", "")
    with pytest.raises(RegistryError, match="role"):
        site.enrol(WIND.request, "x", "windmill", "")
    assert not (site.root / "enrol" / "wind-1.cbor").exists()


def test_a_taken_name_needs_its_own_key(site: Site) -> None:
    site.enrol(WIND.request, "x", "wind", "")
    site.enrolments.done(site.root / "enrol" / "wind-1.cbor")
    with pytest.raises(SiteError, match="enrolled already with another key"):
        site.enrol(VirtualMeter("wind-1", 12).request, "x", "wind", "")
    site.enrol(WIND.request, "y", "wind", "")
    assert list(site.enrolments.waiting()) == []


def test_a_registry_that_people_broke_is_named(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "registry.json")
    assert registry.units() == {}
    registry.put(Unit.of("wind-1", "Wind", "wind", ""))
    whole = (tmp_path / "registry.json").read_text()
    (tmp_path / "registry.json").write_text(whole.replace('"wind"', '"wnd"'))
    with pytest.raises(RegistryError, match="role: Input should be 'wind', 'house'"):
        registry.units()
    (tmp_path / "registry.json").write_text(whole[:-3])
    with pytest.raises(RegistryError, match="not valid JSON"):
        registry.put(Unit.of("wind-2", "Wind", "wind", ""))


def test_an_inbox_is_emptied_into_done_and_refused(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "in", ".json")
    inbox.drop("b", b"2")
    inbox.drop("a", b"1" * (2 * MAX_SIZE))
    (tmp_path / "in" / ".c.json").write_text("half written")
    (tmp_path / "in" / "d.txt").write_text("something else")
    (first, data), (second, _) = inbox.waiting()
    assert (first.name, len(data), second.name) == ("a.json", MAX_SIZE + 1, "b.json")
    inbox.refuse(first, "too large")
    inbox.done(second)
    assert list(inbox.waiting()) == []
    assert (tmp_path / "in" / "refused" / "a.json.reason").read_text() == "too large\n"
    assert (tmp_path / "in" / "done" / "b.json").read_bytes() == b"2"


def test_orders_are_read_strictly() -> None:
    order = Order.of("recharge", "house-1", 5, "slip")
    assert Order.parse(order.model_dump_json().encode()) == order
    assert order.entry() == Recharge("house-1", 5, "slip")
    assert Order.of("recovery", "@grid", 5, "slip").entry() == Recovery("@grid", 5, "slip")
    for wrong in ("[]", "{}", order.model_dump_json().replace("5", "5.0"), order.model_dump_json().replace("5", "0")):
        with pytest.raises(OrderError):
            Order.parse(wrong.encode())


@pytest.mark.parametrize(("text", "amount"), [("12.5", 12_500_000), ("0.000001", 1), ("1e2", 100_000_000)])
def test_tokens_are_counted_exactly(text: str, amount: int) -> None:
    assert micro_tokens(text) == amount


@pytest.mark.parametrize("text", ["", "ten", "0.0000001", "NaN", "Infinity"])
def test_what_is_no_number_of_tokens_is_refused(text: str) -> None:
    with pytest.raises(SiteError, match="number of tokens"):
        micro_tokens(text)


def test_the_commands_speak_plainly(tmp_path: Path) -> None:
    root, request = tmp_path / "site", tmp_path / "request.cbor"
    request.write_bytes(WIND.request)
    command = CliRunner().invoke
    begun = command(app, ["init", str(root), "--site", SITE])
    assert (begun.exit_code, Site(root).settings().deadline_s) == (0, 30)
    again = command(app, ["init", str(root), "--site", SITE])
    assert (again.exit_code, again.stderr) == (1, f"gateway: {root} holds a site already: choose another directory\n")
    arguments = ["enrol", str(root), str(request), "--name", "Wind turbine 1", "--role", "wind"]
    enrolled = command(app, arguments)
    assert enrolled.stdout.startswith(f"wind-1 has the key {WIND.signer.kid.hex()}.")
    assert json.loads(command(app, [*arguments, "--json"]).stdout)["fingerprint"] == WIND.signer.kid.hex()
    ordered = command(app, ["recharge", str(root), "wind-1", "12.5", "--reference", "slip 1"])
    assert "reference slip 1" in ordered.stdout
    (waiting,) = (root / "orders").glob("*.json")
    assert Order.parse(waiting.read_bytes()) == Order.of("recharge", "wind-1", 12_500_000, "slip 1")
    assert command(app, ["recover", str(root), "wind-1", "-5"]).exit_code != 0
    assert command(app, ["status", str(root)]).stdout == "The gateway does not run.\n"
    assert json.loads(command(app, ["status", str(root), "--json"]).stdout) == {"running": False, "site": SITE}
