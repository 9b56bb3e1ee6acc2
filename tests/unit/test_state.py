"""The state's tables, drafts, slots and tree, against a recomputation that shares no code with them."""

import hashlib
import sqlite3
from collections.abc import Iterable
from itertools import pairwise

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockchain_iface.ledger import Corrupt
from blockchain_iface.signatures import Verifier
from blockchain_iface.state import stored
from blockchain_iface.state.backing import Backing, Sealed
from blockchain_iface.state.entries import Enrolment, Genesis, Recharge, Recovery
from blockchain_iface.state.happenings import Begun, Certified, Enrolled
from blockchain_iface.state.machine import Machine
from blockchain_iface.state.memory import MemoryBacking
from blockchain_iface.state.proof import StateProof, prove_state
from blockchain_iface.state.records import Chain
from blockchain_iface.state.state import Refused
from firmware.wire import cose
from firmware.wire.fields import WireError
from tests.virtual_meter import CENTRE, INTERVAL, SITE, TARIFF, VirtualMeter, genesis, signed, signer


class FileBacking(stored.StoredState):
    """A database of its own, as a ledger file has it."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.executescript(stored.SCHEMA)
        super().__init__(lambda query, values: self.db.execute(query, values).fetchall())

    def write(self, sealed: Sealed) -> None:
        stored.write(self.db, sealed)


@pytest.fixture(params=[MemoryBacking, FileBacking])
def engine(request: pytest.FixtureRequest) -> "Engine":
    return Engine(backing=request.param())


class Engine:
    """The least that an engine does: a block for each batch, all of it or nothing."""

    def __init__(self, founders: dict[str, bytes] | None = None, backing: "MemoryBacking | FileBacking | None" = None) -> None:
        self.backing = backing or MemoryBacking()
        self.machine = Machine(Verifier(), self.backing, founders)
        self.roots: list[tuple[int, bytes]] = []

    def block(self, batch: Iterable[bytes]) -> None:
        for data in batch:
            self.machine.apply(cose.parse(data))
            self.machine.keep()
        sealed = self.machine.seal(len(self.roots))
        self.backing.write(sealed)
        self.machine.commit()
        self.roots.append((sealed.slots, sealed.root))
        assert self.machine.root() == sealed.root


def history() -> list[list[bytes]]:
    wind, home = VirtualMeter("wind-1", 11), VirtualMeter("home-1", 12)
    blocks = [
        [genesis(), *(signed(Enrolment("load", meter.request), meter.meter) for meter in (wind, home))],
        [signed(Recharge("home-1", 5, "first"))],
    ]
    for number in range(9):
        blocks.append([meter.certify(number, 1) for meter in (wind, home)] + [home.record()])
    return blocks


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def tree_hash(leaves: list[bytes]) -> bytes:
    """MTH as RFC 9162, section 2.1.1, words it."""
    if len(leaves) == 1:
        return sha(b"\0", leaves[0])
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha(b"\1", tree_hash(leaves[:k]), tree_hash(leaves[k:]))


def test_every_root_is_that_of_all_slots_and_every_slot_can_be_proved(engine: Engine) -> None:
    for batch in history():
        engine.block(batch)
        slots, root = engine.roots[-1]
        rows = engine.backing.rows(0, slots)
        assert [row.number for row in rows] == list(range(slots))
        assert tree_hash([cbor2.dumps([row.key, row.height, row.value]) for row in rows]) == root
    home = prove_state(engine.backing, SITE, "accounts", "home-1")
    assert home is not None
    assert StateProof.decode(home.encode()) == home
    assert (home.slots, home.root()) == engine.roots[-1]
    assert cbor2.loads(home.slot.key) == [SITE, 12, "home-1"]
    assert (home.slot.height, cbor2.loads(home.slot.value)) == (1, 5)
    for seq in range(1, 10):
        proof = prove_state(engine.backing, SITE, "certificates", ("wind-1", seq))
        assert proof is not None
        assert proof.root() == root
        assert proof._replace(slot=proof.slot._replace(value=b"\x00")).root() != root
    assert prove_state(engine.backing, SITE, "accounts", "nobody") is None
    with pytest.raises(WireError):
        StateProof.decode(home.encode()[:-1])


def test_new_keys_take_slots_in_the_order_of_their_bytes(engine: Engine) -> None:
    other = Engine()
    first, *blocks = history()
    for batch in (first, *blocks):
        engine.block(batch)
    other.block(first)
    for batch in blocks:
        other.block(reversed(batch))
    assert engine.roots == other.roots
    rows = engine.backing.rows(0, engine.roots[0][0])
    assert [row.key for row in rows] == sorted(row.key for row in rows)


def test_a_machine_goes_on_from_what_another_left(engine: Engine) -> None:
    other = Engine()
    for batch in history():
        engine.machine = Machine(Verifier(), engine.backing)
        engine.block(batch)
        other.block(batch)
    assert engine.roots == other.roots
    state = Machine(Verifier(), engine.backing).site(SITE)
    for mine, theirs in zip(other.machine.site(SITE).tables, state.tables, strict=True):
        assert list(mine.items()) == list(theirs.items())


def test_what_is_dropped_refused_or_rolled_back_leaves_nothing() -> None:
    engine, twin = Engine(), Engine()
    for batch in history():
        for data in batch:
            twin.machine.apply(cose.parse(data))
            twin.machine.keep()
        twin.machine.seal(7)
        twin.machine.rollback()
        assert twin.machine.site(SITE).chains.get("wind-1") == engine.machine.site(SITE).chains.get("wind-1")
        for data in batch:
            twin.machine.apply(cose.parse(data))
            twin.machine.drop()
            with pytest.raises(Refused):
                twin.machine.apply(cose.parse(VirtualMeter("wind-1", 99).certify(1, 1)))
            twin.machine.apply(cose.parse(data))
            twin.machine.keep()
        twin.block([])
        engine.block(batch)
    assert twin.roots == engine.roots


def test_apply_says_what_happened() -> None:
    machine = Machine(Verifier(), MemoryBacking())
    wind = VirtualMeter("wind-1", 11)
    said = []
    for data in (genesis(), signed(Enrolment("wind", wind.request), "wind-1"), wind.certify(0, 5)):
        said += machine.apply(cose.parse(data))
        machine.keep()
    assert said == [Begun(SITE), Enrolled("wind-1", "wind"), Certified("wind-1", 1, None)]


def test_sites_share_a_ledger_and_nothing_else() -> None:
    atoll = signer(77)
    engine = Engine({SITE: CENTRE.public, "atoll": atoll.public})
    rules = Genesis(atoll.public, INTERVAL, TARIFF)
    engine.block([genesis(), cose.sign(atoll, "atoll", "atoll", rules.TYPE, rules.encode())])
    meter = VirtualMeter("wind-1", 11)
    engine.block([signed(Enrolment("wind", meter.request), "wind-1"), meter.certify(1, 1)])
    assert engine.machine.sites() == ["atoll", SITE] == Machine(Verifier(), engine.backing).sites()
    assert "wind-1" in engine.machine.site(SITE).meters
    assert "wind-1" not in engine.machine.site("atoll").meters
    crossing = Enrolment("wind", VirtualMeter("wind-2", 12).request)
    for data in (
        cose.sign(CENTRE, "atoll", "wind-2", crossing.TYPE, crossing.encode()),
        cose.sign(atoll, SITE, "wind-2", crossing.TYPE, crossing.encode()),
    ):
        with pytest.raises(Refused, match="not signed by the shadow centre"):
            engine.machine.apply(cose.parse(data))


def test_a_foreign_genesis_is_refused() -> None:
    engine = Engine({SITE: CENTRE.public})
    thief = signer(78)
    for name in (SITE, "atoll"):
        rules = Genesis(thief.public, INTERVAL, TARIFF)
        with pytest.raises(Refused, match="foreign genesis"):
            engine.machine.apply(cose.parse(cose.sign(thief, name, name, rules.TYPE, rules.encode())))
    with pytest.raises(Refused, match="atoll has no genesis"):
        engine.machine.apply(cose.parse(cose.sign(thief, "atoll", "atoll", Recharge.TYPE, b"\xa0")))
    assert engine.machine.sites() == []


@pytest.mark.parametrize("order", [(1, 2, 3, 4, 5), (5, 4, 3, 2, 1), (3, 1, 5, 2, 4), (2, 4, 5, 1, 3)])
def test_a_chain_knows_its_gaps_in_any_order(order: tuple[int, ...]) -> None:
    chain, here = Chain(), set[int]()
    for seq in order:
        assert not chain.holds(seq)
        chain = chain.extended(seq)
        here.add(seq)
        assert {number for number in range(-1, 7) if chain.holds(number)} == here
        missing = [number for first, last in chain.gaps for number in range(first, last + 1)]
        assert missing == sorted(set(range(1, max(here))) - here)
        assert chain.total == len(here)
    assert chain == Chain(5, (), 5)
    assert chain.contiguous == 5


def test_every_state_of_the_past_can_be_proved_until_it_is_pruned() -> None:
    backing = FileBacking()
    engine, given, balances = Engine(backing=backing), [], []
    for batch in [*history(), *([signed(Recharge("home-1", 5, f"more-{number}"))] for number in range(4))]:
        engine.block(batch)
        given.append(proved(backing, "site", ()))
        balances.append(engine.machine.site(SITE).balance("home-1"))
    past = [stored.PastState(backing._read, height, slots) for height, (slots, _) in enumerate(engine.roots)]
    for height, (slots, root) in enumerate(engine.roots):
        assert proved(past[height], "site", ()) == given[height]
        assert given[height].root() == root
        if height:
            balance = proved(past[height], "accounts", "home-1")
            assert (balance.slots, balance.root()) == (slots, root)
            assert cbor2.loads(balance.slot.value) == balances[height]
    assert prove_state(past[0], SITE, "accounts", "home-1") is None
    stored.prune(backing.db, 9)
    assert backing.db.execute("SELECT min(until) FROM past_nodes").fetchone() == (10,)
    roots = [root for _, root in engine.roots]
    provable = [height for height, root in enumerate(roots) if proved(past[height], "site", ()).root() == root]
    # of what was there at heights 0 and 1 nothing has changed up to height 9
    assert provable == [0, 1, *range(9, len(roots))]
    assert [proof.root() for proof in given] == roots


def proved(backing: Backing, table: str, key: object) -> StateProof:
    proof = prove_state(backing, SITE, table, key)
    assert proof is not None
    return proof


def test_what_is_missing_in_the_file_is_named() -> None:
    backing = FileBacking()
    engine = Engine(backing=backing)
    for batch in history():
        engine.block(batch)
    backing.db.execute("DELETE FROM state WHERE slot = 3")
    with pytest.raises(Corrupt, match="slots 2 to 3"):
        prove_state(backing, SITE, "site", ())
    backing.db.execute("DELETE FROM state_nodes")
    with pytest.raises(Corrupt, match="of the state tree is missing"):
        prove_state(backing, SITE, "site", ())


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 5))))
def test_open_intervals_are_kept_as_runs(steps: list[tuple[bool, int, int]]) -> None:
    machine, expected = Machine(Verifier(), MemoryBacking()), set[int]()
    machine.apply(cose.parse(genesis()))
    state = machine.site(SITE)
    for opens, place, more in steps:
        first, last = place * INTERVAL, (place + more) * INTERVAL
        if opens:
            state.reopen(first, last)
            expected |= set(range(first, last + 1, INTERVAL))
        else:
            state.close(first)
            expected.discard(first)
        assert list(state.open_intervals()) == sorted(expected)
        runs = state.open.get(()) or ()
        assert all(low <= high for low, high in runs)
        assert all(high + INTERVAL < low for (_, high), (low, _) in pairwise(runs))


def test_no_balance_outgrows_what_can_be_stored(engine: Engine) -> None:
    engine.block(history()[0])
    most = 1 << 62
    engine.block([signed(Recharge("home-1", most, "first"))])
    with pytest.raises(Refused, match="more than the ledger can count"):
        engine.machine.apply(cose.parse(signed(Recharge("home-1", most, "second"))))
    engine.block([signed(Recovery("home-1", most - 1, "back"))])
    with pytest.raises(Refused, match="more than the ledger can count"):
        engine.machine.apply(cose.parse(signed(Recharge("home-1", most, "third"))))
    engine.block([signed(Recharge("home-1", most - 1, "fourth"))])
    assert engine.machine.site(SITE).balance("home-1") == most
