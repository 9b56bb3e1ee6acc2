"""A ledger's file read from its first byte: every statement taken apart once, with what is signed in it."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from firmware.wire import cose, enrolment, receipt
from firmware.wire.fields import WireError

from . import block
from .archive import Archive
from .block import Block, StoredBlock
from .document import EvidenceError
from .ledger import Corrupt, Entry
from .operator import KEYS_GRANTED, requested
from .signatures import Signature
from .state.entries import Genesis

_HEADERS = 4096


class ReadEntry(NamedTuple):
    """An entry, and the height of the block that covers it."""

    entry: Entry
    statement: cose.Statement
    height: int


class ReadBlock(NamedTuple):
    """A block, after its entries."""

    stored: StoredBlock
    statement: cose.Statement
    block: Block


class Reader:
    """Reads an archive through, once."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._keys: dict[bytes, bytes] = {}
        self._header = lru_cache(_HEADERS)(cose.parse_header)

    def parts(self) -> Iterator[ReadEntry | ReadBlock]:
        """Every block's entries, and then the block. Corrupt at whatever cannot be read, or is covered by no block."""
        entries, size = self._archive.entries(), 0
        for stored in self._archive.blocks():
            try:
                statement = cose.parse(stored.data, header=self._header)
                claimed = block.parse(statement)
            except WireError as error:
                raise Corrupt(f"block {stored.height}: {error}") from None
            while size < claimed.head.size:
                entry = next(entries, None)
                if entry is None:
                    break
                yield self._entry(entry, stored.height)
                size += 1
            yield ReadBlock(stored, statement, claimed)
        leftover = next(entries, None)
        if leftover is not None:
            raise Corrupt("no block covers this entry", leftover.index)

    def _entry(self, entry: Entry, height: int) -> ReadEntry:
        try:
            return ReadEntry(entry, cose.parse(entry.data, header=self._header), height)
        except WireError as error:
            raise Corrupt(str(error), entry.index) from None

    def signatures(self, part: ReadEntry | ReadBlock) -> Iterator[Signature]:
        """What is signed in a part, by the keys that the entries so far seem to give. The state machine judges."""
        statement = part.statement
        if isinstance(part, ReadEntry):
            yield from self._grant(statement)
        public = self._keys.get(statement.kid)
        if public is None:
            return
        yield statement.id, statement.signature, public
        if isinstance(part, ReadBlock):
            digest = receipt.head_digest(statement.kid, statement.issuer, part.block.head.root)
            yield digest, part.stored.head_signature, public

    def _grant(self, statement: cose.Statement) -> Iterator[Signature]:
        try:
            if statement.type == Genesis.TYPE:
                self._keys[statement.kid] = Genesis.decode(statement.payload).public
            elif statement.type in KEYS_GRANTED:
                request = requested(statement, KEYS_GRANTED)
                self._keys[request.kid] = enrolment.public_of(request)
                yield request.id, request.signature, self._keys[request.kid]
        except (WireError, EvidenceError):
            return
