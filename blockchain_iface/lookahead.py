"""Statements read, and their signatures checked, by other processes, a few thousand ahead of the state machine.

What they find goes into the verifier's memory; whatever is not there is done in its turn, so they change nothing but the time.
Threads would not do: each asks for the interpreter again after every signature, and the machine is at work all the time.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

from firmware.wire import certificate, cose, enrolment, receipt
from firmware.wire.certificate import Certificate
from firmware.wire.fields import WireError

from . import block
from .block import StoredBlock
from .document import EvidenceError
from .ledger import Entry
from .operator import KEYS_GRANTED, requested
from .signatures import Signature, Verifier, parse_header
from .state.entries import Genesis

_BATCH = 256
_AHEAD = 8
_GRANTING = [type.encode() for type in (Genesis.TYPE, *KEYS_GRANTED)]
_verifier = Verifier()


class _Found(NamedTuple):
    """What can be told of one statement: itself, its body if it is a certificate, and the signatures that hold."""

    statement: cose.Statement
    body: Certificate | None
    held: list[Signature]


def through(parts: Iterable[Entry | StoredBlock], verifier: Verifier, processes: int) -> Iterator[Entry | StoredBlock]:
    """``parts`` of a ledger, one after the other; when one comes, ``verifier`` remembers what ``processes`` found out."""
    keys: dict[bytes, bytes] = {}
    waiting: deque[tuple[list[Entry | StoredBlock], Future[list[_Found]]]] = deque()
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for batch in _batches(parts):
            for part in batch:
                _learn(part.data, keys)
            waiting.append((batch, pool.submit(_look, [_plain(part) for part in batch], dict(keys))))
            if len(waiting) > _AHEAD:
                yield from _done(*waiting.popleft(), verifier)
        while waiting:
            yield from _done(*waiting.popleft(), verifier)


def _batches(parts: Iterable[Entry | StoredBlock]) -> Iterator[list[Entry | StoredBlock]]:
    batch: list[Entry | StoredBlock] = []
    for part in parts:
        batch.append(part)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


def _plain(part: Entry | StoredBlock) -> tuple[bytes, bytes | None]:
    return part.data, part.head_signature if isinstance(part, StoredBlock) else None


def _done(batch: list[Entry | StoredBlock], found: Future[list[_Found]], verifier: Verifier) -> Iterator[Entry | StoredBlock]:
    for statement, body, held in found.result():
        verifier.remember(statement, held)
        if body is not None:
            verifier.remember_body(statement, certificate.decode, body)
    yield from batch


def _learn(data: bytes, keys: dict[bytes, bytes]) -> None:
    """Note the keys that a statement seems to give; whether it does is for the state machine to say."""
    if not any(type in data for type in _GRANTING):
        return
    try:
        statement = cose.parse(data)
        if statement.type == Genesis.TYPE:
            keys[statement.kid] = Genesis.decode(statement.payload).public
        elif statement.type in KEYS_GRANTED:
            request = requested(statement, KEYS_GRANTED)
            keys[request.kid] = enrolment.public_of(request)
    except (WireError, EvidenceError):
        return


def _look(parts: Sequence[tuple[bytes, bytes | None]], keys: Mapping[bytes, bytes]) -> list[_Found]:
    found = []
    for data, head_signature in parts:
        try:
            found.append(_looked(data, head_signature, keys))
        except WireError:
            continue  # whoever reads it in its turn will say what is wrong with it
    return found


def _looked(data: bytes, head_signature: bytes | None, keys: Mapping[bytes, bytes]) -> _Found:
    statement = cose.parse(data, header=parse_header)
    body = certificate.decode(statement.payload) if statement.type == certificate.TYPE else None
    public = keys.get(statement.kid)
    if public is None:
        return _Found(statement, body, [])
    signatures = [(statement.id, statement.signature, public)]
    if head_signature is not None:
        root = block.parse(statement).head.root
        signatures.append((receipt.head_digest(statement.kid, statement.issuer, root), head_signature, public))
    return _Found(statement, body, [signature for signature in signatures if _verifier.checks(*signature)])
