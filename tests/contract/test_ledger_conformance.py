"""What every engine promises (blockchain_iface/ledger.py), engine by engine. The tests do not know which one runs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from scitt_cose import merkle
from scitt_cose.receipt import verify_receipt

from blockchain_iface.ledger import Rejected
from blockchain_iface.signatures import public_key
from blockchain_iface.state.entries import Genesis
from blockchain_iface.state.happenings import Begun, Enrolled, Recharged, Recorded
from firmware.wire import cbor, cose, event, receipt
from firmware.wire.fields import WireError
from firmware.wire.p256 import N
from gateway.core.writer import StatefulLedger
from tests.contract.engines import ENGINES, Engine, check_heads, seen, submitted, told
from tests.virtual_meter import CENTRE, SITE, T0, TARIFF, VirtualMeter, enrolment_of, genesis, recharge_of, signer

PEM = public_key(CENTRE.public).public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    engine = ENGINES[request.param](tmp_path)
    yield engine
    engine.close()


@pytest.fixture
def meter() -> VirtualMeter:
    return VirtualMeter("home-1", 7)


@pytest.fixture
def ledger(engine: Engine, meter: VirtualMeter) -> StatefulLedger:
    ledger = engine.open()
    submitted(ledger, [genesis()], T0)
    submitted(ledger, [enrolment_of(meter)], T0)
    return ledger


def test_a_submitted_entry_is_final_and_keeps_its_place(ledger: StatefulLedger, meter: VirtualMeter) -> None:
    first, second = meter.certify(5, 0), meter.certify(6, 0)
    ids = submitted(ledger, [first, second], T0 + 20)
    entries = ledger.read(1, 10)
    assert [entry.id for entry in entries] == ids == [cose.parse(first).id, cose.parse(second).id]
    assert [entry.index for entry in entries] == [2, 3]
    assert [entry.data for entry in entries] == [first, second]
    assert ledger.get(ids[1]) == entries[1]
    submitted(ledger, [meter.certify(7, 0)], T0 + 30)
    assert ledger.read(1, 2) == entries


def test_reading_goes_on_from_any_place(ledger: StatefulLedger, meter: VirtualMeter) -> None:
    for _ in range(3):
        submitted(ledger, [meter.certify(1, 0) for _ in range(3)], T0)
    everything = ledger.read(-1, 100)
    assert [entry.index for entry in everything] == list(range(11))
    for after in range(-1, 11):
        for limit in (1, 4, 100):
            assert ledger.read(after, limit) == everything[after + 1 : after + 1 + limit]


def test_submitting_again_changes_nothing(ledger: StatefulLedger, meter: VirtualMeter) -> None:
    data = meter.certify(5, 0)
    id = submitted(ledger, [data, data], T0 + 10)[1]
    before = seen(ledger)
    assert len(before[1]) == 3
    assert submitted(ledger, [data], T0 + 99) == [id]
    assert submitted(ledger, [genesis(), data, data], T0 + 99) == [cose.parse(genesis()).id, id, id]
    assert ledger.submit([], T0 + 99) == []
    assert seen(ledger) == before


def test_what_is_there_does_not_keep_what_is_new_out(ledger: StatefulLedger, meter: VirtualMeter) -> None:
    old, new = meter.certify(5, 0), meter.certify(6, 0)
    submitted(ledger, [old], T0)
    submitted(ledger, [old, new, old], T0)
    assert [entry.data for entry in ledger.read(1, 10)] == [old, new]


def test_nothing_is_known_of_an_entry_that_is_not_there(ledger: StatefulLedger) -> None:
    assert ledger.get(bytes(32)) is None
    assert ledger.receipt(bytes(32)) is None


def test_a_batch_is_taken_whole_or_not_at_all(ledger: StatefulLedger, meter: VirtualMeter) -> None:
    stranger, good, before = VirtualMeter("home-2", 8), meter.certify(5, 0), seen(ledger)
    with pytest.raises(Rejected, match="not enrolled") as refused:
        ledger.submit([good, stranger.certify(1, 1)], T0 + 10)
    assert refused.value.id == stranger.prev
    assert seen(ledger) == before
    submitted(ledger, [good], T0 + 11)
    assert ledger.state.chains["home-1"].contiguous == 1


def test_what_the_entries_bring_about_is_told_once(ledger: StatefulLedger, meter: VirtualMeter) -> None:
    assert told(ledger, 2) == [Begun(SITE), Enrolled("home-1", "load")]
    submitted(ledger, [meter.certify(5, 0), meter.record()], T0)
    submitted(ledger, [recharge_of("@grid", 1, "slip")], T0)
    submitted(ledger, [recharge_of("@grid", 1, "slip")], T0)
    with pytest.raises(Rejected):
        ledger.submit([recharge_of("@grid", 2, "slip")], T0)
    assert told(ledger, 2) == [Recorded("home-1", 1, event.BOOT), Recharged("@grid", 1, "slip")]
    assert ledger.happened() == []


def test_receipts_convince_an_independent_library(ledger: StatefulLedger, meter: VirtualMeter) -> None:
    certificates = [meter.certify(number, 0) for number in range(12)]
    for at in range(0, 12, 3):
        submitted(ledger, certificates[at : at + 3], T0 + at)
    for data in certificates:
        proof = ledger.receipt(cose.parse(data).id)
        assert proof is not None
        result = verify_receipt(proof, leaf_entry_hex=data.hex(), log_public_key_pem=PEM)
        assert result.ok, result.errors
        assert not verify_receipt(proof, leaf_entry_hex=meter.request.hex(), log_public_key_pem=PEM).ok


def test_receipts_are_the_same_whether_asked_for_alone_or_together(ledger: StatefulLedger, meter: VirtualMeter) -> None:
    certificates = [meter.certify(number, 0) for number in range(7)]
    for at in range(0, 7, 3):
        submitted(ledger, certificates[at : at + 3], T0 + at)
    ids = [cose.parse(data).id for data in certificates]
    together = ledger.receipts([ids[5], bytes(32), *ids])
    assert together == {id: ledger.receipt(id) for id in ids}
    assert ledger.receipts([]) == {}


def test_a_receipt_convinces_the_meter_and_stays_as_it_is(ledger: StatefulLedger, meter: VirtualMeter) -> None:
    data = meter.certify(5, 0)
    (id,) = submitted(ledger, [data], T0 + 10)
    proof, head = ledger.receipt(id), ledger.head()
    assert proof is not None
    assert head is not None
    verifier = receipt.Verifier(SITE, CENTRE.public)
    assert verifier.check(proof, data) == (head.size, head.root)
    with pytest.raises(WireError):
        verifier.check(proof, meter.certify(1, 0))
    with pytest.raises(WireError):
        receipt.Verifier(SITE, meter.signer.public).check(proof, data)
    submitted(ledger, [recharge_of("@grid", 1, "more")], T0 + 20)
    assert ledger.receipt(id) == proof


def test_heads_follow_each_other_under_the_roots_of_rfc_9162(ledger: StatefulLedger, meter: VirtualMeter) -> None:
    for at in (50, 20, 60):
        submitted(ledger, [meter.certify(1, 0), meter.certify(2, 0)], T0 + at)
    check_heads(ledger)
    assert ledger.blocks(2) == ledger.blocks(100)[:2]


def test_every_root_that_anybody_was_shown_is_still_told(ledger: StatefulLedger, meter: VirtualMeter) -> None:
    for _ in range(3):
        submitted(ledger, [meter.certify(1, 0) for _ in range(3)], T0)
    leaves = [entry.data.hex() for entry in ledger.read(-1, 100)]
    for size in range(1, len(leaves) + 1):
        root = ledger.root(size)
        assert root is not None
        assert root.hex() == merkle.merkle_root(leaves[:size])
    assert ledger.root(len(leaves) + 1) is None


def test_opening_again_gives_the_same_ledger(ledger: StatefulLedger, engine: Engine, meter: VirtualMeter) -> None:
    submitted(ledger, [meter.certify(5, 0)], T0 + 10)
    submitted(ledger, [meter.certify(6, 0)], T0 + 20)
    before = seen(ledger)
    again = engine.open()
    assert seen(again) == before
    assert again.state.chains["home-1"].contiguous == 2
    submitted(again, [meter.certify(5, 0)], T0 + 20)
    assert again.state.chains["home-1"].contiguous == 3


def test_health_tells_the_heads_age(ledger: StatefulLedger) -> None:
    head, health = ledger.head(), ledger.health(T0 + 77)
    assert head is not None
    assert health.available
    assert health.head == head
    assert health.age_s == T0 + 77 - head.time


def resigned(data: bytes) -> bytes:
    """The same statement of the meter ``signer(7)`` under another true signature of its own."""
    statement = cose.parse(data)
    r, s = decode_dss_signature(signer(7)._key.sign(statement.id, ec.ECDSA(Prehashed(hashes.SHA256()))))
    signature = r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")
    return data[:-64] + signature


def _high_s(data: bytes) -> bytes:
    return data[:-32] + (N - int.from_bytes(data[-32:], "big")).to_bytes(32, "big")


def _large(_: VirtualMeter) -> bytes:
    return cose.sign(CENTRE, SITE, "market", "vnd.skerry.recharge", cbor.encode({1: bytes(1 << 20)}))


def _foreign_genesis(_: VirtualMeter) -> bytes:
    other = signer(99)
    return cose.sign(other, "reef", "reef", Genesis.TYPE, Genesis(other.public, 10, TARIFF).encode())


def _usurped_genesis(_: VirtualMeter) -> bytes:
    other = signer(99)
    return cose.sign(other, SITE, SITE, Genesis.TYPE, Genesis(other.public, 10, TARIFF).encode())


BAD: dict[str, tuple[Callable[[VirtualMeter], bytes], str]] = {
    "nothing": (lambda _: b"", "."),
    "noise": (lambda _: b"\xd2\x84noise", "."),
    "a truncated statement": (lambda meter: meter.certify(1, 0)[:-1], "."),
    "a byte too many": (lambda meter: meter.certify(1, 0) + b"\x00", "."),
    "1 MB": (_large, "at most 65536 are accepted"),
    "a high s": (lambda meter: _high_s(meter.certify(1, 0)), "high s"),
    "a false signature": (lambda meter: meter.certify(1, 0)[:-1] + b"\x01", "the signature does not hold"),
    "an unknown key": (lambda _: VirtualMeter("home-2", 8).certify(1, 0), "not enrolled"),
    "another meter's key": (lambda _: VirtualMeter("home-1", 8).certify(1, 0), "not enrolled"),
    "a foreign genesis": (_foreign_genesis, "foreign genesis"),
    "a second genesis": (_usurped_genesis, "genesis"),
    "a type without a rule": (lambda _: cose.sign(CENTRE, SITE, "x", "vnd.skerry.gift", b"\xa0"), "no rule for"),
    "a statement under another signature": (lambda meter: resigned(meter.certify(1, 0)), "another signature"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_a_clear_error_and_leaves_no_trace(ledger: StatefulLedger, engine: Engine, name: str) -> None:
    make, reason = BAD[name]
    meter = VirtualMeter("home-1", 7)
    if name.endswith("another signature"):
        submitted(ledger, [VirtualMeter("home-1", 7).certify(1, 0)], T0)
    bad, before = make(meter), seen(ledger)
    good = VirtualMeter("home-1", 7)
    good.certify(1, 0)
    for batch in ([bad], [good.certify(2, 0), bad]):
        with pytest.raises(Rejected, match=reason):
            ledger.submit(batch, T0 + 10)
        assert seen(ledger) == before
    assert seen(engine.open()) == before


def test_one_statement_with_two_signatures_in_a_batch_is_rejected(ledger: StatefulLedger, meter: VirtualMeter) -> None:
    data, before = meter.certify(1, 0), seen(ledger)
    with pytest.raises(Rejected, match="another signature"):
        ledger.submit([data, resigned(data)], T0)
    assert seen(ledger) == before
