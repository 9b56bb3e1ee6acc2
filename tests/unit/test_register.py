"""What an operator decides about meters and keys: ordered on the command line, on record with a name, on the ledger once."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Rejected
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Action, Exchange, Readmission, Revocation
from blockchain_iface.state.records import NEVER
from firmware.wire import cose
from gateway.adapters import keystore
from gateway.cli import app
from gateway.core.application import ApplicationRefused, parse
from gateway.core.centre import ShadowCentre
from gateway.core.refusal import Refusal
from gateway.core.register import Takeover
from gateway.inboxes import Inboxes
from gateway.site import Site, now
from tests.centre_bench import NOW, TwoMeters, on_its_topic
from tests.door_keys import DoorKey
from tests.virtual_meter import INTERVAL, SITE, T0, VirtualMeter


@pytest.fixture
def bench(tmp_path: Path) -> TwoMeters:
    return TwoMeters(tmp_path / "ledger.sqlite")


def revocations(bench: TwoMeters) -> list[Revocation]:
    return [Revocation.decode(entry.payload) for entry in bench.entries(Revocation.TYPE)]


def test_a_key_is_revoked_from_the_first_certificate_that_is_not_here(bench: TwoMeters) -> None:
    house = bench.house
    bench.send(house, house.certify(1, 0), house.certify(1, 0))
    bench.send(house, house.record(), kind="event")
    bench.centre.register.revoke("house-1", None, "stolen", NOW)
    bench.centre.register.revoke("house-1", None, "stolen", NOW)
    bench.centre.register.revoke("house-1", 7, "stolen twice", NOW)
    assert revocations(bench) == [Revocation("house-1", 3, 2, "stolen")]
    assert bench.send(house, house.certify(1, 0)) == []
    assert bench.refusals() == {Refusal.BROKEN_CHAIN: 1}


def test_a_key_that_ends_later_certifies_and_tells_until_then_and_what_is_late_is_taken(bench: TwoMeters) -> None:
    house = bench.house
    first, late, third = (house.certify(1, 0) for _ in range(3))
    bench.send(house, first)
    with pytest.raises(Rejected, match="has signed up to certificate 1"):
        bench.centre.register.revoke("house-1", 1, "sold", NOW)
    bench.centre.register.revoke("house-1", 4, "sold", NOW)
    assert revocations(bench) == [Revocation("house-1", 4, NEVER - 1, "sold")]
    assert len(bench.send(house, third)) == 1
    assert len(bench.send(house, house.record(), kind="event")) == 1
    assert bench.send(house, house.certify(1, 0)) == []
    assert len(bench.send(house, late)) == 1


def test_who_is_not_here_cannot_be_revoked_or_readmitted(bench: TwoMeters) -> None:
    register = bench.centre.register
    with pytest.raises(Rejected, match="nobody is not enrolled"):
        register.revoke("nobody", None, "stolen", NOW)
    for meter in ("nobody", "house-1"):
        with pytest.raises(Rejected, match=f"{meter} is in no quarantine"):
            register.readmit(meter, "looked at", NOW)


def test_a_quarantine_ends_once(bench: TwoMeters) -> None:
    twin = VirtualMeter("house-1", 12)
    bench.send(bench.house, bench.house.certify(1, 0))
    bench.send(bench.house, twin.certify(2, 0))
    assert bench.centre.view(NOW, {}, "").meters[0].quarantined
    for _ in range(2):
        bench.centre.register.readmit("house-1", "the flash was copied back", NOW)
    (entry,) = bench.entries(Readmission.TYPE)
    assert Readmission.decode(entry.payload) == Readmission("house-1", 1, "the flash was copied back")
    assert not bench.centre.view(NOW, {}, "").meters[0].quarantined
    with pytest.raises(Rejected, match="not in its quarantine 1"):
        bench.centre.register.readmit("house-1", "once more", NOW)


class Desk:
    """A site whose house has certified 1,300 Wh, on the command line; its gateway takes what lies in the inboxes on demand."""

    def __init__(self, root: Path) -> None:
        self.site = Site(root)
        self.site.create(SITE, INTERVAL, 30)
        signer, verifier = keystore.load(self.site.keys), Verifier()
        self.ledger = EmbeddedLedger(self.site.ledger, signer, SITE, verifier)
        genesis = self.site.genesis(signer.public)
        self.centre = ShadowCentre(self.ledger, signer, SITE, genesis, 30, verifier, now())
        self.inboxes = Inboxes(self.site, self.centre)
        self.house = VirtualMeter("house-1", 12)
        self.enrol(self.house)
        self.centre.on_messages([on_its_topic(self.house, self.house.certify(300, 0))], NOW)

    def identity(self, meter: VirtualMeter) -> str:
        path = self.site.root / f"{meter.meter}.identity"
        path.write_text(json.dumps(DoorKey(meter.meter).identity(meter)))
        return str(path)

    def token(self, meter: str) -> str:
        return self.site.token(meter, "House", "house", None)

    def enrol(self, meter: VirtualMeter) -> None:
        self.run("enrol", self.identity(meter), "--token", self.token(meter.meter))
        self.inboxes.take()

    def run(self, command: str, *words: str, answer: str = "") -> tuple[int, str]:
        """Exit status and output, without waiting for the gateway."""
        result = CliRunner().invoke(app, [command, str(self.site.root), *words, "--wait", "0"], input=answer)
        return result.exit_code, result.output

    def last(self, type: str) -> cose.Statement:
        statements = [cose.parse(entry.data) for entry in self.ledger.read(-1, 1000)]
        return [statement for statement in statements if statement.type == type][-1]

    def is_let_in(self, meter: str) -> bool:
        """And never again."""
        return self.site.door.revoke(meter, now()) > 0


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "site")


def test_a_revocation_shuts_the_door_at_once_and_ends_the_key_once_the_gateway_is_there(desk: Desk) -> None:
    status, said = desk.run("revoke", "house-1", answer="n\n")
    assert (status, "never certify again" in said) == (1, True)
    status, said = desk.run("revoke", "house-1", "--reason", "stolen", answer="y\n")
    assert (status, "The order waits for the gateway." in said) == (0, True)
    assert not desk.is_let_in("house-1")
    desk.inboxes.take()
    assert Revocation.decode(desk.last(Revocation.TYPE).payload) == Revocation("house-1", 2, 1, "stolen")
    action = Action.decode(desk.last(Action.TYPE).payload)
    assert (action.verb, action.subject, action.actor) == ("revoke", "house-1", desk.site.who.name)
    # an order that the gateway cannot carry out says why
    name = desk.site.revoke("nobody", None, "stolen")
    desk.inboxes.take()
    assert "not enrolled" in str(desk.site.refusal(name))


def test_a_door_that_was_shut_alone_leaves_the_key_as_it_is(desk: Desk) -> None:
    assert desk.run("revoke", "house-1", "--door")[0] == 0
    assert not desk.is_let_in("house-1")
    desk.inboxes.take()
    assert Action.decode(desk.last(Action.TYPE).payload).verb == "revoke"
    assert not desk.ledger.state.keys[desk.house.signer.kid].ended


def test_a_meter_is_readmitted_with_a_reason(desk: Desk) -> None:
    desk.centre.on_messages([on_its_topic(desk.house, VirtualMeter("house-1", 12).certify(2, 0))], NOW)
    assert desk.run("readmit", "house-1", "--reason", "set back by a copy")[0] == 0
    desk.inboxes.take()
    assert Readmission.decode(desk.last(Readmission.TYPE).payload).reason == "set back by a copy"
    assert Action.decode(desk.last(Action.TYPE).payload).verb == "readmit"
    status, said = desk.run("readmit", "house-1", "--reason", "")
    assert (status, "reason: String should match" in said) == (1, True)


def exchange(desk: Desk, new: VirtualMeter, *words: str, answer: str = "y\n") -> tuple[int, str]:
    token = desk.token(new.meter)
    return desk.run("exchange", "house-1", desk.identity(new), "--token", token, "--opening", "5", "0", *words, answer=answer)


def test_another_meter_takes_over_with_the_registers_that_a_person_has_confirmed(desk: Desk) -> None:
    new = VirtualMeter("house-2", 13, T0 + 2 * INTERVAL)
    new.registers = (5, 0)
    status, said = exchange(desk, new, "--closing", "1340", "2000", "--at", "2027-01-15T08:00:15", answer="n\n")
    assert status == 1
    assert (
        "house-1 shows 1340 Wh import and 2000 Wh export, that is 40 Wh import and 0 Wh export more than certificate 1" in said
    )
    assert "The new meter begins with 5 Wh import and 0 Wh export at 2027-01-15 08:00:15 UTC." in said
    assert not list((desk.site.root / "enrol").glob("*.json"))
    status, said = exchange(desk, new, "--closing", "1340", "2000", "--at", "2027-01-15T08:00:15")
    assert status == 0
    desk.inboxes.take()
    entry = Exchange.decode(desk.last(Exchange.TYPE).payload)
    assert entry == Exchange("house-1", new.request, 1, (1340, 2000), (5, 0), T0 + 15)
    assert Action.decode(desk.last(Action.TYPE).payload).verb == "exchange"
    # the account is the point's, the door is shut to the old one and open to the new one
    assert desk.ledger.state.points["house-1"].meter == "house-2"
    assert not desk.is_let_in("house-1")
    answer = json.loads((desk.site.root / "enrol" / "done" / "house-2.answer.json").read_text())
    assert answer["meter"] == "house-2"
    assert len(desk.centre.on_messages([on_its_topic(new, new.certify(7, 0))], NOW)) == 1
    assert desk.is_let_in("house-2")


def test_without_a_reading_the_old_meter_ends_where_its_last_certificate_did(desk: Desk) -> None:
    assert exchange(desk, VirtualMeter("house-2", 13), "--yes", answer="")[0] == 0
    (application,) = desk.site.enrolments.waiting()
    takeover = parse(application[1], SITE).takeover
    assert takeover is not None
    assert (takeover.old, takeover.closing, takeover.opening) == ("house-1", (1300, 2000), (5, 0))
    assert abs(takeover.time - now()) < 60


def test_an_exchange_needs_a_token_for_the_new_meter_and_registers_that_follow(desk: Desk) -> None:
    new = VirtualMeter("house-2", 13)
    waiting = desk.site.enrolments.path("house-2")
    exchange(desk, new, "--token", desk.token("house-3"), "--yes")
    desk.inboxes.take()
    assert "the token is for house-3" in str(desk.site.enrolments.reason(waiting))
    exchange(desk, new, "--closing", "1299", "2000", "--yes")
    desk.inboxes.take()
    assert "do not follow" in str(desk.site.enrolments.reason(waiting))
    assert desk.ledger.state.points["house-1"].meter == "house-1"
    status, said = desk.run("exchange", "house-9", desk.identity(new), "--token", "x", "--opening", "0", "0", "--yes")
    assert (status, said) == (1, "gateway: house-9 has certified nothing yet: enrol the new meter by itself\n")


def test_a_takeover_is_read_strictly() -> None:
    new = VirtualMeter("house-2", 13)
    good = {**DoorKey("house-2").identity(new), "token": "x"}
    takeover = {"old": "house-1", "closing": [1, 2], "opening": [0, 0], "time": T0}
    assert parse(json.dumps({**good, "exchange": takeover}).encode(), SITE).takeover == Takeover("house-1", (1, 2), (0, 0), T0)
    for wrong in ({"old": "@grid"}, {"closing": [1]}, {"opening": [0, -1]}, {"time": 5}, {"more": 1}):
        with pytest.raises(ApplicationRefused, match=r"exchange\."):
            parse(json.dumps({**good, "exchange": {**takeover, **wrong}}).encode(), SITE)
