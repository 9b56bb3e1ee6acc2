"""Cutting many off takes two people: what counts as cutting off, from how many on, and who may be the second."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Action
from firmware.wire import command, cose
from gateway.adapters import keystore
from gateway.adapters.actor import CONSOLE, Actor
from gateway.adapters.inbox import Inbox
from gateway.cli import app
from gateway.cli.conventions import KEY
from gateway.core import command_words
from gateway.core.api_key import Role
from gateway.core.bulk import HOLD_S, LEAST_W, WINDOW_S, Bulk, cuts
from gateway.core.centre import ShadowCentre
from gateway.inboxes import Inboxes
from gateway.progress import Stage, find
from gateway.site import Site, now
from tests.virtual_meter import SITE, VirtualMeter

HOUSES = [VirtualMeter(f"house-{number}", 20 + number) for number in range(1, 7)]
ANNA, BERT, EVE = (Actor(name, "operator") for name in ("anna", "bert", "eve"))


@pytest.mark.parametrize(
    ("words", "is_cut"),
    [
        ("relay open", True),
        ("relay close", False),
        (f"limit {LEAST_W - 1} 1", True),
        (f"limit {LEAST_W} 1", False),
        ("limit none", False),
        ("credit set 0", True),
        ("credit set 0.999999", True),
        ("credit set 1", False),
        ("credit add 0", False),
        ("log", False),
        ("tariff none", False),
        ("tariff price=0.25", True),
        ("tariff price=1000000 emergency=5", True),
        ("tariff price=0.25 emergency=0.25", False),
        ("tariff price=0.25 emergency=1 reduced_w=99", True),
        # no meter obeys it
        ("limit 0 30", False),
    ],
)
def test_what_cuts_off(words: str, is_cut: bool) -> None:
    assert cuts(*command_words.parse(words.split(), 1)) is is_cut


@pytest.mark.parametrize(("total", "alone"), [(1, 1), (11, 1), (39, 1), (40, 2), (60, 3), (1000, 3)])
def test_how_many_one_person_may_cut_off(total: int, alone: int) -> None:
    bulk, one_by_one = Bulk(meters=3, percent=5), []
    for number in range(10):
        one_by_one.append(bulk.takes_two(f"house-{number}", total, 1000 + number))
        bulk.note(f"house-{number}", 1000 + number)
    assert one_by_one == [False] * alone + [True] * (10 - alone)


def test_the_hour_slides_and_counts_each_meter_once() -> None:
    bulk = Bulk(meters=2, percent=100)
    for at, meter in ((0, "a"), (100, "b"), (200, "a")):
        assert not bulk.takes_two(meter, 100, at)
        bulk.note(meter, at)
    assert bulk.takes_two("c", 100, WINDOW_S)
    assert bulk.takes_two("c", 100, WINDOW_S + 99)
    assert not bulk.takes_two("c", 100, WINDOW_S + 100)


class Desk:
    """A site with six houses, of which one person may cut off two."""

    def __init__(self, root: Path) -> None:
        self.site = Site(root, ANNA)
        self.site.create(SITE, 10, 30)
        settings = root / "site.toml"
        settings.write_text(settings.read_text().replace("meters = 3\npercent = 5", "meters = 2\npercent = 100"))
        self.keys = {who.name: self.site.api_keys.add(who.name, Role.OPERATOR, now() - 60) for who in (ANNA, BERT)}
        self.open()
        for house in HOUSES:
            self.site.token(house.meter, house.meter, "house", None)
            self.centre.enrol(house.request, "house", now())
        self.inboxes.take()

    def open(self) -> None:
        signer, verifier = keystore.load(self.site.keys), Verifier()
        self.ledger = EmbeddedLedger(self.site.ledger, signer, SITE, verifier)
        self.centre = ShadowCentre(self.ledger, signer, SITE, self.site.genesis(signer.public), 30, verifier, now())
        self.inboxes = Inboxes(self.site, self.centre)

    def cut(self, number: int, who: Actor = ANNA) -> str:
        name = Site(self.site.root, who).command(f"house-{number}", ["relay", "open"], 60)
        self.inboxes.take()
        return name

    def approve(self, name: str, who: Actor) -> str | None:
        """Why the approval was refused, if it was."""
        approval = Site(self.site.root, who).approve(name)
        self.inboxes.take()
        return self.site.refusal(approval)

    def stage(self, name: str) -> Stage:
        found = find(self.site, name)
        assert found is not None
        return found.stage

    def commanded(self) -> list[str]:
        """The meters to which a command is on the ledger."""
        statements = [cose.parse(entry.data) for entry in self.ledger.read(-1, 1000)]
        return [statement.subject for statement in statements if statement.type == command.TYPE]

    def actions(self) -> list[tuple[str, str, str]]:
        statements = [cose.parse(entry.data) for entry in self.ledger.read(-1, 1000)]
        bodies = [Action.decode(statement.payload) for statement in statements if statement.type == Action.TYPE]
        return [(body.actor, body.verb, body.subject) for body in bodies if body.verb != "token"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "site")


def test_many_single_orders_are_one_bulk_whoever_orders_them(desk: Desk) -> None:
    first, second, third, fourth = desk.cut(1), desk.cut(2, BERT), desk.cut(3), desk.cut(4, BERT)
    assert [desk.stage(name) for name in (first, second, third, fourth)] == [Stage.SENT, Stage.SENT, Stage.HELD, Stage.HELD]
    assert desk.commanded() == ["house-1", "house-2"]
    # what cuts nobody off, or a meter that is off already, does not wait
    for number, words in ((3, ["relay", "close"]), (1, ["relay", "open"])):
        assert desk.stage(desk.site.command(f"house-{number}", words, 60)) is Stage.WAITING
    desk.inboxes.take()
    assert desk.commanded()[2:] == ["house-3", "house-1"]


def test_a_second_person_approves_and_both_are_on_record(desk: Desk) -> None:
    held = [desk.cut(number) for number in (1, 2, 3)][-1]
    assert desk.approve(held, BERT) is None
    assert (desk.stage(held), desk.commanded()[-1]) == (Stage.SENT, "house-3")
    assert desk.actions()[-2:] == [("anna", "command", "house-3"), ("bert", "approve", held)]
    found = find(desk.site, held)
    assert found is not None
    assert (found.order.by.name, found.order.approved.name) == ("anna", "bert")  # type: ignore[union-attr]
    # what was approved opens no door for the next
    assert desk.stage(desk.cut(4)) is Stage.HELD


def test_who_is_no_second_person(desk: Desk) -> None:
    held = [desk.cut(number) for number in (1, 2, 3)][-1]
    desk.site.api_keys.add("eve", Role.OPERATOR, now() + 1)
    desk.site.api_keys.add("vera", Role.VIEWER, now() - 60)
    for who, reason in (
        (ANNA, "anna has ordered this: a second person"),
        (EVE, "younger than the order"),
        (Actor("vera", "viewer"), "no key that may approve"),
        (Actor("nobody", "operator"), "no key that may approve"),
        (Actor("bert", CONSOLE), "no key that may approve"),
    ):
        assert reason in (desk.approve(held, who) or "")
    assert (desk.stage(held), desk.commanded()) == (Stage.HELD, ["house-1", "house-2"])


def test_the_shell_is_one_person_like_any_other(desk: Desk) -> None:
    root = Actor("root", CONSOLE)
    held = [desk.cut(number, root) for number in (1, 2, 3)][-1]
    assert desk.stage(held) is Stage.HELD
    assert "no key that may approve" in (desk.approve(held, Actor("sam", CONSOLE)) or "")
    assert desk.approve(held, BERT) is None


def test_what_nobody_approves_expires(desk: Desk) -> None:
    held = [desk.cut(number) for number in (1, 2, 3)][-1]
    (path,) = desk.site.orders.all_held()
    os.utime(path, (now() - HOLD_S - 1, now() - HOLD_S - 1))
    desk.inboxes.take()
    assert (desk.stage(held), "within 15 minutes" in (desk.site.refusal(held) or "")) == (Stage.REFUSED, True)
    assert desk.commanded() == ["house-1", "house-2"]


def test_a_restart_forgets_neither_the_count_nor_what_waits(desk: Desk) -> None:
    held = [desk.cut(number) for number in (1, 2, 3)][-1]
    desk.ledger.close()
    desk.open()
    assert desk.stage(desk.cut(4)) is Stage.HELD
    assert desk.approve(held, BERT) is None
    assert desk.commanded() == ["house-1", "house-2", "house-3"]


@pytest.mark.parametrize("step", ["before the order is put away", "before the approval is"])
def test_an_approval_that_a_crash_cut_off_is_carried_out_once(desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    held = [desk.cut(number) for number in (1, 2, 3)][-1]
    approval = Site(desk.site.root, BERT).approve(held)
    with monkeypatch.context() as crash:
        kept = [Inbox.done] if step == "before the approval is" else []
        crash.setattr(Inbox, "done", lambda *told: kept.pop()(*told) if kept else _killed())
        with pytest.raises(KeyboardInterrupt):
            desk.inboxes.take()
    desk.ledger.close()
    desk.open()
    desk.inboxes.take()
    assert (desk.stage(held), desk.site.refusal(approval)) == (Stage.SENT, None)
    assert desk.commanded() == ["house-1", "house-2", "house-3"]
    assert [action[1] for action in desk.actions()].count("approve") == 1


def _killed() -> None:
    raise KeyboardInterrupt


def test_a_key_on_the_command_line_comes_from_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, [words[0], str(desk.site.root), *words[1:]])
        return done.exit_code, done.output

    *_, held, other = [desk.cut(number) for number in (1, 2, 3, 4)]
    assert run("approve") == (0, f"{held} house-3 relay open, by anna\n{other} house-4 relay open, by anna\n")
    monkeypatch.delenv(KEY, raising=False)
    asked = CliRunner().invoke(app, ["approve", str(desk.site.root), held], input="not a key\n")
    assert ("Your key" in asked.output, "nobody's" in asked.output, "not a key" in asked.output) == (True, True, False)
    monkeypatch.setenv(KEY, "skerry_" + "a" * 32)
    assert "nobody's" in run("approve", held)[1]
    monkeypatch.setenv(KEY, desk.keys["bert"])
    assert run("approve", held, other, "--wait", "0") == (0, f"{held} is still held.\n{other} is still held.\n")
    desk.inboxes.take()
    assert desk.actions()[-2:] == [("bert", "approve", held), ("bert", "approve", other)]
    assert desk.commanded()[-2:] == ["house-3", "house-4"]
    assert "no order" in run("approve", held)[1]
    monkeypatch.setenv(KEY, desk.site.api_keys.add("vera", Role.VIEWER, 1))
    assert "this takes the role of operator; vera is viewer" in run("recharge", "house-1", "5")[1]
