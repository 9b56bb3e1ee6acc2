"""A key-value table with a draft on top: an entry's changes are kept together, or dropped together."""

from collections.abc import Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Table(Generic[K, V]):
    """Values are immutable; nothing is ever deleted. Reads see the draft."""

    def __init__(self) -> None:
        self._kept: dict[K, V] = {}
        self._draft: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The value under ``key``, or None."""
        return self._draft[key] if key in self._draft else self._kept.get(key)

    def put(self, key: K, value: V) -> None:
        """Draft ``value`` under ``key``."""
        self._draft[key] = value

    def __contains__(self, key: K) -> bool:
        return key in self._draft or key in self._kept

    def __getitem__(self, key: K) -> V:
        return self._draft[key] if key in self._draft else self._kept[key]

    def items(self) -> Iterator[tuple[K, V]]:
        """All pairs, in the order in which their keys first came."""
        for key, value in self._kept.items():
            yield key, self._draft.get(key, value)
        for key, value in self._draft.items():
            if key not in self._kept:
                yield key, value

    def keep(self) -> None:
        """Make the draft part of the table."""
        self._kept.update(self._draft)
        self._draft.clear()

    def drop(self) -> None:
        """Forget the draft."""
        self._draft.clear()
