"""What must outlive a power cut: key, boot counter, starting point, certificates. One small file each, with its CRC.

    key                secret of 32 bytes
    boot               boot counter
    origin             where this meter's record starts, and the offset of the device's registers (see Energy)
    q/0000000012       a certificate without receipt
    q/0000000012.ok    a certificate with receipt, kept only while it is the newest

The newest certificate is the memory of the chain: sequence number, previous id, closing registers and the end of certified
time are read from it, so there is no second copy that could disagree. LittleFS replaces a file wholly or not at all; the
CRC is against flash that forgets.
"""

import binascii
import errno
import json

from ..wire.fields import u32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..hal.interface import Files

_QUEUE = "q"
_RECEIPTED = ".ok"
_ENOSPC = 28  # "no space left"; MicroPython's errno has no name for it
_RESERVE = 65536  # bytes left free, so that receipts can still be noted and the origin moved on a full flash


class StoreFull(Exception):
    """No room for another certificate. Nothing is lost: issue none, and cover the time with one once there is room."""


class StoreDamaged(Exception):
    """A file that cannot be done without has changed on the flash. The message says what to do."""


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
        pending: sequence numbers without receipt, ascending.
        last_seq: the highest sequence number ever given, 0 for none.
        corrupt: certificates that did not survive on the flash.
    """

    def __init__(self, files: "Files") -> None:
        self._files = files
        self.pending: list[int] = []
        self.last_seq = 0
        self.corrupt = 0
        self._newest = ""
        self._scan()

    def _scan(self) -> None:
        names = sorted(self._files.names(_QUEUE))
        for name in names:
            seq = int(name.split(".")[0])
            # also a damaged certificate's number is used up: it may have been sent
            self.last_seq = max(self.last_seq, seq)
            if self._read(f"{_QUEUE}/{name}") is None:
                self.corrupt += 1
            else:
                self._newest = name
                if not name.endswith(_RECEIPTED):
                    self.pending.append(seq)
        for name in names:
            # a power cut between `add`'s two steps leaves one behind
            if name.endswith(_RECEIPTED) and name != self._newest:
                self._files.remove(f"{_QUEUE}/{name}")

    def secret(self, generate: "Callable[[], bytes]") -> bytes:
        """The meter's key, made by ``generate`` on first use. StoreDamaged if it was there once."""
        if self._raw("key") is None:
            self._write("key", generate())
        secret = self._read("key")
        if secret is None:
            raise StoreDamaged("the key on the flash is damaged: name a new flash file and enrol the meter again")
        return secret

    def count_boot(self, known: int) -> int:
        """Count this start and return its number, above ``known``, a boot counter seen elsewhere."""
        boot = max(int((self._read("boot") or b"0").decode()), known) + 1
        self._write("boot", str(boot).encode())
        return boot

    def origin(self) -> "Origin | None":
        """Where the record starts; None before the first reading."""
        data = self._read("origin")
        if data is None:
            return None
        t0, registers, offset = json.loads(data)
        return Origin(t0, tuple(registers), tuple(offset))

    def set_origin(self, origin: Origin) -> None:
        """Note the start of the record, or another offset."""
        self._write("origin", json.dumps([origin.t0, origin.registers, origin.offset]).encode())

    def newest(self) -> "bytes | None":
        """The newest certificate that survived, None before the first."""
        return self._read(f"{_QUEUE}/{self._newest}") if self._newest else None

    def add(self, seq: int, certificate: bytes) -> None:
        """Keep a certificate; it is on the medium when this returns. StoreFull if there is no room."""
        name = f"{seq:010d}"
        if self._files.free() < _RESERVE:
            raise StoreFull()
        self._write(f"{_QUEUE}/{name}", certificate)
        self.pending.append(seq)
        self.last_seq = seq
        replaced, self._newest = self._newest, name
        if replaced.endswith(_RECEIPTED):
            self._files.remove(f"{_QUEUE}/{replaced}")

    def certificate(self, seq: int) -> bytes:
        """A pending certificate's bytes. KeyError if ``seq`` is not pending, StoreDamaged if its bytes changed."""
        if seq not in self.pending:
            raise KeyError(seq)
        data = self._read(f"{_QUEUE}/{seq:010d}")
        if data is None:
            raise StoreDamaged(f"certificate {seq} is damaged")
        return data

    def free(self, seq: int) -> None:
        """Certificate ``seq`` has its receipt. KeyError if it is not pending."""
        if seq not in self.pending:
            raise KeyError(seq)
        name = f"{seq:010d}"
        if name == self._newest:
            self._newest = name + _RECEIPTED
            self._files.rename(f"{_QUEUE}/{name}", f"{_QUEUE}/{self._newest}")
        else:
            self._files.remove(f"{_QUEUE}/{name}")
        self.pending.remove(seq)

    def _raw(self, name: str) -> "bytes | None":
        """The file's bytes, None if it is not there."""
        try:
            return self._files.read(name)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            return None

    def _read(self, name: str) -> "bytes | None":
        """The file's content, None if it is not there or its CRC is wrong."""
        data = self._raw(name)
        if data is None or data[-4:] != u32(binascii.crc32(data[:-4])):
            return None
        return data[:-4]

    def _write(self, name: str, data: bytes) -> None:
        try:
            self._files.write(name, data + u32(binascii.crc32(data)))
        except OSError as error:
            if error.errno == _ENOSPC:
                raise StoreFull() from None
            raise
