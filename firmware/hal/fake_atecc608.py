"""An ATECC608 byte by byte, on a bus of its own, for tests: what its data sheet says of time, state, locks and errors.

It is the machine.I2C and the clock at once: time passes by traffic on the bus and, a little, by looking at the clock.
"""

import errno

from ..wire import es256
from ..wire.p256 import N
from .atecc608_packet import crc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SERIAL = bytes([0x01, 0x23, 1, 2, 3, 4, 5, 6, 0xEE])
REVISION = bytes([0x00, 0x00, 0x60, 0x03])
COUNTER_LIMIT = 2_097_151
_WAKE_PULSE_US, _WAKE_US = 60, 1500  # tWLO, tWHI
_LOOK_US = 200  # the driver's caller does something else between two steps
_ASLEEP, _IDLE, _AWAKE = range(3)
# opcode: (bytes of data, microseconds at most)
_COMMANDS = {
    0x02: (0, 5_000),
    0x16: (32, 20_000),
    0x1B: (0, 23_000),
    0x24: (0, 25_000),
    0x30: (0, 5_000),
    0x40: (0, 115_000),
    0x41: (0, 115_000),
}
_PARSE, _ECC, _EXECUTION, _WATCHDOG, _CRC = 0x03, 0x05, 0x0F, 0xEE, 0xFF


