"""The log of a whole run: JSON lines where nobody watches, colours on a terminal, and no secret in either."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.core.api_key import Role
from gateway.site import SiteError
from tests.contract.test_gateway_process import ROOT, Bench, until
from tests.door_keys import DoorKey
from tests.virtual_meter import VirtualMeter

SHORTEST = 20
"""Characters of a canary: a shorter one could be there by chance."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "site", "")
    bench.arguments = [sys.executable, "-m", "gateway", "run", str(bench.site.root)]
    yield bench
    bench.close()


def canaries(bench: Bench) -> set[str]:
    """The private keys of the site, as PEM lines and as numbers."""
    found = set()
    for path in bench.site.keys.rglob("*.pem"):
        text = path.read_text()
        if "PRIVATE KEY" in text:
            pem = text[: text.index("-----END")]
            found |= {line for line in pem.splitlines()[1:] if len(line) >= SHORTEST}
            key = load_pem_private_key(text.encode(), None)
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            number = key.private_numbers().private_value
            found |= {str(number), f"{number:064x}"}
    return found


def busy_day(bench: Bench) -> set[str]:
    """All that the log has something to say about; what of it is secret."""
    site, secrets = bench.site, set()
    wind, house = bench.station("wind-1", 11, "wind"), bench.station("house-1", 12, "house")
    wind.send(wind.certify())
    assert until(lambda: wind.receipted() == {1})
    token = site.token("wind-9", "Wind", "wind", None)
    secrets.add(token.rpartition(".")[2])
    key = site.add_key("anna", Role.OPERATOR)
    for shown in (key, key[:-1]):
        secrets.add(shown.rpartition("_")[2])
        httpx.get(f"{site.status()['dashboard']}api/v1/meters", headers={"authorization": f"Bearer {shown}"})
    identity = DoorKey("wind-9").identity(VirtualMeter("wind-9", 99))
    for wrong in (token + "x", token[:-1], token.upper()):
        secrets.add(wrong.rpartition(".")[2])
        with pytest.raises(SiteError):
            bench.enrol(identity, wrong)
    with pytest.raises(SiteError):
        bench.enrol({**identity, "csr": token}, token)
    assert until(lambda: not (site.root / "enrol" / "wind-9.json").exists())
    site.order("recharge", "nobody", 5, "slip 1")
    wind.client.publish("sk/v1/isle/wind-1/up/cert", b"\xff" * 40, 1)
    house.client.publish("sk/v1/isle/house-1/up/state", token.encode(), 1).wait_for_publish(5)
    house.close()
    site.command("house-1", ["relay", "open"], 1)
    os.kill(site.status()["broker"]["pid"], signal.SIGKILL)
    assert until(lambda: (site.root / "log").read_bytes().count(b"connected to the broker") >= 2)
    site.shut_out("house-1")
    assert until(lambda: (site.root / "log").read_bytes().count(b"a child runs") == 3)
    return secrets


def test_every_line_is_json_with_its_event_and_no_secret(bench: Bench) -> None:
    bench.start()
    secrets = busy_day(bench) | canaries(bench)
    assert bench.end(signal.SIGTERM) == 0
    text = (bench.site.root / "log").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
    events = {line["event"] for line in lines}
    assert {"a child runs", "enrolled", "an enrolment is refused", "an order is refused", "refused", "stopping"} <= events
    assert len(secrets) > 12
    assert [secret for secret in secrets if secret in text] == []


def test_why_it_cannot_run_is_a_line_too(bench: Bench) -> None:
    (bench.site.root / "site.toml").write_text("")
    done = subprocess.run(bench.arguments, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)
    line = json.loads(done.stderr)
    assert (done.returncode, line["event"], line["level"]) == (1, "the gateway cannot run", "critical")
    assert "site: Field required" in line["reason"]


def test_a_terminal_gets_lines_for_people(bench: Bench) -> None:
    ours, theirs = pty.openpty()
    (bench.site.root / "site.toml").write_text("")
    subprocess.run(bench.arguments, cwd=ROOT, stderr=theirs, check=False, timeout=20)
    os.close(theirs)
    text = os.read(ours, 65536).decode()
    os.close(ours)
    assert "the gateway cannot run" in text
    assert not text.startswith("{")


@pytest.mark.parametrize("as_json", [True, False])
def test_where_an_error_came_from_is_shown_without_its_values(as_json: bool) -> None:
    program = f"""
import logging, structlog
from gateway.adapters import logs
logs.configure({as_json})
def open_door(key):
    raise RuntimeError("stuck")
try:
    open_door("canary-" * 4)
except RuntimeError:
    structlog.get_logger().exception("defect")
    logging.getLogger("library").warning("as %s as it gets", "bad")
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=20)
    assert "open_door" in done.stderr
    assert "as bad as it gets" in done.stderr
    assert "canary-canary" not in done.stderr
    if as_json:
        assert {json.loads(line)["event"] for line in done.stderr.splitlines()} == {"defect", "as bad as it gets"}
