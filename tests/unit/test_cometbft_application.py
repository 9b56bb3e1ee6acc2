"""The ledger as CometBFT's application, without CometBFT: what it lets in, agrees on, survives, and gives to newcomers."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from blockchain_iface.cometbft import abci_pb2 as abci
from blockchain_iface.cometbft import snapshot, transaction
from blockchain_iface.cometbft.application import OK, REFUSED, Application
from blockchain_iface.cometbft.copy import Copy
from blockchain_iface.ledger import Unavailable
from blockchain_iface.merkle import EMPTY_ROOT
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Genesis
from blockchain_iface.state.happenings import Begun, Certified, Enrolled, Happening
from firmware.wire import cose
from tests.virtual_meter import CENTRE, INTERVAL, SITE, T0, TARIFF, VirtualMeter, enrolment_of, genesis, signer

ACCEPT, REJECT = abci.ResponseProcessProposal.ACCEPT, abci.ResponseProcessProposal.REJECT
FOREIGN = Genesis(signer(99).public, INTERVAL, TARIFF).encode()
BEGINNING = (transaction.encode([genesis(), enrolment_of(VirtualMeter("home-1", 7))]),)


class Node:
    """What a node asks of its application, block by block."""

    def __init__(self, path: Path, key: int = 0) -> None:
        self.settled: list[bytes] = []
        self.told: list[tuple[str, Happening]] = []
        self.copy = Copy(path, signer(key) if key else CENTRE, f"reef-{key}" if key else SITE)
        founders = {SITE: CENTRE.public}
        self.application = Application(self.copy, Verifier(), founders, self.settled.extend, self.told.extend, lambda *_: None)

    @property
    def height(self) -> int:
        return self.application.info(abci.Empty()).last_block_height

    def finalize(self, *transactions: bytes) -> abci.ResponseFinalizeBlock:
        time = abci.Timestamp(seconds=T0 + self.height)
        request = abci.RequestFinalizeBlock(txs=transactions, height=self.height + 1, time=time)
        return self.application.finalize_block(request)

    def decide(self, *transactions: bytes) -> bytes:
        """A whole block; the app hash after it."""
        answer = self.finalize(*transactions)
        self.application.commit(abci.Empty())
        assert self.application.info(abci.Empty()).last_block_app_hash == answer.app_hash
        return answer.app_hash

    def vote(self, *transactions: bytes) -> int:
        return self.application.process_proposal(abci.RequestProcessProposal(txs=transactions)).status

    def propose(self, *transactions: bytes, room: int = 1 << 20) -> Sequence[bytes]:
        request = abci.RequestPrepareProposal(txs=transactions, max_tx_bytes=room)
        return list(self.application.prepare_proposal(request).txs)

    def check(self, data: bytes) -> abci.TxResult:
        return self.application.check_tx(abci.RequestCheckTx(tx=data))

    def history(self) -> list[tuple[int, int, bytes]]:
        return self.copy.rows(0, 1000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def meter() -> VirtualMeter:
    return VirtualMeter("home-1", 7)


@pytest.fixture
def node(path: Path) -> Node:
    node = Node(path)
    node.decide(*BEGINNING)
    return node


def certified(meter: VirtualMeter, count: int = 1) -> bytes:
    return transaction.encode([meter.certify(1, 0) for _ in range(count)])


def test_before_the_first_block_there_is_a_height_of_zero(path: Path) -> None:
    node = Node(path)
    assert node.height == 0
    state = b'{"founders": {"isle": "' + CENTRE.public.hex().encode() + b'"}}'
    answer = node.application.init_chain(abci.RequestInitChain(app_state_bytes=state))
    assert answer.app_hash == sha256(EMPTY_ROOT + EMPTY_ROOT).digest()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"", "ends too early"),
        (b"\x80", "a list of statements"),
        (transaction.encode([VirtualMeter("home-1", 666).certify(1, 0)]), "not enrolled"),
        (transaction.encode([genesis()]), "already on the ledger"),
        (transaction.encode([VirtualMeter("home-1", 7).certify(1, 0), VirtualMeter("x", 9).certify(1, 0)]), "not enrolled"),
        (bytes(transaction.MAX_SIZE + 1), "at most"),
    ],
)
def test_what_breaks_a_rule_neither_waits_nor_is_proposed_nor_gets_a_vote(node: Node, bad: bytes, reason: str) -> None:
    good = certified(VirtualMeter("home-1", 7))
    answer = node.check(bad)
    assert (answer.code, reason in answer.log) == (REFUSED, True), answer.log
    assert node.propose(bad, good, bad) == [good]
    assert node.vote(good, bad) == node.vote(bad) == REJECT
    assert node.vote(good) == ACCEPT
    # decided all the same by others, it does nothing
    before = node.copy.app_hash
    assert node.finalize(bad).app_hash == before


def test_the_same_twice_is_in_a_block_once(node: Node, meter: VirtualMeter) -> None:
    one = certified(meter)
    assert node.propose(one, one) == [one]
    assert node.vote(one, one) == REJECT


def test_transactions_of_a_block_may_overlap(node: Node, meter: VirtualMeter) -> None:
    first, second = meter.certify(1, 0), meter.certify(1, 0)
    some = [transaction.encode([first]), transaction.encode([first, second])]
    assert node.propose(*some) == some
    node.decide(*some)
    assert [data for _, _, data in node.history()][2:] == [first, second]


def test_of_a_refused_transaction_nothing_is_left(tmp_path: Path, meter: VirtualMeter) -> None:
    one, other = Node(tmp_path / "one.sqlite"), Node(tmp_path / "other.sqlite")
    for node in (one, other):
        node.decide(*BEGINNING)
    # the good entry is of another site than the bad one
    good, foreign = meter.certify(1, 0), cose.sign(signer(99), "reef", "reef", Genesis.TYPE, FOREIGN)
    later = certified(meter)
    assert one.propose(transaction.encode([good, foreign]), later) == [later]
    assert one.decide(later) == other.decide(later)


def test_the_pool_is_judged_on_the_newest_block(path: Path, meter: VirtualMeter) -> None:
    node, one = Node(path), certified(meter)
    assert node.check(one).code == REFUSED
    node.decide(*BEGINNING)
    # waiting is no promise: the same may be asked twice
    assert node.check(one).code == node.check(one).code == OK
    node.decide(one)
    assert node.check(one).code == REFUSED
    newcomer = VirtualMeter("home-2", 8)
    two = certified(newcomer)
    assert node.check(two).code == REFUSED
    node.decide(transaction.encode([enrolment_of(newcomer)]))
    assert node.check(two).code == OK


def test_a_proposal_keeps_its_order_and_its_size(node: Node, meter: VirtualMeter) -> None:
    some = [certified(meter, count) for count in (1, 5, 1)]
    assert node.propose(*some) == some
    assert node.propose(*some, room=len(some[0]) + len(some[2]) + 16) == [some[0], some[2]]


def test_what_was_proposed_and_abandoned_leaves_no_trace(tmp_path: Path, meter: VirtualMeter) -> None:
    one, other = Node(tmp_path / "one.sqlite"), Node(tmp_path / "other.sqlite", 5)
    for node in (one, other):
        node.decide(*BEGINNING)
    first, second = certified(meter), certified(meter)
    one.propose(first)
    one.vote(second, first)
    one.check(first)
    assert one.decide(second) == other.decide(second)
    assert one.decide() == other.decide()
    assert one.decide(first) == other.decide(first)
    assert one.history() == other.history()


def test_only_a_committed_block_is_there(node: Node, path: Path, meter: VirtualMeter) -> None:
    one = certified(meter)
    promised = node.finalize(one).app_hash
    assert node.height == 1
    node.copy.close()
    again = Node(path)
    assert (again.height, len(again.history())) == (1, 2)
    assert again.decide(one) == promised
    assert (again.height, len(again.history())) == (2, 3)


def test_a_node_that_comes_back_before_it_said_commit(node: Node, meter: VirtualMeter) -> None:
    one = certified(meter)
    assert node.finalize(one).app_hash == node.finalize(one).app_hash == node.decide(one)
    assert node.settled == [sha256(data).digest() for data in (*BEGINNING, one)]
    node.decide(certified(meter))
    assert [type(happening) for _, happening in node.told] == [Begun, Enrolled, Certified, Certified]


def test_a_disk_that_is_full_for_a_while(node: Node, meter: VirtualMeter) -> None:
    many = certified(meter, 300)
    db = node.copy._store._db
    # SQLite's own limit fails exactly as a full disk does
    db.execute("PRAGMA max_page_count = 1")
    with pytest.raises(Unavailable, match="full"):
        node.finalize(many)
    db.execute("PRAGMA max_page_count = 100000")
    assert node.height == 1
    node.decide(many)
    assert len(node.history()) == 302


@pytest.fixture
def grown(node: Node, meter: VirtualMeter) -> Node:
    """A ledger that takes three chunks, its newest block confirmed by two more."""
    for _ in range(11):
        node.decide(certified(meter, 60), certified(meter, 40))
    node.decide()
    node.decide()
    return node


def restore(newcomer: Node, giver: Node, spoil: int = -1) -> list[int]:
    """Offer the newest snapshot and bring its chunks; ``spoil`` is the number of one that is not what it should be."""
    offer = giver.application.list_snapshots(abci.Empty()).snapshots[0]
    application = newcomer.application
    offered = abci.RequestOfferSnapshot(snapshot=offer, app_hash=offer.hash)
    assert application.offer_snapshot(offered).result == abci.ResponseOfferSnapshot.ACCEPT
    results: list[int] = []
    for index in range(offer.chunks):
        wanted = abci.RequestLoadSnapshotChunk(height=offer.height, format=offer.format, chunk=index)
        chunk = giver.application.load_snapshot_chunk(wanted).chunk
        if index == spoil:
            chunk = chunk.replace(b"home-1", b"home-2", 1)
        results.append(application.apply_snapshot_chunk(abci.RequestApplySnapshotChunk(index=index, chunk=chunk)).result)
        if results[-1] != abci.ResponseApplySnapshotChunk.ACCEPT:
            break
    return results


def test_a_newcomer_replays_the_log_to_the_signed_hash(grown: Node, tmp_path: Path) -> None:
    newcomer = Node(tmp_path / "new.sqlite", 5)
    assert restore(newcomer, grown) == [abci.ResponseApplySnapshotChunk.ACCEPT] * 3
    assert newcomer.history() == grown.history()
    assert newcomer.copy.app_hash == grown.copy.app_hash
    newcomer.decide()
    newcomer.decide()
    more = certified(VirtualMeter("home-1", 7))
    assert newcomer.check(more).log == grown.check(more).log


def test_a_snapshot_that_was_changed_leaves_nothing(grown: Node, tmp_path: Path) -> None:
    newcomer = Node(tmp_path / "new.sqlite", 5)
    assert restore(newcomer, grown, spoil=1)[-1] == abci.ResponseApplySnapshotChunk.REJECT_SNAPSHOT
    assert (newcomer.height, newcomer.history()) == (0, [])
    assert restore(newcomer, grown)[-1] == abci.ResponseApplySnapshotChunk.ACCEPT
    assert newcomer.history() == grown.history()


def test_a_log_that_is_whole_but_not_the_signed_one_leaves_nothing(grown: Node, tmp_path: Path) -> None:
    newcomer = Node(tmp_path / "new.sqlite", 5)
    offer = grown.application.list_snapshots(abci.Empty()).snapshots[0]
    offer.hash = bytes(32)
    newcomer.application.offer_snapshot(abci.RequestOfferSnapshot(snapshot=offer, app_hash=offer.hash))
    for index in range(offer.chunks):
        data = snapshot.chunk(grown.copy, offer.height, index)
        answer = newcomer.application.apply_snapshot_chunk(abci.RequestApplySnapshotChunk(index=index, chunk=data))
    assert answer.result == abci.ResponseApplySnapshotChunk.REJECT_SNAPSHOT
    assert (newcomer.height, newcomer.history()) == (0, [])


def test_an_interrupted_restoration_is_undone(grown: Node, tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    newcomer = Node(path, 5)
    offer = grown.application.list_snapshots(abci.Empty()).snapshots[0]
    newcomer.application.offer_snapshot(abci.RequestOfferSnapshot(snapshot=offer, app_hash=offer.hash))
    first = snapshot.chunk(grown.copy, offer.height, 0)
    newcomer.application.apply_snapshot_chunk(abci.RequestApplySnapshotChunk(index=0, chunk=first))
    newcomer.copy.close()
    again = Node(path, 5)
    assert (again.height, again.history()) == (0, [])


def test_a_copy_whose_node_lost_its_blocks_is_replaced_by_the_same_bytes(grown: Node, tmp_path: Path) -> None:
    ids = [cose.parse(data).id for _, _, data in grown.history()]
    before = [grown.copy._log.receipt(id) for id in ids]
    other = Node(tmp_path / "other.sqlite", 5)
    restore(other, grown)
    other.decide()
    other.decide()
    assert restore(grown, other) == [abci.ResponseApplySnapshotChunk.ACCEPT] * 3
    assert [grown.copy._log.receipt(id) for id in ids] == before


def test_a_snapshot_of_another_hash_or_format_is_not_begun(grown: Node, tmp_path: Path) -> None:
    newcomer = Node(tmp_path / "new.sqlite", 5)
    offer = grown.application.list_snapshots(abci.Empty()).snapshots[0]
    answer = newcomer.application.offer_snapshot(abci.RequestOfferSnapshot(snapshot=offer, app_hash=bytes(32)))
    assert answer.result == abci.ResponseOfferSnapshot.REJECT
    offer.format = 9
    answer = newcomer.application.offer_snapshot(abci.RequestOfferSnapshot(snapshot=offer, app_hash=offer.hash))
    assert answer.result == abci.ResponseOfferSnapshot.REJECT_FORMAT


def test_an_older_snapshot_is_offered_until_the_newest_is_confirmed(node: Node, meter: VirtualMeter) -> None:
    offered = [one.height for one in node.application.list_snapshots(abci.Empty()).snapshots]
    assert offered == []
    for _ in range(3):
        node.decide(certified(meter))
    assert [one.height for one in node.application.list_snapshots(abci.Empty()).snapshots] == [2, 1]


def test_statements_are_the_ledgers_not_the_transactions(node: Node, meter: VirtualMeter) -> None:
    old = meter.certify(1, 0)
    node.decide(transaction.encode([old]))
    node.decide(transaction.encode([old, meter.certify(2, 0)]))
    assert [cose.parse(data).subject for _, _, data in node.history()] == ["isle", "home-1", "home-1", "home-1"]
