"""Signatures checked by other processes, a few thousand statements ahead of the state machine.

Threads would not do: each asks for the interpreter again after every signature, and the machine is at work all the time.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Generic, TypeVar

from .ledger import LedgerError
from .signatures import Signature, Verifier

_BATCH = 256
_AHEAD = 8
T = TypeVar("T")
_verifier = Verifier()


class _Batch(Generic[T]):
    """Items in a row, what is signed in them, and what went wrong after the last one."""

    def __init__(self) -> None:
        self.items: list[T] = []
        self.signatures: list[Signature] = []
        self.error: LedgerError | None = None
        self.good: Future[list[bool]] | None = None


def through(
    items: Iterable[T], signatures: Callable[[T], Iterable[Signature]], verifier: Verifier, processes: int
) -> Iterator[T]:
    """``items``, one after the other; when one comes, ``verifier`` remembers those of its signatures that hold.

    Args:
        signatures: what is signed in an item. What is left out here is checked when its turn comes.
        processes: how many share the work (1 or more).
    Raises:
        LedgerError: what ``items`` raised, once all that came before was given out.
    """
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        waiting: deque[_Batch[T]] = deque()
        for batch in _batches(items, signatures):
            batch.good = pool.submit(_checked, batch.signatures)
            waiting.append(batch)
            if len(waiting) > _AHEAD:
                yield from _done(waiting.popleft(), verifier)
        while waiting:
            yield from _done(waiting.popleft(), verifier)


def _batches(items: Iterable[T], signatures: Callable[[T], Iterable[Signature]]) -> Iterator[_Batch[T]]:
    batch: _Batch[T] = _Batch()
    try:
        for item in items:
            batch.items.append(item)
            batch.signatures.extend(signatures(item))
            if len(batch.signatures) >= _BATCH:
                yield batch
                batch = _Batch()
    except LedgerError as error:
        batch.error = error
    yield batch


def _done(batch: _Batch[T], verifier: Verifier) -> Iterator[T]:
    assert batch.good is not None  # submitted
    checked = zip(batch.signatures, batch.good.result(), strict=True)
    verifier.remember(signature for signature, is_good in checked if is_good)
    yield from batch.items
    if batch.error is not None:
        raise batch.error


def _checked(signatures: Sequence[Signature]) -> list[bool]:
    return [_verifier.checks(*signature) for signature in signatures]
