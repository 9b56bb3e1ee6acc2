"""A key-value table with two drafts on top: an entry's changes within those of its block.

Keys are scalars or tuples of integers, text and bytes; values are such scalars or records (records.py). A key is stored as
``cbor [site, table number, key...]``, a value as its CBOR.
"""

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from firmware.wire import cbor

from .backing import Backing, Slot

K = TypeVar("K")
V = TypeVar("V")
_REMEMBERED = 50_000
_ARRAY = 0x80


class Table(Generic[K, V]):
    """Values are immutable and never None; nothing is ever deleted. Reads see the drafts, and remember what they found."""

    def __init__(
        self,
        backing: Backing,
        drafted: "list[Table[Any, Any]]",
        site: str,
        number: int,
        width: int,
        revive: Callable[[Any], V],
    ) -> None:
        """Table ``number`` of ``site``.

        Args:
            drafted: the table puts itself here when it has an entry's draft; keep or drop follows.
            width: how many items a key has.
            revive: makes a value of its decoded, frozen CBOR.
        """
        self._backing = backing
        self._drafted = drafted
        self._prefix = bytes([_ARRAY | 2 + width]) + cbor.encode(site) + cbor.encode(number)
        self._is_scalar = width == 1
        self._revive = revive
        self._kept: dict[K, V | None] = {}
        self._places: dict[K, tuple[bytes, int | None]] = {}
        self._block: dict[K, V] = {}
        self._entry: dict[K, V] = {}
        self._is_whole = False

    def get(self, key: K) -> V | None:
        """The value under ``key``, or None."""
        value = self._entry.get(key)
        if value is None:
            value = self._block.get(key)
        if value is None:
            return self._kept[key] if key in self._kept else self._load(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Draft ``value`` under ``key``."""
        if not self._entry:
            self._drafted.append(self)
        self._entry[key] = value

    def add(self, key: K, value: V) -> None:
        """Draft ``value`` under ``key``, which was never written: nobody looks whether that is so, and the backing knows."""
        if key not in self._kept:
            self._kept[key] = None
            self._places[key] = self.key_bytes(key), None
        self.put(key, value)

    def __contains__(self, key: K) -> bool:
        return self.get(key) is not None

    def __getitem__(self, key: K) -> V:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def items(self) -> Iterator[tuple[K, V]]:
        """All pairs, in the order of their keys."""
        if not self._is_whole:
            self._load_all()
        for key in sorted({*self._kept, *self._block, *self._entry}):  # type: ignore[type-var]
            value = self.get(key)
            if value is not None:
                yield key, value

    def key_bytes(self, key: K) -> bytes:
        """How ``key`` is stored."""
        items: Any = (key,) if self._is_scalar else key
        return self._prefix + b"".join([cbor.encode(item) for item in items])

    def keep(self) -> None:
        """The entry's draft joins the block's."""
        self._block.update(self._entry)
        self._entry = {}

    def drop(self) -> None:
        """Forget the entry's draft."""
        self._entry = {}

    def rollback(self) -> None:
        """Forget the block's draft."""
        self._block = {}

    def changes(self) -> Iterator[tuple[K, bytes, int | None, bytes]]:
        """(key, its bytes, its slot or None if it has none yet, the value's bytes) of what the block's draft changes."""
        for key, value in self._block.items():
            if key not in self._kept:
                self._load(key)
            if self._kept[key] != value:
                yield key, *self._places[key], cbor.encode(value)

    def commit(self, slots: dict[K, int]) -> None:
        """The block's draft is in the backing now; ``slots`` are those that its new keys took."""
        self._kept.update(self._block)
        for key, number in slots.items():
            self._places[key] = self._places[key][0], number
        self._block = {}
        if len(self._kept) > _REMEMBERED:
            self.forget()

    def forget(self) -> None:
        """Forget the block's draft and what was remembered of the backing."""
        self._block = {}
        self._kept, self._places, self._is_whole = {}, {}, False

    def _load(self, key: K) -> V | None:
        data = self.key_bytes(key)
        slot = self._backing.get(data)
        if slot is None:
            self._kept[key] = None
            self._places[key] = data, None
            return None
        return self._remember(key, slot)

    def _load_all(self) -> None:
        for slot in self._backing.scan(self._prefix):
            self._remember(self._key(slot.key), slot)
        self._is_whole = True

    def _remember(self, key: K, slot: Slot) -> V:
        value = self._revive(_frozen(cbor.decode(slot.value)))
        self._kept[key] = value
        self._places[key] = slot.key, slot.number
        return value

    def _key(self, data: bytes) -> K:
        items: Any = cbor.decode(data)
        return items[2] if self._is_scalar else tuple(items[2:])  # type: ignore[return-value]


def _frozen(value: object) -> object:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
