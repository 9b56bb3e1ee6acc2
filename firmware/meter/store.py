"""What must outlive a power cut: who the meter is, how often it started, where its record began, and what it has signed.

    format      version of this layout
    key         secret of 32 bytes
    successor   secret of the key that is to follow, and the statement by which the old one hands over (see Succession)
    boot        boot counter
    origin      where this meter's record starts, and the offset of the device's registers (see Energy)
    q/receipts  which statements have no receipt yet (see Index)
    q/s...      the statements (see Statements)

The newest certificate is the memory of the chain: sequence number, previous id, closing registers and the end of certified
time are read from it, so there is no second copy that could disagree.
"""

import json

from .notes import Notes, StoreFull
from .statements import StatementDamaged, Statements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..hal.interface import Files

__all__ = ["Origin", "StatementDamaged", "Store", "StoreDamaged", "StoreFull"]

_FORMAT = b"2"


class StoreDamaged(Exception):
    """The flash lacks what cannot be done without. The message says what to do."""


class Origin:
    """Start of the record: ``t0`` Unix seconds, ``registers`` and ``offset`` (import, export) in Wh."""

    __slots__ = ("offset", "registers", "t0")

    def __init__(self, t0: int, registers: "tuple[int, int]", offset: "tuple[int, int]") -> None:
        self.t0 = t0
        self.registers = registers
        self.offset = offset


class Store:
    """The flash's content.

    Attributes:
        statements: the certificates and events.
    """

    def __init__(self, files: "Files") -> None:
        """StoreDamaged if the flash holds another layout than this firmware's."""
        self._notes = Notes(files)
        self._check_format()
        self.statements = Statements(files, self._notes)

    def _check_format(self) -> None:
        """Version 1, of before the first release, had no such file; a damaged one is taken for ours and written again."""
        found = self._notes.read("format")
        if found == _FORMAT:
            return
        if found is not None or (self._notes.has("key") and not self._notes.has("format")):
            raise StoreDamaged(
                f"the flash is laid out for firmware of another age (format {(found or b'1').decode()}, not "
                f"{_FORMAT.decode()}). Run that firmware until nothing is pending, then name a new flash file and enrol again."
            )
        self._notes.write("format", _FORMAT)

    def secret(self, generate: "Callable[[], bytes]") -> bytes:
        """The meter's key, made by ``generate`` on first use. StoreDamaged if it was there once."""
        if not self._notes.has("key"):
            self._notes.write("key", generate())
        secret = self._notes.read("key")
        if secret is None:
            raise StoreDamaged("the key on the flash is damaged: name a new flash file and enrol the meter again")
        return secret

    def successor(self) -> "bytes | None":
        """What is kept of the key that is to follow; None if there is none, or it is damaged: then the old key goes on."""
        return self._notes.read("successor")

    def prepare_successor(self, data: bytes) -> None:
        """Keep ``data`` of the key that is to follow: its secret of 32 bytes first. StoreFull."""
        self._notes.write("successor", data)

    def succeed(self, secret: bytes) -> None:
        """The key with ``secret`` is the meter's from now on. After a power cut in between, do it again."""
        self._notes.write("key", secret)
        self._notes.remove("successor")

    def count_boot(self, known: int) -> int:
        """Count this start and return its number, above ``known``, a boot counter seen elsewhere."""
        boot = max(int((self._notes.read("boot") or b"0").decode()), known) + 1
        self._notes.write("boot", str(boot).encode())
        return boot

    def origin(self) -> "Origin | None":
        """Where the record starts; None before the first reading."""
        data = self._notes.read("origin")
        if data is None:
            return None
        t0, registers, offset = json.loads(data)
        return Origin(t0, tuple(registers), tuple(offset))

    def set_origin(self, origin: Origin) -> None:
        """Note the start of the record, or another offset."""
        self._notes.write("origin", json.dumps([origin.t0, origin.registers, origin.offset]).encode())