class Chip:
    """The chip. What a test may set:

    Attributes:
        locked: configuration and data zone.
        frequency: of the bus, Hz.
        watchdog_us: how long it stays awake.
        nacks: addresses that it will not acknowledge although it could.
        garbled: responses of which a bit will be wrong on the line.
        misheard: commands of which a bit will be wrong on the line.
        ecc_faults: signatures that will fail.
        healthy: whether its self-test passes.
        sign: digest -> signature, as it comes from the chip: s may be high.
        executed: opcodes so far.
    """

    def __init__(self, secret: bytes, address: int = 0x60) -> None:
        self.locked = self.healthy = True
        self.frequency = 100_000
        self.watchdog_us = 700_000
        self.nacks = self.garbled = self.misheard = self.ecc_faults = 0
        self.counters = [0, 0]
        self.executed: list[int] = []
        self.sign: Callable[[bytes], bytes] = lambda digest: _high_twin(es256.sign(secret, digest))
        self._public = es256.public_from_secret(secret)
        self._address = address
        self._now_us = 0
        self._state = _ASLEEP
        self._ready_us = self._spoken_to_us = self._sleeps_us = 0
        self._output = b""
        self._at = 0
        self._digest: bytes | None = None

    def ticks_ms(self) -> int:
        """The bus's clock."""
        self._now_us += _LOOK_US
        return self._now_us // 1000

    @property
    def asleep(self) -> bool:
        """Whether it needs a wake pulse."""
        self._watch()
        return self._state != _AWAKE

    def idle_for(self, ms: int) -> None:
        """Let time pass."""
        self._now_us += 1000 * ms

    def writeto(self, address: int, data: bytes) -> int:
        """As machine.I2C."""
        self._pass(1)
        if address == 0:
            self._wake()
        self._acknowledge(address)
        self._pass(len(data))
        word, group = data[0], data[1:]
        if word == 0:
            self._at = 0
        elif word == 1:
            self._state, self._digest = _ASLEEP, None
        elif word == 2:
            self._state = _IDLE
        elif word == 3:
            self._take(group)
        else:
            raise AssertionError(f"word address {word}")
        return len(data)

    def readfrom_into(self, address: int, buffer: bytearray) -> None:
        """As machine.I2C."""
        self._pass(1)
        self._acknowledge(address)
        self._pass(len(buffer))
        if not self._output:
            raise OSError(errno.ENODEV)
        piece = self._output[self._at : self._at + len(buffer)]
        self._at += len(buffer)
        buffer[:] = piece + b"\xff" * (len(buffer) - len(piece))
        if self.garbled and self._at >= self._output[0]:
            self.garbled -= 1
            buffer[-1] ^= 0x10

    def _pass(self, count: int) -> None:
        """Time for ``count`` bytes with their acknowledgements."""
        self._now_us += 9_000_000 * count // self.frequency

    def _watch(self) -> None:
        if self._state == _AWAKE and self._now_us >= self._sleeps_us:
            self._state, self._digest, self._output = _ASLEEP, None, b""

    def _wake(self) -> None:
        self._watch()
        if self._state != _AWAKE and 8_000_000 // self.frequency >= _WAKE_PULSE_US:
            self._state = _AWAKE
            self._ready_us = self._now_us + _WAKE_US
            self._sleeps_us = self._now_us + self.watchdog_us
            self._spoken_to_us = self._ready_us
            self._answer(b"\x11" if self.healthy else b"\x07")

    def _acknowledge(self, address: int) -> None:
        self._watch()
        if address and self._now_us < self._spoken_to_us:
            raise AssertionError("spoken to within tWHI of the wake pulse")
        if address == self._address and self._state == _AWAKE and self._now_us >= self._ready_us:
            if not self.nacks:
                return
            self.nacks -= 1
        raise OSError(errno.ENODEV)

    def _answer(self, data: bytes) -> None:
        group = bytes([len(data) + 3]) + data
        self._output, self._at = group + crc(group), 0

    def _take(self, group: bytes) -> None:
        if self.misheard:
            self.misheard -= 1
            group = group[:-1] + bytes([group[-1] ^ 1])
        if len(group) != group[0] or crc(group[:-2]) != group[-2:]:
            self._answer(bytes([_CRC]))
            return
        opcode, data = group[1], group[5:-2]
        expected, duration = _COMMANDS.get(opcode, (0, 0))
        if not duration or len(data) != expected:
            self._answer(bytes([_PARSE]))
        elif self._now_us + duration >= self._sleeps_us:
            self._answer(bytes([_WATCHDOG]))
        else:
            self.executed.append(opcode)
            self._ready_us = self._now_us + duration
            self._answer(self._execute(opcode, group[2], group[3] | group[4] << 8, data))

    def _execute(self, opcode: int, mode: int, parameter: int, data: bytes) -> bytes:
        if opcode == 0x02:
            return self._read_config(mode, parameter)
        if opcode == 0x30:
            return REVISION
        if opcode == 0x1B:
            return es256.sign(bytes(31) + b"\x01", bytes(32))[:32] if self.locked else b"\xff\xff\x00\x00" * 8
        if not self.locked:
            return bytes([_EXECUTION])
        if opcode == 0x16:
            return self._load(mode, data)
        if opcode == 0x24:
            return self._count(mode, parameter)
        if parameter != 0:
            return bytes([_EXECUTION])
        return self._public if opcode == 0x40 and mode == 0 else self._sign(mode)

    def _read_config(self, mode: int, parameter: int) -> bytes:
        """32 bytes of the configuration zone: only serial number, revision and locks are in it."""
        if mode != 0x80 or parameter & 7 or parameter >> 3 > 3:
            return bytes([_PARSE])
        zone = bytearray(128)
        zone[0:4], zone[4:8], zone[8:13] = SERIAL[:4], REVISION, SERIAL[4:]
        zone[86:88] = bytes(2) if self.locked else b"\x55\x55"
        return bytes(zone[32 * (parameter >> 3) :][:32])

    def _load(self, mode: int, data: bytes) -> bytes:
        if mode != 0x43:
            return bytes([_PARSE])
        self._digest = data
        return b"\x00"

    def _sign(self, mode: int) -> bytes:
        digest, self._digest = self._digest, None
        if mode != 0xA0:
            return bytes([_PARSE])
        if digest is None:
            return bytes([_EXECUTION])
        if self.ecc_faults:
            self.ecc_faults -= 1
            return bytes([_ECC])
        return self.sign(digest)

    def _count(self, mode: int, index: int) -> bytes:
        if index > 1 or mode > 1:
            return bytes([_PARSE])
        if mode and self.counters[index] == COUNTER_LIMIT:
            return bytes([_EXECUTION])
        self.counters[index] += mode
        return self.counters[index].to_bytes(4, "little")


def _high_twin(signature: bytes) -> bytes:
    return signature[:32] + (N - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
