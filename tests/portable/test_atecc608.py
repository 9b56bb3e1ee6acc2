"""The secure element's driver against a model of the chip, byte by byte: waking, packets, errors, sessions that fail."""

from firmware.hal import atecc608_packet as packet
from firmware.hal.atecc608 import ADDRESS, Atecc608
from firmware.hal.fake_atecc608 import COUNTER_LIMIT, REVISION, SERIAL, Chip
from firmware.wire import es256
from firmware.wire.fields import RangeError
from firmware.wire.signer import SignerError
from firmware.wire.steps import finish

SECRET = bytes(31) + b"\x07"
PUBLIC = es256.public_from_secret(SECRET)
DIGEST = bytes(range(32))
SIGN, NONCE = 0x41, 0x16
MESSAGES = {
    packet.ElementSilent: "no secure element at",
    packet.ElementGarbled: "secure element",
    packet.ElementFault: "secure element: ",
    packet.ElementRefused: "(0x",
}


def opened(chip=None):
    chip = chip or Chip(SECRET)
    element = Atecc608(chip, chip.ticks_ms)
    chip.executed.clear()
    return chip, element


def raised(kind, call, *arguments):
    """The message of the error that the call raises, if it is of exactly this kind; else its kind."""
    try:
        call(*arguments)
    except SignerError as error:
        return str(error) if type(error) is kind else str(type(error))
    raise AssertionError("it raised nothing")


def test_crc_of_published_packets():
    # what every chip says when it woke, and when it has done something
    assert packet.crc(b"\x04\x11") == b"\x33\x43"
    assert packet.crc(b"\x04\x00") == b"\x03\x40"


def test_commands_are_the_bytes_of_the_data_sheet():
    assert packet.info() == bytes([0x07, 0x30, 0, 0, 0, 0x03, 0x5D])
    assert packet.sign_digest(1)[:5] == bytes([0x07, 0x41, 0xA0, 0x01, 0x00])
    assert packet.load_digest(DIGEST)[:-2] == bytes([0x27, 0x16, 0x43, 0, 0]) + DIGEST
    assert packet.read_config(2)[:5] == bytes([0x07, 0x02, 0x80, 0x10, 0x00])
    for command in (packet.info(), packet.load_digest(DIGEST), packet.increment_counter(1)):
        assert len(command) == command[0]
        assert packet.crc(command[:-2]) == command[-2:]


def test_public_key_kid_and_signature():
    chip, element = opened()
    assert (element.public, element.kid) == (PUBLIC, es256.key_id(PUBLIC))
    signature = element.sign(DIGEST)
    assert es256.verify(PUBLIC, DIGEST, signature)
    assert signature == es256.sign(SECRET, DIGEST)
    assert chip.executed == [NONCE, SIGN]
    assert chip.asleep


def test_a_low_s_stays():
    chip, element = opened()
    chip.sign = lambda digest: es256.sign(SECRET, digest)
    assert element.sign(DIGEST) == es256.sign(SECRET, DIGEST)


def test_what_is_no_signature_is_a_fault():
    chip, element = opened()
    for nonsense in (bytes(64), b"\xff" * 64, bytes(63) + b"\x01", bytes(31) + b"\x01" + bytes(32)):
        chip.sign = {DIGEST: nonsense}.get
        assert "no signature" in raised(packet.ElementFault, element.sign, DIGEST)


def test_other_commands():
    chip, element = opened()
    assert finish(element.serial_steps()) == SERIAL
    assert finish(element.revision_steps()) == REVISION
    assert len(finish(element.random_steps())) == 32
    assert [finish(element.increment_steps(1)) for _ in range(3)] == [1, 2, 3]
    assert (finish(element.counter_steps(0)), finish(element.counter_steps(1))) == (0, 3)
    chip.counters[0] = COUNTER_LIMIT
    assert "0x0f" in raised(packet.ElementRefused, finish, element.increment_steps(0))
    assert "0x03" in raised(packet.ElementRefused, finish, element.counter_steps(2))


def test_a_digest_has_32_bytes():
    _, element = opened()
    try:
        element.sign(DIGEST[:31])
        raise AssertionError("it signed")
    except RangeError:
        pass


def test_the_caller_has_many_turns_while_the_chip_signs():
    chip, element = opened()
    before, longest, turns = chip.ticks_ms(), 0, 0
    last = before
    for _ in element.sign_steps(DIGEST):
        now = chip.ticks_ms()
        longest, last, turns = max(longest, now - last), now, turns + 1
    assert turns > 100
    assert longest <= (last - before) / 20


