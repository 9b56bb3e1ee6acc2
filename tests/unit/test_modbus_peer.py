"""Our Modbus codec against pymodbus: what we ask it understands, and what it answers we read."""

import pytest
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.framer.base import FramerBase
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    ReadInputRegistersRequest,
    ReadInputRegistersResponse,
)

from firmware.wire import modbus

KINDS = [
    (modbus.READ_HOLDING, ReadHoldingRegistersRequest, ReadHoldingRegistersResponse),
    (modbus.READ_INPUT, ReadInputRegistersRequest, ReadInputRegistersResponse),
]
SHAPES = [(1, 0, 1), (17, 40000, 70), (247, 65411, 125)]


def exchange(
    link: str, unit: int, function: int, address: int, count: int
) -> tuple[modbus.RtuRead | modbus.TcpRead, FramerBase]:
    """A read of ours and pymodbus's framer for the same link."""
    if link == "rtu":
        return modbus.RtuRead(unit, function, address, count), FramerRTU(DecodePDU(True))
    return modbus.TcpRead(513, unit, function, address, count), FramerSocket(DecodePDU(True))


@pytest.mark.parametrize("link", ["rtu", "tcp"])
@pytest.mark.parametrize(("function", "request_type", "reply_type"), KINDS)
@pytest.mark.parametrize(("unit", "address", "count"), SHAPES)
def test_pymodbus_understands_and_answers(
    link: str,
    function: int,
    request_type: type[ModbusPDU],
    reply_type: type[ModbusPDU],
    unit: int,
    address: int,
    count: int,
) -> None:
    read, framer = exchange(link, unit, function, address, count)
    used, request = framer.handleFrame(read.request, 0, 0)
    assert used == len(read.request)
    assert isinstance(request, request_type)
    assert (request.dev_id, request.address, request.count) == (unit, address, count)

    registers = [(i * 2621) & 0xFFFF for i in range(count)]
    reply = reply_type(dev_id=unit, transaction_id=request.transaction_id, registers=registers)
    assert read.feed(framer.buildFrame(reply)) == tuple(registers)


@pytest.mark.parametrize("link", ["rtu", "tcp"])
def test_pymodbus_refuses(link: str) -> None:
    read, framer = exchange(link, 9, modbus.READ_INPUT, 0, 4)
    _, request = framer.handleFrame(read.request, 0, 0)
    assert request is not None
    refusal = ExceptionResponse(modbus.READ_INPUT, exception_code=2)
    refusal.dev_id, refusal.transaction_id = 9, request.transaction_id
    with pytest.raises(modbus.ExceptionReply) as caught:
        read.feed(framer.buildFrame(refusal))
    assert caught.value.code == 2


def test_checksums_agree() -> None:
    for size in range(64):
        data = bytes((size * 37 + i * i) & 0xFF for i in range(size))
        swapped = FramerRTU.compute_CRC(data)
        assert modbus.crc16(data) == swapped >> 8 | (swapped & 0xFF) << 8
