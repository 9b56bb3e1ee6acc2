"""Ordered commands at the shadow centre: sent again until the signed answer, one at a time, overdue in the end."""

from pathlib import Path

import pytest

from blockchain_iface.ledger import Rejected
from firmware.wire import command, cose, event, log_piece, topics
from gateway.core.centre import Message
from gateway.core.dispatch import AGAIN_S, GRACE_S
from gateway.core.view import Outcome
from tests.centre_bench import NOW, CentreBench
from tests.virtual_meter import SITE, VirtualMeter


class Bench(CentreBench):
    """A shadow centre and one meter."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.home = VirtualMeter("home-1", 12)
        self.centre.enrol(self.home.request, "house", NOW)

    def order(self, name: str, kind: int = command.RELAY, arguments: object = (0,), now: int = NOW) -> bytes:
        """Order a command; its id."""
        arguments = list(arguments) if isinstance(arguments, tuple) else arguments
        data = self.centre.command("home-1", kind, arguments, now, now + 60)
        self.centre.dispatch.add(name, "home-1", data)
        return cose.parse(data).id

    def sent(self, now: int) -> list[bytes]:
        """Ids of the commands that go out at ``now``."""
        return [cose.parse(out.payload).id for out in self.centre.on_tick(now) if out.topic.endswith("/cmd")]

    def say(self, kind: str, data: bytes) -> None:
        self.centre.on_messages([Message(topics.up(SITE, "home-1", kind), data)], NOW)

    def answer(self, id: bytes, result: int = 0, contact: int | None = 0, power: int | None = 3, reason: str = "") -> str:
        """The meter answers; the event's id."""
        data = self.home.record(event.COMMAND, details={1: id, 2: result, 3: contact, 4: power, 5: reason})
        self.say("event", data)
        return cose.parse(data).id.hex()

    def outcomes(self) -> list[Outcome]:
        found = list(self.centre.dispatch.outcomes)
        self.centre.dispatch.outcomes.clear()
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "ledger.sqlite")


def test_the_same_command_is_sent_until_it_is_answered(bench: Bench) -> None:
    id = bench.order("a")
    times = [now for now in range(NOW, NOW + 35) if bench.sent(now) == [id]]
    assert times == [NOW, NOW + AGAIN_S, NOW + 2 * AGAIN_S, NOW + 3 * AGAIN_S]
    told_by = bench.answer(id)
    assert bench.sent(NOW + 50) == []
    assert bench.outcomes() == [Outcome("a", "home-1", "done", contact="open", power_w=3, event=told_by)]


def test_a_refusal_and_a_failure_say_why(bench: Bench) -> None:
    for result, word in ((1, "refused"), (2, "failed")):
        id = bench.order(word)
        assert bench.sent(NOW) == [id]
        bench.answer(id, result, None, None, "it is so")
        (outcome,) = bench.outcomes()
        assert (outcome.name, outcome.result, outcome.reason) == (word, word, "it is so")
        assert (outcome.contact, outcome.power_w) == (None, None)


def test_the_next_command_waits_for_the_answer(bench: Bench) -> None:
    first, second = bench.order("a"), bench.order("b", command.RELAY, (1,))
    assert bench.sent(NOW) == [first]
    bench.answer(second)
    assert bench.outcomes() == []
    bench.answer(first)
    assert bench.sent(NOW + 1) == [second]


def test_what_nobody_answers_is_overdue(bench: Bench) -> None:
    first = bench.order("a")
    assert bench.sent(NOW) == [first]
    assert bench.outcomes() == []
    later = NOW + 60 + GRACE_S
    bench.sent(later)
    assert bench.outcomes() == []
    bench.sent(later + 1)
    assert [(outcome.name, outcome.result, outcome.event) for outcome in bench.outcomes()] == [("a", "overdue", None)]
    assert bench.sent(later + 20) == []


def test_nobody_asks_for_certificates_while_a_command_waits(bench: Bench) -> None:
    one, _, three = (bench.home.certify(1, 0) for _ in range(3))
    for data in (one, three):
        bench.say("cert", data)
    id = bench.order("a")
    assert {sent for now in range(NOW, NOW + 60) for sent in bench.sent(now)} == {id}
    bench.answer(id)
    asked = [out for now in range(NOW + 60, NOW + 90) for out in bench.centre.on_tick(now) if out.topic.endswith("/cmd")]
    assert command.resend_of(command.parse(asked[0].payload, SITE, "home-1").arguments) == (2, 2)


def test_the_log_comes_with_the_answer(bench: Bench) -> None:
    id = bench.order("a", command.LOG, None)
    for piece in log_piece.split(b"boot 7\n"):
        bench.say("log", piece)
    bench.answer(id)
    assert [outcome.log for outcome in bench.outcomes()] == ["boot 7\n"]
    bench.answer(bench.order("b"))
    assert [outcome.log for outcome in bench.outcomes()] == [None]


def test_only_who_is_enrolled_is_commanded_and_only_what_can_be_obeyed(bench: Bench) -> None:
    for meter, arguments in (("home-9", [0]), ("home-1", [2])):
        with pytest.raises(Rejected):
            bench.centre.command(meter, command.RELAY, arguments, NOW, NOW + 60)
