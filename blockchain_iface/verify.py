"""Checking a whole ledger from its file alone: every hash, signature, certificate, event, posting and balance.

Nothing stored is believed. Ids are worked out from bytes, the tree from ids' bytes, settlements from certificates, and each
block's root and signature from all of it; the first thing that differs is named.
"""

import gc
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from firmware.wire import certificate, cose, event, receipt
from firmware.wire.fields import WireError
from firmware.wire.proof import leaf_hash

from . import block, merkle
from .archive import Archive
from .block import Block, StoredBlock
from .ledger import Corrupt, Entry
from .lookahead import through
from .signatures import Verifier
from .state.entries import Cosigned, Genesis
from .state.happenings import Acted, Certified, Commanded, Happening, Recorded, Settled, Sighted, Vouched
from .state.machine import Machine
from .state.memory import MemoryBacking
from .state.state import ISSUE, Refused, State

_AT_ONCE = 1000
_WORTHWHILE = 5000
"""Entries from which on it pays to start other processes."""


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
    seen: int
    """Certificates that name a head their meter had seen, which is in this history."""
    foreign: int
    """Certificates that name one which is not: sightings among the entries say more."""
    vouched: int
    """Cosignatures of other gateways on record, each of a head which is in this history."""


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


def verify(
    archive: Archive,
    key: bytes | None = None,
    progress: Callable[[int], None] | None = None,
    processes: int | None = None,
) -> Findings:
    """Check ``archive`` from its first byte.

    Args:
        key: the shadow centre's public key (64 bytes) if known from elsewhere; otherwise the genesis is taken at its word.
        progress: called with the number of entries checked so far.
        processes: how many others check signatures meanwhile; None: none for a small ledger, else one a core but ours.
    Raises:
        Corrupt: the first thing that is wrong; its ``index`` is the entry's, or None if a block is wrong.
    """
    if processes is None:
        processes = 0 if archive.count() < _WORTHWHILE else (os.cpu_count() or 1) - 1
    with _collector_resting():
        # nothing of the state is left when the collector looks for garbage again
        findings = _verified(archive, key, progress, processes)
    archive.check_pages()
    return findings


def _verified(archive: Archive, key: bytes | None, progress: Callable[[int], None] | None, processes: int) -> Findings:
    check = _Verification(archive, key)
    parts = _parts(archive)
    for part in through(parts, check.verifier, processes) if processes else parts:
        if isinstance(part, Entry):
            check.take_entry(part)
        else:
            check.take_block(part)
            if progress is not None:
                progress(check.tree.size)
    check.finish()
    return check.findings()


def _parts(archive: Archive) -> Iterator[Entry | StoredBlock]:
    """Every block's entries, and then the block; entries that no block covers come last."""
    entries, size = archive.entries(), 0
    for stored in archive.blocks():
        for entry in islice(entries, max(stored.size - size, 0)):
            yield entry
            size += 1
        yield stored
    yield from entries


@contextmanager
def _collector_resting() -> Iterator[None]:
    """The state only grows, and nothing in it goes in circles: looking for garbage in it again and again is idle work."""
    was_at_work = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_at_work:
            gc.enable()


