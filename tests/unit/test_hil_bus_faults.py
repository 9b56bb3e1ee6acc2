"""Each fault of a bus, seen by the firmware's own master; their windows; and that a seed repeats them."""

from random import Random

import pytest

from firmware.wire import modbus
from hil.faults.bus import BusFault, BusKind, Framing, Rtu, Tcp, disturbed
from hil.faults.schedule import Schedule
from hil.links.interference import Interference
from hil.scenario import ScenarioError, parse

REGISTERS = (0x1234, 0x5678, 0x9ABC, 0xDEF0)
MESSAGE = bytes([1, 3, 8]) + b"".join(register.to_bytes(2, "big") for register in REGISTERS)
TRANSACTION = 7


def chance() -> Random:
    return Random(5)  # noqa: S311 - to be repeated, not to be secret


def heard(kind: BusKind, on: str) -> "tuple[int, ...] | type[Exception] | None":
    """What a master makes of the answer: registers, an error, or None if it would go on waiting."""
    read: modbus.RtuRead | modbus.TcpRead
    framing: Framing
    if on == "rtu":
        read, framing = modbus.RtuRead(1, 3, 40000, 4), Rtu()
    else:
        read, framing = modbus.TcpRead(TRANSACTION, 1, 3, 40000, 4), Tcp(TRANSACTION)
    received = b"".join(piece.data for piece in disturbed(kind, MESSAGE, framing, 0.3, chance()))
    try:
        while received:
            part, received = received[: read.wanted], received[read.wanted :]
            registers = read.feed(part)
            if registers is not None:
                return registers
    except modbus.ModbusError as error:
        return type(error)
    return type(read.stray) if read.stray else None


SWAPPED = (0x5678, 0x1234, 0xDEF0, 0x9ABC)
ZEROS = (0x7F7F,) * 4


@pytest.mark.parametrize(
    ("kind", "rtu", "tcp"),
    [
        (BusKind.SILENCE, None, None),
        (BusKind.DELAY, REGISTERS, REGISTERS),
        (BusKind.SPLIT, REGISTERS, REGISTERS),
        (BusKind.CRC, modbus.CrcError, modbus.WrongTransaction),
        (BusKind.UNIT, modbus.WrongUnit, modbus.WrongUnit),
        (BusKind.FUNCTION, modbus.WrongFunction, modbus.WrongFunction),
        (BusKind.LENGTH, modbus.WrongLength, modbus.WrongLength),
        (BusKind.EXCEPTION, modbus.ExceptionReply, modbus.ExceptionReply),
        (BusKind.TRUNCATED, None, None),
        (BusKind.NONSENSE, ZEROS, ZEROS),
        (BusKind.DUPLICATE, REGISTERS, REGISTERS),
        (BusKind.SWAPPED, SWAPPED, SWAPPED),
        (BusKind.SENTINEL, (0xFFFF,) * 4, (0xFFFF,) * 4),
    ],
)
def test_a_master_hears_what_the_name_says(kind: BusKind, rtu: object, tcp: object) -> None:
    assert heard(kind, "rtu") == rtu
    assert heard(kind, "tcp") == tcp


def test_junk_comes_before_the_answer_and_a_split_one_pauses() -> None:
    junk, whole = disturbed(BusKind.JUNK, MESSAGE, Rtu(), 0.0, chance())
    assert 1 <= len(junk.data) <= 24
    assert whole.data == Rtu().frame(MESSAGE)
    first, rest = disturbed(BusKind.SPLIT, MESSAGE, Rtu(), 0.3, chance())
    assert (first.delay_s, rest.delay_s, first.data + rest.data) == (0.0, 0.3, whole.data)
    assert len(disturbed(BusKind.DUPLICATE, MESSAGE, Rtu(), 0.0, chance())) == 2


def fault(at_s: float = 0, for_s: float = 10, of: str = "wind-1", share: float = 1) -> BusFault:
    return BusFault(at_s=at_s, for_s=for_s, of=of, on="bus", kind=BusKind.CRC, share=share)


def test_a_schedule_begins_and_ends_each_fault_once() -> None:
    early, late = fault(1, 2), fault(2, 5)
    schedule = Schedule([early, late])
    assert schedule.tick(0.9) == []
    assert [(change.fault, change.begins) for change in schedule.tick(1.0)] == [(early, True)]
    assert schedule.tick(1.5) == []
    assert [(change.fault, change.begins) for change in schedule.tick(3.0)] == [(early, False), (late, True)]
    assert schedule.active == (late,)
    assert [(change.fault, change.begins) for change in schedule.end()] == [(late, False)]
    assert not schedule.active
    assert schedule.tick(99) == schedule.end() == []


def test_a_window_between_two_calls_is_not_left_out() -> None:
    schedule = Schedule([fault(1, 1)])
    assert [change.begins for change in schedule.tick(5.0)] == [True]
    assert [change.begins for change in schedule.tick(5.1)] == [False]


def test_only_the_named_meters_are_hit_and_hits_are_counted() -> None:
    interference = Interference(1)
    answer = interference.on_line({1: "wind-1", 2: "wind-2"})
    other = bytes([2]) + MESSAGE[1:]
    clean = Rtu().frame(MESSAGE)
    assert [piece.data for piece in answer(MESSAGE, Rtu())] == [clean]
    one = fault(of="wind-1")
    interference.active = (one,)
    assert [piece.data for piece in answer(MESSAGE, Rtu())] == [Rtu().broken(MESSAGE)]
    assert [piece.data for piece in answer(other, Rtu())] == [Rtu().frame(other)]
    assert interference.hits == {one: 1}


def test_a_seed_repeats_which_answers_are_hit() -> None:
    def course(seed: int) -> list[bool]:
        interference = Interference(seed)
        interference.active = (fault(share=0.4),)
        answer = interference.on_line({1: "wind-1"})
        return [answer(MESSAGE, Rtu())[0].data == Rtu().broken(MESSAGE) for _ in range(200)]

    assert course(3) == course(3) != course(4)
    assert 50 < sum(course(3)) < 110


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ('kind = "crc"\ndelay_s = 1', "f:4: fault: delay_s is for the kinds delay and split"),
        ('kind = "split"', "f:4: fault: delay_s is for the kinds delay and split"),
        ('kind = "noise"', "f:9: kind: Input should be 'silence'"),
        ('kind = "crc"\nshare = 0', "f:10: share: Input should be greater than 0"),
    ],
)
def test_a_wrong_fault_is_told_by_its_line(extra: str, complaint: str) -> None:
    head = 'title = "t"\n[island]\nseconds = 1\n[[fault]]\non = "bus"\nof = "*"\nat_s = 1\nfor_s = 1\n'
    with pytest.raises(ScenarioError) as raised:
        parse(head + extra + '\n[[verdict]]\ntitle = "v"\nshape = "is_constant"\nseries = "x"\n', "f")
    assert str(raised.value).startswith(complaint)
