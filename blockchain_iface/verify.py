"""Checking a whole ledger from its file alone: every hash, signature, certificate, event, posting and balance.

Nothing stored is believed. Ids are worked out from bytes, the tree from ids' bytes, settlements from certificates, and each
block's root and signature from all of it; the first thing that differs is named.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmware.wire import certificate, cose, event, receipt
from firmware.wire.fields import WireError
from firmware.wire.proof import leaf_hash

from . import block, merkle
from .archive import Archive
from .block import StoredBlock
from .ledger import Corrupt, Entry
from .signatures import Verifier
from .state.machine import Machine
from .state.memory import MemoryBacking
from .state.state import ISSUE, Refused, State

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Findings:
    """A ledger that holds: what was checked."""

    site: str
    key: str
    entries: int
    certificates: int
    events: int
    blocks: int
    settlements: int
    circulating: int
    """Micro-tokens recharged minus recovered; equals the sum of balances."""
    root: str


class _Tree:
    """Grows the tree in memory, keeping only complete nodes that are still needed."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: dict[merkle.Node, bytes] = {}

    def append(self, data: bytes) -> list[tuple[merkle.Node, bytes]]:
        grown = [(node, digest) for node, (digest,) in merkle.grow(self.size, [leaf_hash(data)], self._peaks.__getitem__)]
        for level, position in [node for node, _ in grown[:-1]]:
            self._peaks.pop((level, position - 1))
        self._peaks[grown[-1][0]] = grown[-1][1]
        self.size += 1
        return grown

    def root(self) -> bytes:
        return merkle.root(self.size, self._peaks.__getitem__)


def verify(archive: Archive, key: bytes | None = None, progress: Callable[[int], None] | None = None) -> Findings:
    """Check ``archive`` from its first byte.

    Args:
        key: the shadow centre's public key (64 bytes) if known from elsewhere; otherwise the genesis is taken at its word.
        progress: called with the number of entries checked so far.
    Raises:
        Corrupt: the first thing that is wrong; its ``index`` is the entry's, or None if a block is wrong.
    """
    check = _Verification(archive, key)
    entries = archive.entries()
    for stored in archive.blocks():
        check.take(stored, entries)
        if progress is not None:
            progress(check.tree.size)
    leftover = next(entries, None)
    if leftover is not None:
        raise Corrupt("no block covers this entry", leftover.index)
    check.compare_state()
    archive.check_pages()
    return check.findings()


class _Verification:
    def __init__(self, archive: Archive, key: bytes | None) -> None:
        self.archive = archive
        self.key = key
        self.tree = _Tree()
        self._verifier = Verifier()
        self._backing = MemoryBacking()
        self._machine = Machine(self._verifier, self._backing)
        self._site = ""
        self._previous: block.Block | None = None
        self._counts: Counter[str] = Counter()

    @property
    def state(self) -> State:
        return self._machine.site(self._site)

    def take(self, stored: StoredBlock, entries: Iterator[Entry]) -> None:
        try:
            statement = cose.parse(stored.data)
            claimed = block.parse(statement)
        except WireError as error:
            raise Corrupt(f"block {stored.height}: {error}") from None
        while self.tree.size < claimed.head.size:
            entry = next(entries, None)
            if entry is None:
                raise Corrupt(f"block {stored.height} covers {claimed.head.size} entries, there are {self.tree.size}")
            self._entry(entry, stored.height)
        sealed = self._machine.seal(stored.height)
        self._backing.write(sealed)
        self._machine.commit()
        self._sealed(stored, statement, claimed)
        if claimed.state != (sealed.slots, sealed.root):
            raise Corrupt(f"block {stored.height}: its state root is not that of what the entries add up to")
        self._previous = claimed

    def compare_state(self) -> None:
        """Hold what is stored of the state against what came out."""
        stored, size = self.archive.state(), self._backing.slots()
        if stored.slots() != size:
            raise Corrupt(f"the stored state has {stored.slots()} slots, the entries lead to {size}")
        for first in range(0, size, _AT_ONCE):
            count = min(_AT_ONCE, size - first)
            for mine, theirs in zip(self._backing.rows(first, count), stored.rows(first, count), strict=True):
                if mine != theirs:
                    raise Corrupt(f"the stored state is not what the entries lead to, first in slot {mine.number}")
        for node, digest in self._backing.nodes():
            if stored.node(node) != digest:
                raise Corrupt(f"the stored node {node} of the state tree is not the hash of what is below it")

    def _entry(self, entry: Entry, height: int) -> None:
        if entry.index != self.tree.size:
            raise Corrupt("this entry is missing", self.tree.size)
        if entry.height != height:
            raise Corrupt(f"stored under block {entry.height}, covered by block {height}", entry.index)
        try:
            statement = cose.parse(entry.data)
            if statement.id != entry.id:
                raise Corrupt("the stored id is not that of the stored bytes", entry.index)
            self._site = self._site or statement.issuer
            self._machine.apply(statement)
        except (WireError, Refused) as error:
            raise Corrupt(str(error), entry.index) from None
        self._machine.keep()
        self._counts[statement.type] += 1
        if self.key is not None and self.state.rules.public != self.key:
            raise Corrupt("the genesis is not that of the given key", entry.index)
        for node, digest in self.tree.append(entry.data):
            if self.archive.node(node) != digest:
                raise Corrupt(f"tree node {node} is not the hash of what is below it", entry.index)
        balances = self.state.balances()
        if balances != -self.state.balance(ISSUE):
            raise Corrupt(f"balances of {balances} micro-tokens are not what was recharged less recovered", entry.index)

    def _sealed(self, stored: StoredBlock, statement: cose.Statement, claimed: block.Block) -> None:
        rules, previous = self.state.rules, self._previous
        problem = None
        if not self._verifier.holds(statement, rules.public) or statement.kid != rules.kid:
            problem = "not signed by the shadow centre"
        elif (claimed.head.height, stored.height) != (stored.height, previous.head.height + 1 if previous else 0):
            problem = "the height does not follow"
        elif claimed.previous != (previous.id if previous else None):
            problem = "it names another block before it"
        elif previous and claimed.head.time < previous.head.time:
            problem = "its time runs back"
        elif claimed.head.size != stored.size or (previous and claimed.head.size <= previous.head.size):
            problem = "its size does not follow"
        elif claimed.head.root != self.tree.root():
            problem = "its root is not that of the entries"
        elif not self._verifier.signed(self._head_digest(claimed.head.root), stored.head_signature, rules.public):
            problem = "the signature for receipts does not hold"
        if problem:
            raise Corrupt(f"block {stored.height}: {problem}")

    def _head_digest(self, root: bytes) -> bytes:
        return receipt.head_digest(self.state.rules.kid, self.state.rules.name, root)

    def findings(self) -> Findings:
        if self._previous is None:
            raise Corrupt("the ledger is empty")
        rules = self.state.rules
        settled = sum(1 for _, interval in self.state.intervals.items() if interval.revision is not None)
        return Findings(
            site=rules.name,
            key=rules.public.hex(),
            entries=self.tree.size,
            certificates=self._counts[certificate.TYPE],
            events=self._counts[event.TYPE],
            blocks=self._previous.head.height + 1,
            settlements=settled,
            circulating=self.state.balances(),
            root=self._previous.head.root.hex(),
        )