class _Verification:
    def __init__(self, archive: Archive, key: bytes | None) -> None:
        self.archive = archive
        self.key = key
        self.tree = _Tree()
        self.verifier = Verifier()
        self._backing = MemoryBacking()
        self._machine = Machine(self.verifier, self._backing)
        self._site = archive.owner() if archive.count() else ""
        self._previous: Block | None = None
        self._counts: Counter[str] = Counter()
        self._roots: dict[int, bytes] = {}
        self._seen = self._foreign = self._settled = 0

    @property
    def state(self) -> State:
        return self._machine.site(self._site)

    def take_block(self, stored: StoredBlock) -> None:
        try:
            statement = self.verifier.parse(stored.data)
            claimed = block.parse(statement)
        except WireError as error:
            raise Corrupt(f"block {stored.height}: {error}") from None
        if self.tree.size < claimed.head.size:
            raise Corrupt(f"block {stored.height} covers {claimed.head.size} entries, there are {self.tree.size}")
        sealed = self._machine.seal(stored.height)
        self._backing.write(sealed)
        self._machine.commit()
        self._sealed(stored, statement, claimed)
        if claimed.state != (sealed.slots, sealed.root):
            raise Corrupt(f"block {stored.height}: its state root is not that of what the entries add up to")
        self._roots[claimed.head.size] = claimed.head.root
        self._previous = claimed

    def finish(self) -> None:
        """Nothing may be left over, and what is stored of the state must be what came out."""
        covered = self._previous.head.size if self._previous else 0
        if self.tree.size > covered:
            raise Corrupt("no block covers this entry", covered)
        self._compare_state()

    def _compare_state(self) -> None:
        stored, size = self.archive.state(), self._backing.slots()
        if stored.slots() != size:
            raise Corrupt(f"the stored state has {stored.slots()} slots, the entries lead to {size}")
        for first in range(0, size, _AT_ONCE):
            count = min(_AT_ONCE, size - first)
            for mine, theirs in zip(self._backing.rows(first, count), stored.rows(first, count), strict=True):
                if mine != theirs:
                    raise Corrupt(f"the stored state is not what the entries lead to, first in slot {mine.number}")
        wanted = dict(self._backing.nodes())
        for node, digest in self.archive.state_nodes():
            if wanted.pop(node, digest) != digest:
                raise Corrupt(f"the stored node {node} of the state tree is not the hash of what is below it")
        if wanted:
            raise Corrupt(f"node {min(wanted)} of the state tree is missing")

    def take_entry(self, entry: Entry) -> None:
        if entry.index != self.tree.size:
            raise Corrupt("this entry is missing", self.tree.size)
        height = self._previous.head.height + 1 if self._previous else 0
        if entry.height != height:
            raise Corrupt(f"stored under block {entry.height}, its place is in block {height}", entry.index)
        try:
            statement = self.verifier.parse(entry.data)
            if statement.id != entry.id:
                raise Corrupt("the stored id is not that of the stored bytes", entry.index)
            happened = self._machine.apply(statement)
        except (WireError, Refused) as error:
            raise Corrupt(str(error), entry.index) from None
        self._machine.keep()
        self._counts[statement.type] += 1
        if self.key is not None and statement.issuer == self._site and self.state.rules.public != self.key:
            raise Corrupt("the genesis is not that of the given key", entry.index)
        for node, digest in self.tree.append(entry.data):
            if self.archive.node(node) != digest:
                raise Corrupt(f"tree node {node} is not the hash of what is below it", entry.index)
        for happening in happened:
            self._check(happening, statement.issuer, entry.index)

    def _check(self, happening: Happening, site: str, index: int) -> None:
        if isinstance(happening, Certified):
            self._compare_seen(happening.seen)
        elif isinstance(happening, Sighted):
            size, root = happening.own
            if self._root(size) != root:
                raise Corrupt("the sighting says something else of this ledger than is true", index)
        elif isinstance(happening, Vouched):
            if self._root(happening.size) != happening.root:
                raise Corrupt(f"{happening.witness} vouched for a head that is not in this history", index)
        elif not isinstance(happening, (Acted, Commanded, Recorded)):
            self._settled += isinstance(happening, Settled) and happening.revision == 0 and site == self._site
            self._check_balances(self._machine.site(site), index)

    def _check_balances(self, state: State, index: int) -> None:
        balances = state.balances()
        if balances != -state.balance(ISSUE):
            raise Corrupt(f"balances of {balances} micro-tokens are not what was recharged less recovered", index)

    def _compare_seen(self, seen: tuple[int, bytes] | None) -> None:
        if seen is not None:
            is_here = self._root(seen[0]) == seen[1]
            self._seen += is_here
            self._foreign += not is_here

    def _root(self, size: int) -> bytes | None:
        """The root of the first ``size`` entries, if there have been so many; meters see the heads of blocks."""
        if size in self._roots or size > self.tree.size:
            return self._roots.get(size)
        return self.archive.root(size)

    def _sealed(self, stored: StoredBlock, statement: cose.Statement, claimed: Block) -> None:
        (public, kid), previous = self._centre(), self._previous
        problem = None
        if not self.verifier.holds(statement, public) or (statement.kid, statement.issuer) != (kid, self._site):
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
        elif not self.verifier.signed(receipt.head_digest(kid, self._site, claimed.head.root), stored.head_signature, public):
            problem = "the signature for receipts does not hold"
        if problem:
            raise Corrupt(f"block {stored.height}: {problem}")

    def _centre(self) -> tuple[bytes, bytes]:
        """The public key, and its id, of the shadow centre that sealed the blocks. Other sites may have begun before it."""
        if self.state.genesis is not None:
            return self.state.rules.public, self.state.rules.kid
        statement = cose.parse(self.archive.genesis().data)
        return Genesis.decode(statement.payload).public, statement.kid

    def findings(self) -> Findings:
        if self._previous is None:
            raise Corrupt("the ledger is empty")
        rules = self.state.rules
        return Findings(
            site=rules.name,
            key=rules.public.hex(),
            entries=self.tree.size,
            certificates=self._counts[certificate.TYPE],
            events=self._counts[event.TYPE],
            blocks=self._previous.head.height + 1,
            settlements=self._settled,
            circulating=self.state.balances(),
            root=self._previous.head.root.hex(),
            seen=self._seen,
            foreign=self._foreign,
            vouched=self._counts[Cosigned.TYPE],
        )
