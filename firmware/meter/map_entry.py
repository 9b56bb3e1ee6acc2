"""Objects in a map file, taken apart strictly: a slip stops the installation and not the billing."""


class MapError(ValueError):
    """The map file is wrong: its author's fault. The message names the place."""


class Entry:
    """An object of the map. Every key must be taken; whatever is wrong is a MapError with its place."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise MapError(f"{path}: an object {{...}} is expected")
        self._left = dict(value)
        self._path = path

    def take(self, key: str, default: object = None) -> object:
        """The value, whatever it is."""
        return self._left.pop(key, default)

    def has(self, key: str) -> bool:
        """Whether ``key`` is there."""
        return key in self._left

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self.take(key)
        if not isinstance(value, str) or not value:
            raise self.error(key, "a text is expected")
        return value

    def integer(self, key: str, low: int, high: int, default: "int | None" = None) -> int:
        """A whole number from ``low`` to ``high``."""
        return self._integer(key, self.take(key, default), low, high)

    def integers(self, key: str, low: int, high: int) -> "list[int]":
        """One integer or a list of them."""
        value = self.take(key)
        return [self._integer(key, item, low, high) for item in (value if isinstance(value, list) else [value])]

    def limits(self, key: str) -> "tuple[int, int] | None":
        """[lowest, highest], None if the key is not there."""
        if not self.has(key):
            return None
        ends = self.integers(key, -(1 << 47), 1 << 47)
        if len(ends) != 2 or ends[0] >= ends[1]:
            raise self.error(key, "[lowest, highest] is expected")
        return ends[0], ends[1]

    def finish(self) -> None:
        """MapError if a key is left."""
        for key in sorted(self._left):
            raise self.error(key, "is not known; remove it or correct its spelling")

    def error(self, key: str, expected: str) -> MapError:
        """What to raise where ``key`` is not as ``expected``."""
        return MapError(f"{self._path}.{key}: {expected}")

    def _integer(self, key: str, value: object, low: int, high: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.error(key, f"a whole number from {low} to {high} is expected")
        return value
