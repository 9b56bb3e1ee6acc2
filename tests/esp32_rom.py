"""An ESP32 in its serial bootloader, as far as a flasher sees it: the ROM's protocol over a flash that keeps what was written.

Source: Espressif, esptool documentation, "Serial Protocol" (commands, packets, SLIP, checksum, status), and the ESP32 Technical
Reference Manual (SPI controller and eFuse registers). No I/O: bytes in, bytes out.
"""

import hashlib
import struct
import zlib

_END, _ESCAPE = 0xC0, 0xDB
_ESCAPED = {0xDC: 0xC0, 0xDD: 0xDB}
_SYNC = b"\x07\x07\x12\x20" + 32 * b"\x55"
_CHECKSUM = 0xEF
_MAGIC_REGISTER = 0x40001000
_EFUSE_MAC = 0x3FF5A004
_SPI = 0x3FF42000
_SPI_COMMAND, _SPI_USER, _SPI_W0 = _SPI, _SPI + 0x24, _SPI + 0x80
_EXECUTE, _READ_ID = 1 << 18, 0x9F
_BAD_MESSAGE, _BAD_CHECKSUM, _BAD_DATA = 5, 7, 11
_MAGIC = 0x00F01D83


class RomError(Exception):
    """The ROM refuses a command; `args[0]` is its error code."""


class Rom:
    """One chip.

    Attributes:
        flash: what its flash holds, 0xFF where it is erased.
        written: how many bytes have been programmed.
    """

    def __init__(self, size: int = 1 << 22, mac: str = "24:0a:c4:12:34:56") -> None:
        """`size`: of its flash, a power of two."""
        self.flash = bytearray(b"\xff" * size)
        self.written = 0
        octets = bytes.fromhex(mac.replace(":", ""))
        self._registers = {
            _MAGIC_REGISTER: _MAGIC,
            _EFUSE_MAC: int.from_bytes(octets[2:], "big"),
            _EFUSE_MAC + 4: int.from_bytes(octets[:2], "big"),
        }
        self._identity = size.bit_length() - 1 << 16 | 0x40EF  # as JEDEC JEP106 and the makers have it: EF is Winbond
        self.begin()

    def begin(self) -> None:
        """Power on."""
        self._packet: bytearray | None = None
        self._escaped = False
        self._at = self._sequence = 0
        self._inflate = zlib.decompressobj()

    def feed(self, data: bytes) -> bytes:
        """The answer to bytes on the line, once they make up a command."""
        answer = b""
        for byte in data:
            if byte == _END and self._packet:
                answer += self._answer(bytes(self._packet))
                self._packet = None
            elif byte == _END:
                self._packet = bytearray()
            elif self._packet is not None and byte == _ESCAPE:
                self._escaped = True
            elif self._packet is not None:
                self._packet.append(_ESCAPED.get(byte, byte) if self._escaped else byte)
                self._escaped = False
        return answer

    def _answer(self, packet: bytes) -> bytes:
        if len(packet) < 8 or packet[0] != 0:
            return b""
        _, command, size, checksum = struct.unpack_from("<BBHI", packet)
        data = packet[8:]
        if command == 0x08 and data == _SYNC:
            return 8 * _reply(command, 0x20120707, b"")
        try:
            if len(data) != size:
                raise RomError(_BAD_MESSAGE)
            value, body = self._do(command, data, checksum)
        except RomError as error:
            return _reply(command, 0, b"", error.args[0])
        return _reply(command, value, body)

    def _do(self, command: int, data: bytes, checksum: int) -> tuple[int, bytes]:
        body = b""
        words = struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])
        match command:
            case 0x0A:
                return self._registers.get(words[0], 0), b""
            case 0x09:
                self._set(words[0], words[1])
            case 0x02 | 0x10:
                self._begin_writing(words[0], words[3])
            case 0x03 | 0x11:
                self._write(command == 0x11, words[1], _checked(data[16:], checksum))
            case 0x13:
                digest = hashlib.md5(self.flash[words[0] : words[0] + words[1]], usedforsecurity=False)
                body = digest.hexdigest().encode()
            case 0x04 | 0x0B | 0x0D | 0x0F | 0x12:
                pass  # leaving, flash parameters, SPI pins, line rate: nothing here depends on them
            case _:
                raise RomError(_BAD_MESSAGE)
        return 0, body

    def _set(self, register: int, value: int) -> None:
        self._registers[register] = value
        if register == _SPI_COMMAND and value & _EXECUTE:
            self._registers[_SPI_COMMAND] = 0
            if self._registers.get(_SPI_USER, 0) & 0xFF == _READ_ID:
                self._registers[_SPI_W0] = self._identity

    def _begin_writing(self, size: int, at: int) -> None:
        end = -(-(at + size) // 4096) * 4096
        if end > len(self.flash):
            raise RomError(_BAD_DATA)
        self.flash[at // 4096 * 4096 : end] = b"\xff" * (end - at // 4096 * 4096)
        self._at, self._sequence, self._inflate = at, 0, zlib.decompressobj()

    def _write(self, deflated: bool, sequence: int, data: bytes) -> None:
        if sequence != self._sequence:
            raise RomError(_BAD_DATA)
        self._sequence += 1
        for byte in self._inflate.decompress(data) if deflated else data:
            # what is not erased can only lose bits
            self.flash[self._at] &= byte
            self._at += 1
            self.written += 1


def _checked(data: bytes, checksum: int) -> bytes:
    found = _CHECKSUM
    for byte in data:
        found ^= byte
    if found != checksum:
        raise RomError(_BAD_CHECKSUM)
    return data


def _reply(command: int, value: int, body: bytes, error: int = 0) -> bytes:
    status = bytes((1, error, 0, 0)) if error else bytes(4)
    packet = struct.pack("<BBHI", 1, command, len(body) + 4, value) + body + status
    return b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"
