"""Commands and actions on the ledger: who ordered what, and which of the meter's events answered."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blockchain_iface.archive import Archive
from blockchain_iface.cli.app import app
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Rejected
from blockchain_iface.state.entries import Action
from blockchain_iface.state.records import Ordered
from blockchain_iface.verify import verify
from firmware.wire import cbor, command, cose, event
from firmware.wire.fields import WireError
from tests.virtual_meter import CENTRE, SITE, T0, VirtualMeter, enrol, genesis, signed

ACTION = Action("sam", "operator", "command", "home-1", "order-17", T0)


class World:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger = EmbeddedLedger(path, CENTRE, SITE)
        self.home, self.wind = VirtualMeter("home-1", 7), VirtualMeter("wind-1", 8)
        self.submit(genesis())
        for meter in (self.home, self.wind):
            enrol(self.ledger, meter)

    def submit(self, *entries: bytes) -> None:
        self.ledger.submit(entries, T0)

    def shown(self, *words: str) -> dict[str, object]:
        self.ledger.close()
        shown = json.loads(CliRunner().invoke(app, [words[0], str(self.path), *words[1:]]).stdout)
        assert isinstance(shown, dict)
        return shown


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "ledger.sqlite")


def opening(number: int = 5, meter: str = "home-1", signer: object = CENTRE) -> bytes:
    return command.issue(signer, SITE, meter, number, command.RELAY, [0], T0, T0 + 60)  # type: ignore[arg-type]


def answer(meter: VirtualMeter, data: bytes) -> bytes:
    return meter.record(event.COMMAND, details={1: cose.parse(data).id, 2: 0, 3: 0, 4: None, 5: ""})


def test_a_command_is_answered_by_the_first_event_of_its_meter_that_names_it(world: World) -> None:
    data = opening()
    id = cose.parse(data).id
    world.submit(data)
    assert world.ledger.state.commands[id] == Ordered("home-1", 5, command.RELAY, T0, T0 + 60)
    first = answer(world.home, data)
    world.submit(answer(world.wind, data), world.home.record(), first, answer(world.home, data))
    assert world.ledger.state.commands[id].answer == cose.parse(first).id
    shown = world.shown("state", "commands", id.hex())["value"]
    assert isinstance(shown, dict)
    assert (shown["meter"], shown["answer"]) == ("home-1", cose.parse(first).id.hex())
    verify(Archive(world.path), CENTRE.public)


def test_an_answer_to_what_is_not_on_the_ledger_is_an_event_like_others(world: World) -> None:
    world.submit(answer(world.home, opening()), world.home.record(event.COMMAND, details={1: 7, 2: 0}))
    assert not dict(world.ledger.state.commands.items())


def test_an_answer_may_come_before_its_command(world: World) -> None:
    data = opening()
    id = cose.parse(data).id
    first = answer(world.home, data)
    world.submit(answer(world.wind, data), first, answer(world.home, data))
    assert world.ledger.state.answers["home-1", id] == cose.parse(first).id
    world.submit(data)
    assert world.ledger.state.commands[id].answer == cose.parse(first).id


def test_a_command_comes_from_the_shadow_centre_to_a_meter_of_the_site(world: World) -> None:
    for data, reason in (
        (opening(signer=world.home.signer), "not signed by the shadow centre"),
        (opening(meter="home-9"), "home-9 is not enrolled"),
        (cose.sign(CENTRE, SITE, "home-1", command.TYPE, cbor.encode({1: 5})), "key 2 is missing"),
        (cose.sign(CENTRE, SITE, "home-1", command.TYPE, cbor.encode({1: 5, 2: 1, 3: bytes(2048), 4: T0, 5: None})), "bytes"),
    ):
        with pytest.raises(Rejected, match=reason):
            world.submit(data)


def test_an_action_is_on_record_once_a_reference(world: World) -> None:
    data = signed(ACTION)
    world.submit(data)
    size = world.ledger.head()
    world.submit(data)
    assert world.ledger.head() == size
    assert world.ledger.state.actions["order-17"] == cose.parse(data).id
    with pytest.raises(Rejected, match="order-17 stands for another action"):
        world.submit(signed(Action("eve", "operator", "command", "home-1", "order-17", T0)))
    verify(Archive(world.path), CENTRE.public)


def test_people_can_read_what_was_ordered(world: World) -> None:
    world.submit(opening())
    world.submit(signed(ACTION))
    shown = world.shown("show", "3")
    assert shown["says"] == "command to home-1: relay [0], number 5"
    assert shown["body"] == {"number": 5, "kind": command.RELAY, "arguments": [0], "issued": T0, "expires": T0 + 60}
    shown = world.shown("show", "4")
    assert shown["says"] == "2027-01-15 08:00:00 UTC: sam (operator) ordered command, home-1"
    assert shown["body"] == {
        "actor": "sam",
        "role": "operator",
        "verb": "command",
        "subject": "home-1",
        "reference": "order-17",
        "at": T0,
    }


def test_actions_are_listed_for_people_and_for_programs(world: World) -> None:
    world.submit(signed(ACTION), opening(), signed(replace(ACTION, actor="[red]Zo\u00eb", reference="order-18")))
    world.ledger.close()
    listed = json.loads(CliRunner().invoke(app, ["actions", str(world.path), "--json"]).stdout)
    assert [(one["entry"], one["actor"], one["reference"]) for one in listed] == [
        (3, "sam", "order-17"),
        (5, "[red]Zo\u00eb", "order-18"),
    ]
    shown = CliRunner().invoke(app, ["actions", str(world.path)], env={"COLUMNS": "120"}).stdout
    assert "[red]Zo\u00eb" in shown
    assert "2027-01-15 08:00:00" in shown


def test_an_action_has_one_form() -> None:
    good = {1: "Zo\u00eb".encode(), 2: "operator", 3: "token", 4: b"home-1", 5: "a" * 64, 6: T0}
    assert Action.decode(cbor.encode(good)).encode() == cbor.encode(good)
    for wrong in (
        {1: b""},
        {1: b"a\nb"},
        {1: b"\xc2\x9b"},
        {1: b"\xff"},
        {1: "sam"},
        {2: 5},
        {3: "steal"},
        {4: b"a" * 65},
        {5: b"x"},
        {6: -1},
        {6: 5},
        {7: 1},
    ):
        with pytest.raises(WireError):
            Action.decode(cbor.encode({**good, **wrong}))
