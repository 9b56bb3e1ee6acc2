"""Catching up by state sync: the log itself is the snapshot, cut into chunks and replayed through the machine.

Nothing is written ahead for it: a log that only grows holds every earlier state. Whoever restores one checks each signature
and each rule again, and ends at the app hash that the validators signed, or keeps nothing.

    chunk = cbor [1* [block, time, statement's bytes]]      up to CHUNK entries, in order
"""

from itertools import groupby
from operator import itemgetter

from firmware.wire import cbor, cose
from firmware.wire.fields import WireError, list_of, uint_of

from ..state.machine import Machine
from ..state.state import Refused
from . import abci_pb2 as abci
from .copy import Copy

FORMAT = 1
CHUNK = 500
"""Entries of a chunk: at most 64 KiB each, well below the 16 MB that CometBFT carries."""
_OFFERED = 3


class WrongSnapshot(Exception):
    """A peer's snapshot is not what the validators agreed on: the peer's fault. Another one may do."""


def offers(copy: Copy) -> list[abci.Snapshot]:
    """The newest snapshots, newest first."""
    return [
        abci.Snapshot(height=past.height, format=FORMAT, chunks=_chunks(past.size), hash=past.app_hash)
        for past in copy.pasts(_OFFERED)
    ]


def _chunks(size: int) -> int:
    return -(-size // CHUNK)


def chunk(copy: Copy, height: int, number: int) -> bytes:
    """Chunk ``number`` of the snapshot at ``height``; empty if there is none."""
    size = next((past.size for past in copy.pasts(_OFFERED + 1) if past.height == height), 0)
    rows = copy.rows(number * CHUNK, min(CHUNK, size - number * CHUNK))
    return cbor.encode(rows) if rows else b""


class Restore:
    """A snapshot being restored: until it is whole the copy has no height, and is cleared when it is opened again."""

    def __init__(self, copy: Copy, machine: Machine, offer: abci.Snapshot) -> None:
        """``copy`` and ``machine`` are empty."""
        self._copy = copy
        self._machine = machine
        self._offer = offer
        self._taken = 0
        self._open: tuple[int, int] | None = None
        self._statements: dict[bytes, cose.Statement] = {}

    @property
    def is_whole(self) -> bool:
        """True once the last chunk is in, and the copy stands where the snapshot does."""
        return self._taken == self._offer.chunks

    def take(self, data: bytes) -> None:
        """The next chunk. WrongSnapshot if an entry breaks a rule, or the end is not the signed one."""
        self._copy.begin()
        try:
            for (block, time), rows in groupby(_rows(data), itemgetter(0, 1)):
                self._enter(block, time)
                for _, _, entry in rows:
                    self._apply(entry)
        except (WireError, Refused) as error:
            raise WrongSnapshot(str(error)) from None
        self._taken += 1
        if self.is_whole:
            self._finish()
        self._copy.commit()

    def _enter(self, block: int, time: int) -> None:
        if self._open not in (None, (block, time)):
            self._close()
        if block != self._copy.next_block:
            raise WrongSnapshot(f"block {block} does not follow")
        self._open = block, time

    def _apply(self, entry: bytes) -> None:
        statement = cose.parse(entry)
        if statement.id in self._statements or self._copy.is_final(statement.id):
            raise WrongSnapshot("an entry comes twice")
        self._machine.apply(statement)
        self._machine.keep()
        self._statements[statement.id] = statement

    def _close(self) -> None:
        assert self._open is not None
        self._copy.append(self._open[1], list(self._statements.values()), self._machine.seal(self._copy.next_block))
        self._machine.commit()
        self._statements = {}

    def _finish(self) -> None:
        self._close()
        if self._copy.reach(self._offer.height) != self._offer.hash:
            raise WrongSnapshot("it does not end at the hash that the validators signed")


def _rows(data: bytes) -> list[tuple[int, int, bytes]]:
    rows = []
    for row in list_of(cbor.decode(data, 3), "chunk", 1, CHUNK):
        block, time, entry = list_of(row, "row", 3, 3)
        if not isinstance(entry, bytes):
            raise WireError("an entry is a byte string")
        rows.append((uint_of(block, "block"), uint_of(time, "time"), entry))
    return rows
