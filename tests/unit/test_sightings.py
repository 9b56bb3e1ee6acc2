"""What is put on record of other histories: only what a meter signed, once, and nothing that agrees with the ledger."""

from pathlib import Path

import pytest

from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Rejected
from blockchain_iface.state.describe import describe
from blockchain_iface.state.entries import Sighting
from firmware.wire import cbor, certificate, cose
from firmware.wire.fields import WireError
from tests.virtual_meter import CENTRE, SITE, T0, VirtualMeter, enrol, genesis, signed

OTHER = bytes(32)


class World:
    def __init__(self, path: Path) -> None:
        self.ledger, self.meter = EmbeddedLedger(path, CENTRE, SITE), VirtualMeter("home-1", 7)
        self.ledger.submit([genesis()], T0)
        enrol(self.ledger, self.meter)

    def certified(self, seen: tuple[int, bytes] | None) -> bytes:
        data = self.meter.certify(1, 0, seen=seen)
        self.ledger.submit([data], T0)
        return data

    def own(self, size: int) -> tuple[int, bytes]:
        root = self.ledger.root(size)
        assert root is not None
        return size, root


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "ledger.sqlite")


def test_a_sighting_goes_on_record_once(world: World) -> None:
    entry = signed(Sighting(world.certified((2, OTHER)), *world.own(2)), "home-1")
    world.ledger.submit([entry], T0)
    assert world.ledger.state.sightings["home-1", 2, OTHER] == world.meter.prev
    again = signed(Sighting(world.certified((2, OTHER)), *world.own(2)), "home-1")
    with pytest.raises(Rejected, match="on record already"):
        world.ledger.submit([again], T0)
    body = describe(entry)["body"]
    assert isinstance(body, dict)
    assert (body["size"], body["root"]) == (2, world.own(2)[1].hex())


def test_what_contradicts_nothing_is_refused(world: World) -> None:
    true = world.certified(world.own(2))
    for data, head in (
        (true, world.own(2)),
        (true, world.own(3)),
        (world.certified((2, OTHER)), world.own(3)),
        (world.certified(None), world.own(2)),
    ):
        with pytest.raises(Rejected, match="saw nothing that contradicts"):
            world.ledger.submit([signed(Sighting(data, *head), "home-1")], T0)
    # all there is, where the meter saw more
    world.ledger.submit([signed(Sighting(world.certified((99, OTHER)), *world.own(6)), "home-1")], T0)


def test_the_certificate_is_the_ledgers_own(world: World) -> None:
    strange = world.meter.certify(1, 0, seen=(2, OTHER))
    for data, reason in (
        (strange, "not on the ledger"),
        (strange[:-1], "no certificate"),
        (world.meter.request, "no certificate"),
    ):
        with pytest.raises(Rejected, match=reason):
            world.ledger.submit([signed(Sighting(data, *world.own(2)), "home-1")], T0)
    by_meter = cose.sign(world.meter.signer, SITE, "home-1", Sighting.TYPE, Sighting(strange, *world.own(2)).encode())
    with pytest.raises(Rejected, match="not signed by the shadow centre"):
        world.ledger.submit([by_meter], T0)


def test_root_answers_for_every_size_there_was(world: World) -> None:
    head = world.ledger.head()
    assert head is not None
    assert world.ledger.root(head.size) == head.root
    world.certified(None)
    assert world.ledger.root(head.size) == head.root
    assert world.ledger.root(head.size + 2) is None
    assert certificate.TYPE in str(describe(world.ledger.read(head.size - 1, 1)[0].data)["type"])


def test_a_body_has_one_form() -> None:
    good = {1: b"certificate", 2: [2, OTHER]}
    assert Sighting.decode(cbor.encode(good)).encode() == cbor.encode(good)
    for wrong in ({1: 5}, {2: [0, OTHER]}, {2: [2, OTHER[1:]]}, {2: [2]}, {3: 1}):
        with pytest.raises(WireError):
            Sighting.decode(cbor.encode({**good, **wrong}))
