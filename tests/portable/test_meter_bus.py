"""Links and devices: replies that come in pieces, late, wrong or never; and a dead device among living ones."""

import asyncio
import errno

from firmware.hal import fake
from firmware.meter import link
from firmware.meter.config import Bus, Device
from firmware.meter.device import Patience, PolledDevice
from firmware.wire import modbus

RTU = Bus("rtu", path="/dev/ttyUSB0", baud=115200)
TCP = Bus("tcp", host="127.0.0.1", port=502)
REGISTERS = (1, 2, 0xFFFF)


def rtu_reply(unit, registers):
    body = bytes([unit, 3, 2 * len(registers)]) + b"".join([bytes([word >> 8, word & 255]) for word in registers])
    crc = modbus.crc16(body)
    return body + bytes([crc & 255, crc >> 8])


def tcp_reply(request, unit, registers):
    body = bytes([unit, 3, 2 * len(registers)]) + b"".join([bytes([word >> 8, word & 255]) for word in registers])
    return request[:4] + bytes([0, len(body)]) + body


def always(*pieces):
    """A device that answers every request with these pieces."""
    return lambda _request: list(pieces)


def in_turn(*replies):
    """A device that answers with one reply after the other, None being silence."""
    left = list(replies)

    def answer(_request):
        reply = left.pop(0)
        return [] if reply is None else [reply]

    return answer


def board_with(*lines):
    board = fake.Board()
    board.lines = [line if isinstance(line, OSError) else fake.Stream(line) for line in lines]
    return board


def read(board, bus, times=1, **limits):
    """What ``times`` reads of three registers of unit 1 give: registers, or the name of the error."""

    async def reads():
        line = link.open_link(board, bus)
        results = []
        for _ in range(times):
            try:
                results.append(await line.read(1, 3, 100, 3))
            except (OSError, modbus.ModbusError) as error:
                results.append(type(error).__name__)
        return results

    link.TIMEOUT_S = limits.get("timeout_s", 1.0)
    return asyncio.run(reads())


def test_rtu_reads_a_reply_in_pieces():
    reply = rtu_reply(1, REGISTERS)
    board = board_with(always(reply[:1], reply[1:4], reply[4:]))
    line = board.lines[0]
    assert read(board, RTU) == [REGISTERS]
    assert line.sent == [modbus.RtuRead(1, 3, 100, 3).request]


def test_rtu_drops_what_came_before_the_request():
    reply = rtu_reply(1, REGISTERS)
    board = board_with(always(reply, reply[:5]))
    assert read(board, RTU, times=3) == [REGISTERS] * 3


def test_rtu_survives_silence_on_the_same_line():
    board = board_with(in_turn(None, rtu_reply(1, REGISTERS)))
    assert read(board, RTU, times=2, timeout_s=0.05) == ["Late", REGISTERS]


def test_rtu_names_a_disturbed_reply_and_another_unit():
    disturbed = rtu_reply(1, REGISTERS)[:-1] + b"\x00"
    board = board_with(in_turn(disturbed, rtu_reply(2, REGISTERS), rtu_reply(1, REGISTERS)))
    assert read(board, RTU, times=3) == ["CrcError", "WrongUnit", REGISTERS]


def test_rtu_opens_the_line_again_after_it_failed():
    board = board_with(OSError(errno.ENOENT, "unplugged"), always(rtu_reply(1, REGISTERS)))
    assert read(board, RTU, times=2)[1] == REGISTERS


def test_tcp_keeps_the_connection_while_all_is_well():
    board = board_with(lambda request: [tcp_reply(request, 1, REGISTERS)])
    assert read(board, TCP, times=3) == [REGISTERS] * 3


def test_tcp_keeps_the_connection_after_a_refusal():
    board = board_with(lambda request: [request[:4] + b"\x00\x03\x01\x83\x02"])
    assert read(board, TCP, times=2) == ["ExceptionReply"] * 2


def test_tcp_takes_a_fresh_connection_after_any_other_failure():
    def answer(request):
        return [tcp_reply(request, 1, REGISTERS)]

    refused = OSError(errno.ECONNREFUSED, "refused")
    board = board_with(always(), always(b""), refused, always(b"\x00" * 12), answer)
    lines = [line for line in board.lines if not isinstance(line, OSError)]
    results = read(board, TCP, times=5, timeout_s=0.05)
    assert results[0] == "Late"
    assert results[3:] == ["WrongLength", REGISTERS]
    assert [line.closed for line in lines] == [True, True, True, False]


def test_tcp_is_not_fooled_by_the_answer_to_an_earlier_request():
    stale = tcp_reply(b"\x00\x09\x00\x00", 1, (7, 7, 7))
    board = board_with(always(stale), lambda request: [tcp_reply(request, 1, REGISTERS)])
    assert read(board, TCP, times=2) == ["WrongTransaction", REGISTERS]


def test_patience_grows_with_failures_and_returns_with_an_answer():
    patience = Patience()
    asked = []
    for now in range(0, 300_000, 100):
        if patience.ready(now):
            asked.append(now)
            patience.failed(now)
    pauses = [asked[index] - asked[index - 1] for index in range(1, len(asked))]
    assert pauses == [100, 100, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]
    patience.succeeded()
    assert patience.ready(10**9)
    patience.failed(10**9)
    assert patience.ready(10**9)


MAP = {"function": 3, "points": {"w": {"address": 100, "type": "s16", "scale_num": 1, "scale_den": 1, "unit": "W"}}}


class Line:
    """A link on which one unit is dead and one refuses after its third answer; counts what it is asked."""

    def __init__(self):
        self.asked = {}

    async def read(self, unit, _function, _address, count):
        self.asked[unit] = self.asked.get(unit, 0) + 1
        if unit == 1:
            raise OSError(errno.EIO, "dead")
        if unit == 2 and self.asked[2] > 3:
            raise modbus.ExceptionReply(2)
        return (5,) * count


def test_a_dead_device_does_not_starve_the_others():
    line = Line()
    devices = [PolledDevice(Device(unit, "plain", unit == 1), line, lambda _name: MAP) for unit in (1, 2)]

    async def polls():
        readings = []
        for now in range(0, 10_000, 500):
            for device in devices:
                reading = await device.poll(now)
                readings.append(reading and reading.w)
        return readings

    readings = asyncio.run(polls())
    assert readings[:6] == [None, 5, None, 5, None, 5]
    assert line.asked[1] == 5
    assert devices[0].errors == {"line": 5}
    assert devices[1].errors["exception"] == line.asked[2] - 3


class Battery:
    """A link to a battery alone (SunSpec 802, all points 0) whose registers begin at ``base``."""

    def __init__(self):
        self.base = 40000

    async def read(self, _unit, _function, address, count):
        if address < self.base:
            raise modbus.ExceptionReply(2)
        header = {0: 0x5375, 1: 0x6E53, 2: 802, 3: 62, 66: 0xFFFF}
        return tuple([header.get(address + index - self.base, 0) for index in range(count)])


def test_a_device_is_identified_at_its_first_poll_and_again_when_its_registers_move():
    line = Battery()
    device = PolledDevice(Device(1, "sunspec", True), line, lambda _name: {})

    async def polls():
        results = []
        for base in (40000, 50000, 50000):
            line.base = base
            reading = await device.poll(0)
            results.append(reading and reading.soc)
        return results

    assert asyncio.run(polls()) == [0, None, 0]
    assert device.errors == {"exception": 1}
    assert device.model.reads == [(3, 50013, 46)]
