"""Links and devices: replies that come in pieces, late, wrong or never; and a dead device among living ones."""

import asyncio
import errno

from firmware.hal import fake
from firmware.meter import link
from firmware.meter.config import Bus, Device
from firmware.meter.deadline import Late
from firmware.meter.device import PolledDevice
from firmware.meter.patience import Patience
from firmware.meter.read_plan import cost_on
from firmware.meter.stopwatch import Stopwatch
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


def test_rtu_leaves_the_line_silent_between_frames():
    board = board_with(always(rtu_reply(1, REGISTERS)))
    watch = Stopwatch()
    assert read(board, Bus("rtu", path="line", baud=9600), times=21) == [REGISTERS] * 21
    assert watch.us() >= 20 * modbus.silent_interval_us(9600)


def test_rtu_drives_the_line_for_its_request_and_no_longer():
    pin = fake.Direction(busy=3)
    board = board_with(always(rtu_reply(1, REGISTERS)))
    board.lines[0].direction = pin
    assert read(board, RTU) == [REGISTERS]
    assert pin.events == ["transmit", "sent", "receive"]


def test_rtu_leaves_the_line_when_the_port_hangs():
    pin = fake.Direction(busy=1 << 60)
    board = board_with(always(rtu_reply(1, REGISTERS)))
    line = board.lines[0]
    line.direction = pin
    assert read(board, RTU) == ["OSError"]
    assert pin.events == ["transmit", "receive"]
    assert line.closed


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
    assert read(board, RTU, times=3, timeout_s=0.05) == ["CrcError", "WrongUnit", REGISTERS]


def test_rtu_passes_over_the_late_answer_of_a_slow_device():
    late, mine = rtu_reply(2, (7, 7, 7)), rtu_reply(1, REGISTERS)
    assert read(board_with(always(late, mine[:2], mine[2:])), RTU) == [REGISTERS]


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
    assert read(board, TCP, times=2, timeout_s=0.05) == ["WrongTransaction", REGISTERS]


def test_tcp_passes_over_the_answer_to_an_earlier_request():
    stale = tcp_reply(b"\x00\x09\x00\x00", 1, (7, 7, 7))
    board = board_with(lambda request: [stale, tcp_reply(request, 1, REGISTERS)])
    assert read(board, TCP, times=2) == [REGISTERS] * 2


def test_patience_grows_with_failures_and_returns_with_an_answer():
    patience = Patience()
    asked = []
    for now in range(0, 1_300_000, 100):
        if patience.ready(now):
            asked.append(now)
            patience.failed(now)
    pauses = [asked[index] - asked[index - 1] for index in range(1, len(asked))]
    assert pauses == [100, 100, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000, 300000]
    patience.succeeded()
    assert patience.ready(10**9)
    patience.failed(10**9)
    assert patience.ready(10**9)


def point(address, type="s16", **more):
    entry = {"address": address, "type": type, "scale_num": 1, "scale_den": 1, "unit": "W"}
    entry.update(more)
    return entry


def map_of(**points):
    return {"device": "d", "document": "m", "function": 3, "points": points}


class Line:
    """A link whose ``answer(unit, address, count)`` is a register, or raises; ``asked`` counts by unit."""

    cost = cost_on(RTU)

    def __init__(self, answer):
        self._answer = answer
        self.asked = {}
        self.reads = []

    async def read(self, unit, _function, address, count):
        self.asked[unit] = self.asked.get(unit, 0) + 1
        self.reads.append((address, count))
        return (self._answer(unit, address, count),) * count


def polled(line, unit=1, name="plain", map=None):
    return PolledDevice(Device(unit, name, True), line, lambda _name: map or map_of(w=point(100)))


def poll(device, times=1, every_ms=500):
    """What ``times`` polls of ``device`` give."""

    async def polls():
        readings = []
        for now in range(0, times * every_ms, every_ms):
            readings.append(await device.poll(now))
        return readings

    return asyncio.run(polls())


def test_a_dead_device_does_not_starve_the_others():
    def answer(unit, _address, _count):
        if unit == 1:
            raise OSError(errno.EIO, "dead")
        if unit == 2 and line.asked[2] > 3:
            raise modbus.ExceptionReply(2)
        return 5

    line = Line(answer)
    devices = [polled(line, unit) for unit in (1, 2)]

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


