"""Modbus: reading registers, one request and its reply, over a serial line (RTU) or TCP. No I/O.

    read = RtuRead(unit=1, function=READ_HOLDING, address=40000, count=70)
    write(read.request)
    while (registers := read.feed(receive(read.wanted))) is None:
        pass

Sources: MODBUS Application Protocol V1.1b3 [AP], MODBUS over Serial Line V1.02 [SL], MODBUS Messaging on TCP/IP
Implementation Guide V1.0b [TCP].
"""

from .fields import RangeError, WireError, u8, u16

READ_HOLDING = 3  # [AP] 6.3
READ_INPUT = 4  # [AP] 6.4
MAX_REGISTERS = 125  # in one read

_EXCEPTION = 0x80
# [AP] section 7
_EXCEPTIONS = {
    1: "the device does not know this function",
    2: "the device has no such registers",
    3: "the device refuses this count",
    4: "the device failed while it read",
    5: "the device needs longer; ask again",
    6: "the device is busy; ask again",
    8: "the device's memory failed its parity check",
    10: "the gateway has no path to the device",
    11: "the device behind the gateway does not answer",
}


class ModbusError(WireError):
    """The reply is not the answer to our request. Drop what is in transit before the next request."""


class CrcError(ModbusError):
    """The line disturbed the frame, or two devices spoke at once: look at wiring, termination, rate, double unit ids."""


class WrongTransaction(ModbusError):
    """The reply belongs to another request, as a rule one we gave up waiting for."""


class WrongUnit(ModbusError):
    """Another device answered."""


class WrongFunction(ModbusError):
    """The device answered with another function."""


class WrongLength(ModbusError):
    """The reply's length does not fit the registers we asked for."""


class ExceptionReply(ModbusError):
    """The device understood us and refuses. ``code`` is its exception code ([AP] section 7)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}: {_EXCEPTIONS.get(code, 'not in the standard')}")
        self.code = code


def _shift_nibble(crc: int) -> int:
    for _ in range(4):
        crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


# a table of all bytes would be twice as fast and take sixteen times the heap
_NIBBLES = [_shift_nibble(nibble) for nibble in range(16)]


def crc16(data: "bytes | bytearray", crc: int = 0xFFFF) -> int:
    """CRC-16/MODBUS ([SL] 6.2.2) of ``data``, going on from ``crc``. It goes on the line low byte first."""
    for byte in data:
        crc ^= byte
        crc = crc >> 4 ^ _NIBBLES[crc & 15]
        crc = crc >> 4 ^ _NIBBLES[crc & 15]
    return crc


def silent_interval_us(baud: int) -> int:
    """Microseconds of silence that end an RTU frame: 3.5 characters of 11 bits, 1,750 above 19,200 baud ([SL] 2.5.1.1)."""
    return 1750 if baud > 19200 else -(-38_500_000 // baud)


def frame_us(baud: int, size: int) -> int:
    """Microseconds that ``size`` bytes take on a serial line, 11 bits each ([SL] 2.5.1)."""
    return -(-11_000_000 * size // baud)


def exchange_us(baud: int, count: int) -> int:
    """Microseconds that reading ``count`` registers takes on a serial line at least.

    Request (8 bytes), silence, reply (5 bytes and the registers), silence; a device that answers at once.
    """
    return frame_us(baud, 8) + frame_us(baud, 5 + 2 * count) + 2 * silent_interval_us(baud)


class _Read:
    """One request for registers and the reply as it comes in.

    Attributes:
        request: the bytes to send.
        stray: WrongUnit or WrongTransaction if a reply that was meant for another request has come, and was passed over.
    """

    def __init__(self, unit: int, function: int, address: int, count: int) -> None:
        if function not in (READ_HOLDING, READ_INPUT):
            raise RangeError(f"function {function} does not read registers")
        if not 1 <= count <= MAX_REGISTERS or address + count > 65536:
            raise RangeError(f"{count} registers from {address} cannot be read at once")
        self.unit = unit
        self.function = function
        self.count = count
        self.received = b""
        self.stray: ModbusError | None = None
        self.request = self._frame(u8(unit) + u8(function) + u16(address) + u16(count))

    @property
    def wanted(self) -> int:
        """Bytes that are still missing, as far as the reply's beginning tells: never more than belong to it."""
        return max(0, self._total() - len(self.received))

    def feed(self, data: bytes) -> "tuple[int, ...] | None":
        """Take bytes as they come. The registers when the reply is whole, None before.

        A late answer to an earlier request is passed over: its device is slow, ours is not to suffer for it.
        Raises the ModbusError that fits. Nothing may be fed after that, or after the registers.
        """
        self.received += data
        total = self._total()
        if len(self.received) < total:
            return None
        if len(self.received) > total:
            raise WrongLength(f"{len(self.received) - total} bytes follow the reply")
        reply = self._unframe()
        if reply is None:
            self.received = b""
            return None
        return self._registers(reply)

    def _registers(self, reply: bytes) -> "tuple[int, ...]":
        """The registers in ``reply``: unit, function, byte count, data ([AP] 6.3 and 6.4)."""
        if reply[0] != self.unit:
            raise WrongUnit(f"unit {reply[0]} answered for unit {self.unit}")
        if reply[1] == self.function | _EXCEPTION:
            raise ExceptionReply(reply[2])
        if reply[1] != self.function:
            raise WrongFunction(f"function {reply[1]} answers function {self.function}")
        if reply[2] != 2 * self.count or len(reply) != 3 + 2 * self.count:
            raise WrongLength(f"{reply[2]} of {len(reply) - 3} bytes for {self.count} registers")
        return tuple([reply[i] << 8 | reply[i + 1] for i in range(3, len(reply), 2)])

    def _frame(self, message: bytes) -> bytes:
        raise NotImplementedError

    def _unframe(self) -> "bytes | None":
        """The message in the whole frame ``received``; None, and ``stray`` is set, if it is not for this request."""
        raise NotImplementedError

    def _total(self) -> int:
        raise NotImplementedError


