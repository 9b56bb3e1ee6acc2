"""Taking a JSON object apart strictly: every key once, each of its type, none left over. No I/O."""

from ..wire.topics import is_id


class ConfigError(ValueError):
    """The configuration is wrong: its author's fault. The message names the key and what belongs there."""


class Table:
    """A JSON object whose keys are taken one by one; what is left over at the end is an error. All raise ConfigError."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise ConfigError(f"{path or 'the configuration'}: an object {{...}} is expected")
        self._left = dict(value)
        self._path = path

    def _name(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def take(self, key: str) -> object:
        """The value of ``key``, which has to be there."""
        if key not in self._left:
            raise ConfigError(f"{self._name(key)}: is missing")
        return self._left.pop(key)

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self.take(key)
        if not isinstance(value, str) or not value:
            raise ConfigError(f'{self._name(key)}: a text in "quotes" is expected')
        return value

    def id(self, key: str) -> str:
        """A name as in topics."""
        value = self.take(key)
        if not isinstance(value, str) or not is_id(value):
            raise ConfigError(f"{self._name(key)}: 1 to 32 of a-z, 0-9 and - are expected")
        return value

    def integer(self, key: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``."""
        value = self.take(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ConfigError(f"{self._name(key)}: a whole number from {low} to {high} is expected")
        return value

    def certificate(self, key: str) -> bytes:
        """An X.509 certificate in PEM."""
        text = self.text(key)
        if not text.startswith("-----BEGIN CERTIFICATE-----\n"):
            raise ConfigError(f"{self._name(key)}: a certificate is expected, the text of its PEM file")
        return text.encode()

    def address(self, key: str) -> str:
        """An IPv4 address: a name would hold the meter up while it is looked up."""
        text = self.text(key)
        parts = text.split(".")
        if len(parts) != 4 or not all(_is_octet(part) for part in parts):
            raise ConfigError(f"{self._name(key)}: an IPv4 address as 192.0.2.1 is expected, no name")
        return text

    def boolean(self, key: str) -> bool:
        """``true`` or ``false``."""
        value = self.take(key)
        if not isinstance(value, bool):
            raise ConfigError(f"{self._name(key)}: true or false is expected")
        return value

    def has(self, key: str) -> bool:
        """Whether ``key`` is there and was not taken yet."""
        return key in self._left

    def table(self, key: str) -> "Table":
        """An object within this one."""
        return Table(self.take(key), self._name(key))

    def finish(self) -> None:
        """To be called at the end: nothing may be left over."""
        for key in sorted(self._left):
            raise ConfigError(f"{self._name(key)}: is not known; remove it or correct its spelling")


def _is_octet(text: str) -> bool:
    return text.isdigit() and len(text) <= 3 and int(text) <= 255