def test_every_failure_has_a_counter_and_a_status():
    failures = (
        (Late(errno.ETIMEDOUT, "late"), "timeout"),
        (OSError(errno.EIO, "gone"), "line"),
        (modbus.CrcError("crc"), "crc"),
        (modbus.WrongUnit("unit"), "unit"),
        (modbus.WrongTransaction("transaction"), "transaction"),
        (modbus.WrongFunction("function"), "function"),
        (modbus.WrongLength("length"), "length"),
        (modbus.ExceptionReply(6), "exception"),
    )
    for failure, kind in failures:

        def answer(_unit, _address, _count, failure=failure):
            raise failure

        device = polled(Line(answer))
        assert device.status == ""
        assert poll(device) == [None]
        assert (device.status, device.errors, device.last_error) == (kind, {kind: 1}, str(failure))
    device = polled(Line(lambda *_: 5))
    assert poll(device)[0].w == 5
    assert (device.status, device.errors, device.last_error) == ("ok", {}, None)


def test_nonsense_is_no_reading_and_is_asked_again_at_once():
    line = Line(lambda *_: 9000 if line.asked[1] < 6 else 7)
    device = polled(line, map=map_of(w=point(100, range=[-100, 100])))
    readings = poll(device, 6)
    assert readings[:5] == [None] * 5
    assert readings[5].w == 7
    assert device.errors == {"nonsense": 5}


def test_a_device_that_refuses_the_registers_between_its_points_is_read_without_them():
    def answer(_unit, _address, count):
        if count > 1:
            raise modbus.ExceptionReply(2)
        return 5

    line = Line(answer)
    device = polled(line, map=map_of(w=point(100), dv=point(103)))
    readings = poll(device, 3)
    assert readings[0] is None
    assert [reading.dv for reading in readings[1:]] == [5, 5]
    assert line.reads == [(100, 4)] + [(100, 1), (103, 1)] * 2


def test_a_busy_device_is_not_asked_for_less():
    def answer(*_):
        raise modbus.ExceptionReply(6)

    device = polled(Line(answer), map=map_of(w=point(100), dv=point(103)))
    poll(device)
    assert device.reads == [(100, 4)]


def test_zeros_of_a_device_that_has_just_been_switched_on_do_not_begin_the_record():
    counts = [0, 0, 500, 0, 501]
    line = Line(lambda *_: counts.pop(0))
    device = polled(line, map=map_of(export_wh=point(100)))
    assert [reading.registers for reading in poll(device, 5)] == [None, None, (0, 500), (0, 0), (0, 501)]


def test_zeros_that_stay_are_believed():
    device = polled(Line(lambda *_: 0), map=map_of(export_wh=point(100)))
    assert [reading.registers for reading in poll(device, 4)] == [None, None, (0, 0), (0, 0)]


class Battery:
    """A link to a battery alone (SunSpec 802, all points 0) behind ``foreign`` other models; registers from ``base`` on."""

    cost = cost_on(RTU)

    def __init__(self, foreign=0):
        self.base = 40000
        self.asked = 0
        self._registers = {0: 0x5375, 1: 0x6E53}
        for index in range(foreign):
            self._registers[2 + 2 * index] = 64001
        self._registers.update({2 + 2 * foreign: 802, 3 + 2 * foreign: 62, 66 + 2 * foreign: 0xFFFF})

    async def read(self, _unit, _function, address, count):
        self.asked += 1
        if address < self.base:
            raise modbus.ExceptionReply(2)
        return tuple([self._registers.get(address + index - self.base, 0) for index in range(count)])


def test_a_device_is_identified_at_its_first_poll_and_again_when_its_registers_move():
    line = Battery()
    device = polled(line, name="sunspec")

    async def polls():
        results = []
        for base in (40000, 50000, 50000):
            line.base = base
            reading = await device.poll(0)
            results.append(reading and reading.soc)
        return results

    assert asyncio.run(polls()) == [0, None, 0]
    assert device.errors == {"exception": 1}
    assert device.reads == [(50013, 46)]


def test_a_long_search_lets_the_neighbours_in_between():
    line = Battery(foreign=20)
    device = polled(line, name="sunspec")
    readings = poll(device, 3)
    assert readings[:2] == [None, None]
    assert readings[2].soc == 0
    assert line.asked == 24
    assert device.errors == {}
