"""The ledger's contract. Every engine keeps these promises; one conformance suite holds them to it.

1. An entry is the bytes of one signed statement; its id is the statement's id. Submitting the same bytes again changes nothing;
   the same statement with another signature is rejected, and what was first stays.
2. ``submit`` takes a batch and writes all of it or none of it. When it returns, the engine has accepted the batch and keeps it
   on its disk; entries are final once ``read`` returns them. Settlement consumes ``read``, never what ``submit`` returned.
   Where an engine needs others' consent, two accepted batches may contradict each other: the first that is ordered stays, and
   submitting the other again says why it is none.
3. ``Rejected`` is for ever: these entries will never be accepted. ``Unavailable`` is for now: submit the same bytes again.
4. Final entries have one total order without holes, 0, 1, 2, ...; an index never changes its entry.
5. A receipt proves an entry to be under the signed head of its block: the same bytes whenever it is asked for. A third party
   needs nothing else.
6. Nothing of an engine's own (blocks to mine, leaders, fees) shows through.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class LedgerError(Exception):
    """The ledger could not do what was asked."""


class Unavailable(LedgerError):
    """Not now: the engine's or its disk's trouble. Keep the bytes and submit them again."""


class Rejected(LedgerError):
    """Never: an entry breaks a rule. ``id`` is the entry's, ``reason`` says which rule; leave it out and submit the rest."""

    def __init__(self, id: bytes, reason: str) -> None:
        super().__init__(f"{id.hex()[:16]}: {reason}")
        self.id = id
        self.reason = reason


class Corrupt(LedgerError):
    """The stored ledger contradicts itself. ``index`` is the first wrong entry, or None if a block or the file is wrong."""

    def __init__(self, reason: str, index: int | None = None) -> None:
        super().__init__(reason if index is None else f"entry {index}: {reason}")
        self.index = index


@dataclass(frozen=True, slots=True)
class Entry:
    """A final entry: its place, its id (32 bytes), its bytes and the height of its block."""

    index: int
    id: bytes
    data: bytes
    height: int


@dataclass(frozen=True, slots=True)
class Head:
    """The newest block: ``size`` entries under ``root``; ``time`` in Unix seconds. Height 0 is the first block."""

    height: int
    size: int
    root: bytes
    time: int


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the engine can take entries, the head, and the head's age in seconds."""

    available: bool
    head: Head | None
    age_s: int | None


class Ledger(Protocol):
    """What the gateway sees of any engine."""

    def submit(self, entries: Sequence[bytes], at: int) -> list[bytes]:
        """Accept a batch at Unix time ``at``; the ids in the batch's order. Entries already there are passed over.

        Raises:
            Rejected: one entry breaks a rule; nothing of the batch was written.
            Unavailable: try the same bytes again.
            Corrupt: what is stored is damaged; nothing can be written any more.
        """
        ...

    def get(self, id: bytes) -> Entry | None:
        """The final entry with this id, or None."""
        ...

    def receipt(self, id: bytes) -> bytes | None:
        """The COSE Receipt of a final entry under its block's head, or None if there is no such entry."""
        ...

    def receipts(self, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        """``receipt`` of each of ``ids`` that is final, by id. What their proofs share is worked out once."""
        ...

    def read(self, after: int, limit: int) -> list[Entry]:
        """Up to ``limit`` final entries with an index greater than ``after`` (-1: from the first), in order."""
        ...

    def blocks(self, count: int) -> list[Head]:
        """The newest ``count`` heads, newest first."""
        ...

    def head(self) -> Head | None:
        """The newest head; None before the first block."""
        ...

    def root(self, size: int) -> bytes | None:
        """The root of the first ``size`` entries (> 0), 32 bytes; None if there are not so many. Whatever head anybody was
        ever shown is one of these."""
        ...

    def health(self, now: int) -> Health:
        """How the engine is at Unix time ``now``."""
        ...
