from firmware.wire import modbus
from firmware.wire.fields import RangeError, WireError

HOLDING, INPUT = modbus.READ_HOLDING, modbus.READ_INPUT

# MODBUS Application Protocol V1.1b3, 6.3: registers 108..110 of a device, here unit 17
REQUEST = bytes.fromhex("1103006b0003")
REPLY = bytes.fromhex("110306022b00000064")
REGISTERS = (0x022B, 0x0000, 0x0064)


def sealed(message):
    crc = modbus.crc16(message)
    return message + bytes([crc & 255, crc >> 8])


def enveloped(message, transaction=7, protocol=0):
    return bytes([0, transaction, 0, protocol, 0, len(message)]) + message


def rtu():
    return modbus.RtuRead(17, HOLDING, 107, 3)


def tcp():
    return modbus.TcpRead(7, 17, HOLDING, 107, 3)


def raised(call, *arguments):
    try:
        call(*arguments)
    except (WireError, RangeError) as error:
        return error
    return None


def test_crc_of_published_frames():
    assert modbus.crc16(b"123456789") == 0x4B37
    # MODBUS over Serial Line V1.02, appendix B: the frame 02 07 ends 41 12
    assert sealed(b"\x02\x07").hex() == "02074112"


def test_rtu_request():
    assert rtu().request == sealed(REQUEST)
    assert modbus.RtuRead(247, INPUT, 65535, 1).request == sealed(bytes.fromhex("f704ffff0001"))


def test_tcp_request():
    assert tcp().request == bytes.fromhex("000700000006") + REQUEST
    read = modbus.TcpRead(0x1234, 255, INPUT, 0, 125)
    assert read.request.hex() == "123400000006ff040000007d"


def test_requests_out_of_range():
    for unit, function, address, count in (
        (0, HOLDING, 0, 1),
        (248, HOLDING, 0, 1),
        (1, 6, 0, 1),
        (1, HOLDING, -1, 1),
        (1, HOLDING, 0, 0),
        (1, HOLDING, 0, 126),
        (1, HOLDING, 65535, 2),
    ):
        assert isinstance(raised(modbus.RtuRead, unit, function, address, count), RangeError)
    assert isinstance(raised(modbus.TcpRead, 65536, 1, HOLDING, 0, 1), RangeError)
    assert isinstance(raised(modbus.TcpRead, 1, 256, HOLDING, 0, 1), RangeError)


def test_whole_replies():
    assert rtu().feed(sealed(REPLY)) == REGISTERS
    assert tcp().feed(enveloped(REPLY)) == REGISTERS


def test_replies_byte_by_byte():
    for read, reply in ((rtu(), sealed(REPLY)), (tcp(), enveloped(REPLY))):
        for byte in reply[:-1]:
            assert read.wanted > 0
            assert read.feed(bytes([byte])) is None
        assert read.wanted == 1
        assert read.feed(reply[-1:]) == REGISTERS
        assert read.wanted == 0


def test_reading_what_is_wanted_never_takes_a_byte_too_many():
    for read, reply in ((rtu(), sealed(REPLY)), (tcp(), enveloped(REPLY))):
        stream = reply + b"next"
        registers = None
        while registers is None:
            taken, stream = stream[: read.wanted], stream[read.wanted :]
            registers = read.feed(taken)
        assert registers == REGISTERS
        assert stream == b"next"


def test_an_exception_is_all_that_is_wanted_at_first():
    message = bytes([17, HOLDING | 0x80, 2])
    assert rtu().wanted == len(sealed(message))
    assert tcp().wanted == len(enveloped(message))


def test_the_longest_reply():
    data = bytes(range(250))
    expected = tuple([data[i] << 8 | data[i + 1] for i in range(0, 250, 2)])
    reply = b"\x01\x04\xfa" + data
    assert modbus.RtuRead(1, INPUT, 0, 125).feed(sealed(reply)) == expected
    assert modbus.TcpRead(7, 1, INPUT, 0, 125).feed(enveloped(reply)) == expected


def test_exception_replies():
    for code in (1, 2, 6, 11, 99):
        message = bytes([17, HOLDING | 0x80, code])
        for read, reply in ((rtu(), sealed(message)), (tcp(), enveloped(message))):
            error = raised(read.feed, reply)
            assert isinstance(error, modbus.ExceptionReply)
            assert error.code == code
    assert "no such registers" in str(modbus.ExceptionReply(2))
    assert "not in the standard" in str(modbus.ExceptionReply(99))