class RtuRead(_Read):
    """A read over a serial line ([SL] 2.5.1).

    The checksum is judged before what it protects: a disturbed unit id is a disturbance and not another device.
    """

    def __init__(self, unit: int, function: int, address: int, count: int) -> None:
        """RangeError for a unit outside 1..247, another function than 3 or 4, or more than 125 registers."""
        if not 1 <= unit <= 247:
            raise RangeError(f"unit {unit} is outside 1..247")
        super().__init__(unit, function, address, count)
        self._crc = 0xFFFF

    def _frame(self, message: bytes) -> bytes:
        crc = crc16(message)
        return message + u8(crc & 255) + u8(crc >> 8)

    def feed(self, data: bytes) -> "tuple[int, ...] | None":
        # summed up as bytes come: after the last one a slow processor would keep the line waiting
        self._crc = crc16(data, self._crc)
        return super().feed(data)

    def _unframe(self) -> "bytes | None":
        # over a message and its own checksum the checksum is 0
        crc, self._crc = self._crc, 0xFFFF
        if crc:
            raise CrcError(f"checksum of {len(self.received)} bytes is wrong")
        if self.received[0] != self.unit:
            self.stray = WrongUnit(f"unit {self.received[0]} answered for unit {self.unit}")
            return None
        return self.received[:-2]

    def _total(self) -> int:
        if len(self.received) < 3 or self.received[1] & _EXCEPTION:
            return 5  # an exception: the shortest reply
        # how long a reply to another function is, we cannot know, so this one is judged at once
        if self.received[1] != self.function:
            raise WrongFunction(f"function {self.received[1]} answers function {self.function}")
        return 5 + self.received[2]


class TcpRead(_Read):
    """A read over TCP ([TCP] 3.1.3: transaction id, protocol 0, length, unit)."""

    def __init__(self, transaction: int, unit: int, function: int, address: int, count: int) -> None:
        """RangeError for a transaction id above 65,535, a unit above 255, and as RtuRead."""
        self.transaction = transaction
        super().__init__(unit, function, address, count)

    def _frame(self, message: bytes) -> bytes:
        return u16(self.transaction) + u16(0) + u16(len(message)) + message

    def _unframe(self) -> "bytes | None":
        transaction = self.received[0] << 8 | self.received[1]
        if transaction != self.transaction:
            self.stray = WrongTransaction(f"transaction {transaction} answers transaction {self.transaction}")
            return None
        return self.received[6:]

    def _total(self) -> int:
        if len(self.received) < 6:
            return 9  # an exception: the shortest reply
        protocol = self.received[2] << 8 | self.received[3]
        length = self.received[4] << 8 | self.received[5]
        if protocol != 0 or not 3 <= length <= 254:
            raise WrongLength(f"protocol {protocol} with {length} bytes is no Modbus reply")
        return 6 + length