def test_two_signatures_at_once_are_two_sessions():
    chip, element = opened()
    digests = [DIGEST, bytes(32)]
    signing = [element.sign_steps(digest) for digest in digests]
    signatures = {}
    while len(signatures) < 2:
        for index, steps in enumerate(signing):
            try:
                next(steps)
            except StopIteration as end:
                signatures.setdefault(index, end.value)
    assert signatures == {0: es256.sign(SECRET, DIGEST), 1: es256.sign(SECRET, bytes(32))}
    assert chip.executed == [NONCE, SIGN, NONCE, SIGN]


def test_a_signature_that_is_given_up_leaves_the_chip_asleep_and_free():
    chip, element = opened()
    steps = element.sign_steps(DIGEST)
    for _ in range(60):
        next(steps)
    steps.close()
    assert element.sign(DIGEST) == es256.sign(SECRET, DIGEST)
    assert chip.asleep


def test_a_disturbed_line_is_tried_again():
    for fault in ("nacks", "garbled", "misheard", "ecc_faults"):
        for count in (1, 2):
            chip, element = opened()
            setattr(chip, fault, count)
            assert element.sign(DIGEST) == es256.sign(SECRET, DIGEST), fault
            assert getattr(chip, fault) == 0


def test_a_response_with_a_wrong_bit_is_read_again_and_not_computed_again():
    chip, element = opened()
    counting = element.increment_steps(0)
    while not chip.executed:
        next(counting)
    chip.garbled = 2
    assert finish(counting) == chip.counters[0] == 1


def test_a_chip_that_failed_its_self_test_says_so():
    chip, element = opened()
    chip.healthy = False
    assert "self-test" in raised(packet.ElementRefused, element.sign, DIGEST)


def test_what_stays_wrong_is_named():
    for fault, kind in (
        ("nacks", packet.ElementSilent),
        ("garbled", packet.ElementGarbled),
        ("misheard", packet.ElementGarbled),
        ("ecc_faults", packet.ElementFault),
    ):
        chip, element = opened()
        setattr(chip, fault, 100_000)
        assert MESSAGES[kind] in raised(kind, element.sign, DIGEST)
        setattr(chip, fault, 0)
        # a session that was cut short may have left it awake: the next one gets through
        assert element.sign(DIGEST) == es256.sign(SECRET, DIGEST)


def test_a_chip_that_is_awake_already_is_put_to_sleep_first():
    chip, element = opened()
    try:  # noqa: SIM105 - boards have no contextlib
        chip.writeto(0, b"\x01")
    except OSError:
        pass
    chip.idle_for(3)
    chip.writeto(ADDRESS, b"\x03" + packet.info())
    chip.idle_for(10)
    assert element.sign(DIGEST) == es256.sign(SECRET, DIGEST)


def test_a_watchdog_between_two_commands_costs_a_session_and_no_more():
    chip, element = opened()
    chip.watchdog_us = 100_000
    assert "watchdog" in raised(packet.ElementFault, element.sign, DIGEST)
    chip.watchdog_us = 700_000
    steps = element.sign_steps(DIGEST)
    while NONCE not in chip.executed[1:]:
        next(steps)
    chip.idle_for(1000)
    assert finish(steps) == es256.sign(SECRET, DIGEST)


def test_no_chip_a_wrong_address_and_a_fast_bus_are_silence():
    chip = Chip(SECRET)
    assert "0x35" in raised(packet.ElementSilent, Atecc608, chip, chip.ticks_ms, 0x35)
    chip.frequency = 400_000
    assert "100 kHz" in raised(packet.ElementSilent, Atecc608, chip, chip.ticks_ms)
    assert chip.asleep


def test_an_unlocked_chip_is_not_used():
    chip = Chip(SECRET)
    chip.locked = False
    assert "provision" in raised(packet.ElementUnlocked, Atecc608, chip, chip.ticks_ms)


def test_responses():
    def response(*body):
        group = bytes([len(body) + 3]) + bytes(body)
        return group + packet.crc(group)

    assert packet.parse(response(0)) == b""
    assert packet.parse(response(1, 2, 3, 4)) == b"\x01\x02\x03\x04"
    for status, kind in (
        (0x01, packet.ElementRefused),
        (0x03, packet.ElementRefused),
        (0x05, packet.ElementFault),
        (0x07, packet.ElementRefused),
        (0x08, packet.ElementRefused),
        (0x0F, packet.ElementRefused),
        (0x11, packet.ElementGarbled),
        (0x42, packet.ElementRefused),
        (0xEE, packet.ElementFault),
        (0xFF, packet.ElementGarbled),
    ):
        assert MESSAGES[kind] in raised(kind, packet.parse, response(status))
    for bad in (b"", b"\x04", b"\xff" * 67, response(0)[:-1], response(0) + b"\x00", b"\x03" + packet.crc(b"\x03")):
        assert "CRC" in raised(packet.ElementGarbled, packet.parse, bad)
    assert packet.is_woken(response(0x11))
    assert not packet.is_woken(response(0x07))
