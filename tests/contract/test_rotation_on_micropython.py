"""A real meter replaces its key by command: the old one certifies until the ledger has it, whenever the power goes."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.wire import certificate, command, cose, enrolment, es256, event, rotation, topics
from gateway.core.commands import CommandDesk
from tests.contract.meter_bench import GATEWAY, METER, SITE, Bench, Device, until


class Rotating(Bench):
    """A meter, and a gateway that has it replace its key."""

    def __init__(self, folder: Path, bus: dict[str, str | int]) -> None:
        super().__init__(folder, bus)
        self.old = bytes.fromhex(json.loads(self.identity().stdout)["public"])

    def rotate(self) -> None:
        order = CommandDesk(GATEWAY, SITE).issue(METER, command.ROTATE, None, int(time.time()))
        self.client.publish(topics.down(SITE, METER, "cmd"), order, 1)

    def offered(self) -> bytes:
        """The new key, for which both have signed; the statement is always the same."""
        (data,) = set(self.rotations)
        statement = cose.parse(data)
        assert es256.verify(self.old, statement.id, statement.signature)
        request = cose.parse(rotation.decode(statement.payload).request)
        public = enrolment.public_of(request)
        assert es256.verify(public, request.id, request.signature)
        return public

    def signed_by(self, public: bytes) -> list[int]:
        """The certificates that this key has signed."""
        kid = es256.key_id(public)
        return [seq for seq, data in sorted(self.received.items()) if cose.parse(data[0]).kid == kid]

    def start_again(self) -> None:
        self.kill("meter")
        self.start_meter()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Rotating]:
    device = Device()
    bench = Rotating(tmp_path, device.buses["tcp"])
    bench.start_meter()
    assert until(lambda: bench.received), bench.log()
    yield bench
    bench.close()
    device.close()


def test_the_old_key_certifies_until_the_ledger_has_the_rotation_and_the_new_one_from_then_on(bench: Rotating) -> None:
    bench.answering = False
    bench.rotate()
    assert until(lambda: bench.rotations), bench.log()
    new = bench.offered()
    before = len(bench.received)
    assert until(lambda: len(bench.received) > before + 1)
    bench.start_again()
    count = len(bench.rotations)
    assert until(lambda: len(bench.rotations) > count and len(bench.received) > before + 3), bench.log()
    assert bench.signed_by(bench.old) == sorted(bench.received)
    bench.answering = True
    assert until(lambda: bench.signed_by(new)), bench.log()
    bench.start_again()
    newest = max(bench.received)
    assert until(lambda: max(bench.signed_by(new)) > newest and bench.settled(), 15), bench.log()
    # one chain, whoever signs: without a hole or a double, in numbers, ids, energy and time
    turn = min(bench.signed_by(new))
    assert bench.signed_by(bench.old) == list(range(1, turn))
    assert bench.signed_by(new) == list(range(turn, len(bench.received) + 1))
    assert all(len(set(copies)) == 1 for copies in bench.received.values())
    statements = [cose.parse(bench.received[seq][0]) for seq in sorted(bench.received)]
    bodies = [certificate.decode(statement.payload) for statement in statements]
    for statement, body, following in zip(statements, bodies, bodies[1:], strict=False):
        assert (following.prev, following.opening, following.t0) == (statement.id, body.closing, body.end)
    bench.kill("meter")
    assert json.loads(bench.identity().stdout)["public"] == new.hex()
    kinds = [event.decode(cose.parse(data).payload) for _, data in sorted(bench.events.items())]
    assert [body.details[2] for body in kinds if body.kind == event.COMMAND] == [0]
