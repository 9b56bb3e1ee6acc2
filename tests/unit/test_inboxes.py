"""What people order is on record before it is done, with their names, and a command is signed once whatever comes between."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Unavailable
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Action, Recharge
from firmware.wire import command, cose
from gateway import backup
from gateway.adapters import keystore
from gateway.adapters.actor import Actor, at_the_keyboard
from gateway.cli import app
from gateway.core.centre import ShadowCentre
from gateway.inboxes import Inboxes
from gateway.site import Site, now
from tests.virtual_meter import SITE, VirtualMeter

HOUSE = VirtualMeter("house-1", 12)
SAM = Actor("Sam \u00d8degaard", "operator")


class Full(EmbeddedLedger):
    """Takes so many more batches, and then says that it takes none, which is not always true."""

    room = 1_000_000
    is_true = True

    def submit(self, entries: Sequence[bytes], at: int) -> list[bytes]:
        if self.room == 0:
            if not self.is_true:
                super().submit(entries, at)
            raise Unavailable("the disk is full")
        self.room -= 1
        return super().submit(entries, at)


class Desk:
    """A site with a house, and its inboxes opened as often as they like."""

    def __init__(self, root: Path) -> None:
        self.site = Site(root, SAM)
        self.site.create(SITE, 10, 30)
        self.open()
        self.site.token("house-1", "House", "house", None)
        self.centre.enrol(HOUSE.request, "house", now())
        self.inboxes.take()

    def open(self, ledger: str = "ledger.sqlite") -> None:
        signer, verifier = keystore.load(self.site.keys), Verifier()
        self.ledger = Full(self.site.root / ledger, signer, SITE, verifier)
        rules = self.site.genesis(signer.public)
        self.centre = ShadowCentre(self.ledger, signer, SITE, rules, 30, verifier, now())
        self.inboxes = Inboxes(self.site, self.centre)

    def entries(self) -> list[cose.Statement]:
        return [cose.parse(entry.data) for entry in self.ledger.read(-1, 10_000)]

    def actions(self) -> list[Action]:
        return [Action.decode(entry.payload) for entry in self.entries() if entry.type == Action.TYPE]

    def commands(self) -> list[bytes]:
        return [entry.data for entry in self.entries() if entry.type == command.TYPE]

    def sent(self) -> list[bytes]:
        return [data for _, data in self.centre.dispatch.due(now())]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "site")


def test_whoever_orders_is_on_record_before_it_is_done(desk: Desk) -> None:
    desk.site.order("recharge", "house-1", 5_000_000, "slip 1")
    desk.site.command("house-1", ["relay", "open"], 60)
    desk.inboxes.take()
    types = [entry.type for entry in desk.entries()]
    assert types[-4:] == [Action.TYPE, Recharge.TYPE, Action.TYPE, command.TYPE]
    said = [(action.actor, action.role, action.verb, action.subject) for action in desk.actions()]
    assert said == [(*SAM, verb, "house-1") for verb in ("token", "recharge", "command")]
    assert desk.sent() == desk.commands()
    # what was ordered and could not be done was ordered all the same
    desk.site.order("recovery", "house-9", 1, "slip 2")
    desk.inboxes.take()
    assert (desk.actions()[-1].verb, desk.actions()[-1].subject) == ("recover", "house-9")
    assert list((desk.site.root / "orders" / "refused").glob("*.reason"))


def test_a_restored_site_says_so_on_its_ledger(desk: Desk) -> None:
    copy = desk.site.root.with_name("copy")
    desk.ledger.close()
    backup.restore(desk.site.root, copy, now())
    assert CliRunner().invoke(app, ["accept", str(copy)]).exit_code == 0
    desk.site = Site(copy)
    desk.open()
    desk.inboxes.take()
    assert [(action.verb, action.subject) for action in desk.actions()[-2:]] == [("restore", SITE), ("accept", SITE)]


def test_what_is_done_beside_the_inboxes_is_recorded_too(desk: Desk) -> None:
    Site(desk.site.root).shut_out("house-1")
    desk.site.note("steal", "house-1")
    desk.inboxes.take()
    last = desk.actions()[-1]
    assert (last.actor, last.role, last.verb) == (*at_the_keyboard(), "revoke")
    (reason,) = (desk.site.root / "actions" / "refused").glob("*.reason")
    assert "the verb is one of accept" in reason.read_text()
    assert not list((desk.site.root / "actions").glob("*.json"))


@pytest.mark.parametrize(("room", "is_true"), [(0, True), (1, True), (1, False)])
def test_a_command_is_signed_once_though_the_ledger_has_no_room(desk: Desk, room: int, is_true: bool) -> None:
    desk.site.command("house-1", ["relay", "open"], 60)
    desk.ledger.room, desk.ledger.is_true = room, is_true
    for _ in range(2):
        with pytest.raises(Unavailable):
            desk.inboxes.take()
    assert desk.sent() == []
    desk.ledger.room = 1_000_000
    desk.inboxes.take()
    (data,) = desk.commands()
    assert desk.sent() == [data]
    assert not list((desk.site.root / "orders").glob("*.json"))


def test_what_was_under_way_is_sent_again_and_not_twice(desk: Desk) -> None:
    name = desk.site.command("house-1", ["relay", "open"], 60)
    order = desk.site.orders.path(name).read_bytes()
    desk.inboxes.take()
    (data,) = desk.commands()
    # killed before the order was put away
    desk.site.orders.drop(name, order)
    desk.ledger.close()
    desk.open()
    desk.inboxes.take()
    assert desk.sent() == desk.commands() == [data]
    assert list(desk.centre.dispatch.due(now() + 3600)) == []
    assert [outcome.result for outcome in desk.centre.dispatch.outcomes] == ["overdue"]


def test_a_restored_ledger_that_does_not_know_the_meter_ends_its_command(desk: Desk) -> None:
    name = desk.site.command("house-1", ["relay", "open"], 60)
    desk.inboxes.take()
    desk.ledger.close()
    desk.open("older.sqlite")
    desk.inboxes.take()
    outcome = desk.site.outcomes.of(name)
    assert outcome is not None
    assert (outcome.result, outcome.reason) == ("failed", "house-1 is not enrolled")
    assert desk.sent() == []