def test_every_flipped_bit_is_an_error():
    frame = sealed(REPLY)
    for at in range(8 * len(frame)):
        flipped = bytearray(frame)
        flipped[at // 8] ^= 1 << at % 8
        read = rtu()
        error = raised(read.feed, bytes(flipped))
        # a higher byte count asks for bytes that never come: the caller's time-out
        assert isinstance(error, modbus.ModbusError) or read.wanted > 0, at


def test_a_disturbed_unit_is_a_disturbance():
    assert isinstance(raised(rtu().feed, b"\x12" + sealed(REPLY)[1:]), modbus.CrcError)
    assert isinstance(raised(rtu().feed, sealed(REPLY)[:-1] + b"\x00"), modbus.CrcError)


def test_replies_to_another_request():
    cases = (
        (bytes.fromhex("110406022b00000064"), modbus.WrongFunction),
        (bytes.fromhex("118402"), modbus.WrongFunction),
        (bytes.fromhex("110304022b0000"), modbus.WrongLength),
        (bytes.fromhex("110308022b000000640001"), modbus.WrongLength),
        (bytes.fromhex("110300"), modbus.WrongLength),
    )
    for message, expected in cases:
        assert isinstance(raised(rtu().feed, sealed(message)), expected), message
        assert isinstance(raised(tcp().feed, enveloped(message)), expected), message


def test_a_late_reply_to_another_request_is_passed_over():
    for read, stray, reply, kind in (
        (rtu(), sealed(b"\x12" + REPLY[1:]), sealed(REPLY), modbus.WrongUnit),
        (rtu(), sealed(b"\x12\x83\x02"), sealed(REPLY), modbus.WrongUnit),
        (tcp(), enveloped(REPLY, transaction=6), enveloped(REPLY), modbus.WrongTransaction),
    ):
        assert read.stray is None
        assert read.feed(stray) is None
        assert isinstance(read.stray, kind)
        assert read.wanted == (5 if kind is modbus.WrongUnit else 9)
        for byte in reply[:-1]:
            assert read.feed(bytes([byte])) is None
        assert read.feed(reply[-1:]) == REGISTERS


def test_an_unknown_function_is_judged_at_once():
    assert isinstance(raised(rtu().feed, b"\x11\x06\x00"), modbus.WrongFunction)


def test_bytes_after_the_reply():
    assert isinstance(raised(rtu().feed, sealed(REPLY) + b"\x01"), modbus.WrongLength)
    assert isinstance(raised(tcp().feed, enveloped(REPLY) + b"\x01"), modbus.WrongLength)


def test_tcp_envelopes():
    assert isinstance(raised(tcp().feed, enveloped(b"\x12" + REPLY[1:])), modbus.WrongUnit)
    assert isinstance(raised(tcp().feed, enveloped(REPLY, protocol=1)), modbus.WrongLength)
    # judged from six bytes: nothing is waited for that no reply can have
    for length in ("0000", "0002", "00ff", "ffff"):
        assert isinstance(raised(tcp().feed, bytes.fromhex("00070000" + length)), modbus.WrongLength)


def test_a_byte_count_that_contradicts_the_envelope():
    assert isinstance(raised(tcp().feed, enveloped(REPLY[:-2])), modbus.WrongLength)
    assert isinstance(raised(tcp().feed, enveloped(REPLY[:2] + b"\x05" + REPLY[3:])), modbus.WrongLength)


def test_faults_are_the_peers():
    for error in (modbus.CrcError, modbus.WrongTransaction, modbus.ExceptionReply):
        assert issubclass(error, modbus.ModbusError)
    assert issubclass(modbus.ModbusError, WireError)


def test_silent_interval():
    # 3.5 characters of 11 bits
    assert modbus.silent_interval_us(9600) == 4011
    assert modbus.silent_interval_us(19200) == 2006
    assert modbus.silent_interval_us(1200) == 32084
    assert modbus.silent_interval_us(38400) == 1750
    assert modbus.silent_interval_us(115200) == 1750


def test_time_on_the_line():
    # 11 bits a byte; request 8 bytes, reply 5 and two a register, 3.5 characters of silence after each
    assert modbus.frame_us(9600, 8) == 9167
    assert modbus.frame_us(115200, 1) == 96
    assert modbus.exchange_us(9600, 10) == 9167 + 28646 + 2 * 4011
    assert modbus.exchange_us(115200, 125) == 764 + 24349 + 2 * 1750
