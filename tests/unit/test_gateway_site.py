"""A site's directory and the commands on it: what is written, what is refused, and what people are told."""

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blockchain_iface.state.entries import Recharge, Recovery
from gateway.adapters import keystore, orders, settings
from gateway.adapters.actor import at_the_keyboard
from gateway.adapters.inbox import MAX_SIZE, Inbox
from gateway.adapters.keystore import KeyFileError
from gateway.adapters.orders import By, Note, Order, OrderError
from gateway.adapters.registry import RegistryError
from gateway.adapters.registry_rows import Unit
from gateway.adapters.settings import SettingsError
from gateway.cli import app
from gateway.core.command_words import WordsError, micro_tokens
from gateway.site import Site, SiteError
from tests.door_keys import DoorKey
from tests.virtual_meter import SITE, T0, VirtualMeter

WIND = VirtualMeter("wind-1", 11)
IDENTITY = DoorKey("wind-1").identity(WIND)
BY = By(name="sam", role="console", at=T0)


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
    assert mode(site.keys) == mode(site.keys / "door") == 0o700
    assert {mode(path) for path in site.keys.rglob("*.pem")} == {0o600}
    with pytest.raises(SiteError, match="holds a site already"):
        site.create(SITE, 10, 30)


def test_a_default_tariff_is_one_the_ledger_takes(site: Site) -> None:
    genesis = site.genesis(bytes(64))
    assert type(genesis).decode(genesis.encode()) == genesis


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("interval_s", "intervall_s", "site.toml: line {line}: intervall_s: there is no such key; is interval_s meant?"),
        ("feed_in", "feedin", "line {line}: tariff.feedin: there is no such key; is feed_in meant?"),
        ("interval_s = 10", 'interval_s = "ten"', "interval_s: Input should be a valid integer"),
        ("interval_s = 10", 'interval_s = "10"', "line {line}: interval_s: Input should be a valid integer"),
        ("[0, 160000]", '["0", 160000]', "line {line}: tariff.bands.0.0: Input should be a valid integer"),
        ("deadline_s = 30", "", "site.toml: deadline_s: Field required"),
        ("interval_s = 10", "interval_s = 0", "interval_s: Input should be greater than or equal to 1"),
        ('site = "isle"', 'site = "The Isle"', "1 to 32 of a-z, 0-9 and - are expected"),
        ("[broker]", "[broker", "Expected ']'"),
        ('host = "127.0.0.1"', 'host = "all"', "broker.host: Value error, Expected 4 octets"),
        ('addresses = ["127.0.0.1"]', "addresses = []", "broker.addresses: List should have at least 1 item"),
        ('addresses = ["127.0.0.1"]', 'addresses = ["a b"]', "an IP address or a DNS name is expected"),
    ],
)
def test_a_slip_in_the_settings_is_named(site: Site, old: str, new: str, complaint: str) -> None:
    path = site.root / settings.FILE
    text = path.read_text()
    path.write_text(text.replace(old, new, 1))
    line = text[: text.index(old)].count("\n") + 1
    with pytest.raises(SettingsError) as error:
        site.settings()
    assert complaint.format(line=line) in str(error.value)


def test_the_environment_decides_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    before = site.settings()
    for name in ("SITE", "TARIFF", "BROKER__HOST", "INTERVAL_S"):
        monkeypatch.setenv(name, "{}")
    assert site.settings().model_dump() == before.model_dump()


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


def test_the_brokers_certificate_names_how_it_is_reached(site: Site) -> None:
    path = site.root / settings.FILE
    outside = path.read_text().replace('host = "127.0.0.1"', 'host = "0.0.0.0"', 1)
    path.write_text(outside.replace('addresses = ["127.0.0.1"]', 'addresses = ["10.1.2.3", "gateway.isle.example"]'))
    broker = site.settings().broker
    assert (broker.near, broker.certified) == ("127.0.0.1", ["10.1.2.3", "gateway.isle.example", "127.0.0.1"])


def test_a_token_notes_what_the_meter_is(site: Site) -> None:
    first = site.token("wind-1", "Wind turbine 1", "wind", "north hill")
    assert site.registry.units()["wind-1"] == Unit(meter="wind-1", name="Wind turbine 1", role="wind", place="north hill")
    again = site.token("wind-1", "North turbine", None, None)
    assert first != again
    assert site.registry.units()["wind-1"] == Unit(meter="wind-1", name="North turbine", role="wind", place="north hill")
    kept = site.root / "tokens" / "wind-1.json"
    assert (mode(kept), mode(kept.parent)) == (0o600, 0o700)
    assert again.rpartition(".")[2] not in "".join(path.read_text() for path in site.root.rglob("*.*") if path.is_file())


def test_a_token_that_cannot_be_is_refused(site: Site) -> None:
    with pytest.raises(SiteError, match="wind-1 is new here: say --name and --role"):
        site.token("wind-1", "Wind", None, None)
    with pytest.raises(RegistryError, match="role"):
        site.token("wind-1", "Wind", "windmill", None)
    for name in ("gateway", "broker", "ledger", "Wind", ""):
        with pytest.raises(SiteError, match="cannot be a meter's name"):
            site.token(name, "x", "wind", None)
    assert not (site.root / "tokens").exists()


def test_an_application_lies_in_the_inbox_and_its_answer_beside_it(site: Site) -> None:
    path = site.apply(json.dumps(IDENTITY).encode(), "token")
    assert json.loads(path.read_text()) == {**IDENTITY, "token": "token"}
    assert mode(path) == 0o600
    assert site.answer(path) is None
    site.enrolments.done(path, b"answer")
    answer = site.answer(path)
    assert answer == site.root / "enrol" / "done" / "wind-1.answer.json"
    assert answer.read_bytes() == b"answer"
    # what is handed in again is not answered with what was said before
    assert site.answer(site.apply(json.dumps(IDENTITY).encode(), "token")) is None
    site.enrolments.refuse(path, "for no reason")
    with pytest.raises(SiteError, match="wind-1 is not enrolled: for no reason"):
        site.answer(path)
    assert answer.exists()
    assert site.answer(site.apply(json.dumps(IDENTITY).encode(), "token")) is None


@pytest.mark.parametrize("identity", [b"", b"[]", b"{}", b'{"meter": 5}', b'{"meter": "../wind-1"}', b"\xff"])
def test_what_is_no_identity_is_told_so(site: Site, identity: bytes) -> None:
    with pytest.raises(SiteError, match="this is no meter's identity"):
        site.apply(identity, "token")
    assert list(site.enrolments.waiting()) == []


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
    order = Order.of("recharge", "house-1", 5, "slip", BY)
    assert orders.parse(order.model_dump_json().encode()) == order
    assert order.entry() == Recharge("house-1", 5, "slip")
    assert Order.of("recovery", "@grid", 5, "slip", BY).entry() == Recovery("@grid", 5, "slip")
    for wrong in (
        "[]",
        "{}",
        order.model_dump_json().replace("5", "5.0"),
        order.model_dump_json().replace("5", "0"),
        order.model_dump_json().replace("slip", "r\u00e9f"),
    ):
        with pytest.raises(OrderError):
            orders.parse(wrong.encode())


@pytest.mark.parametrize(("text", "amount"), [("12.5", 12_500_000), ("0.000001", 1), ("1e2", 100_000_000)])
def test_tokens_are_counted_exactly(text: str, amount: int) -> None:
    assert micro_tokens(text) == amount


@pytest.mark.parametrize("text", ["", "ten", "0.0000001", "NaN", "Infinity"])
def test_what_is_no_number_of_tokens_is_refused(text: str) -> None:
    with pytest.raises(WordsError, match="number of tokens"):
        micro_tokens(text)


def test_the_commands_speak_plainly(tmp_path: Path) -> None:
    root, identity = tmp_path / "site", tmp_path / "identity.json"
    identity.write_text(json.dumps(IDENTITY))
    command = CliRunner().invoke
    begun = command(app, ["init", str(root), "--site", SITE])
    assert (begun.exit_code, Site(root).settings().deadline_s) == (0, 30)
    again = command(app, ["init", str(root), "--site", SITE])
    assert (again.exit_code, again.stderr) == (1, f"gateway: {root} holds a site already: choose another directory\n")
    token = command(app, ["token", str(root), "wind-1", "--name", "Wind turbine 1", "--role", "wind"]).stdout.strip()
    assert token.startswith("isle.wind-1.")
    arguments = ["enrol", str(root), str(identity), "--token", token, "--wait", "0"]
    application = root / "enrol" / "wind-1.json"
    assert command(app, arguments).stdout == f"{application} waits for the gateway.\n"
    assert json.loads(application.read_text())["token"] == token
    assert command(app, ["revoke", str(root), "wind-1", "--door"]).stdout.startswith("0 certificates of wind-1 are revoked.")
    ordered = command(app, ["recharge", str(root), "wind-1", "12.5", "--reference", "slip 1"])
    assert "reference slip 1" in ordered.stdout
    (waiting,) = (root / "orders").glob("*.json")
    order = orders.parse(waiting.read_bytes())
    assert order == Order.of("recharge", "wind-1", 12_500_000, "slip 1", order.by)
    assert order.by.name == at_the_keyboard().name
    notes = [Note.parse(path.read_bytes()) for path in sorted((root / "actions").glob("*.json"))]
    assert [(note.verb, note.subject) for note in notes] == [(verb, "wind-1") for verb in ("token", "enrol", "revoke")]
    assert command(app, ["recover", str(root), "wind-1", "-5"]).exit_code != 0
    assert command(app, ["status", str(root)]).stdout == "The gateway does not run.\n"
    assert json.loads(command(app, ["status", str(root), "--json"]).stdout) == {"running": False, "site": SITE}
