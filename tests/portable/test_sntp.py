"""SNTP's packets: what is asked, and how little is believed."""

from firmware.wire import sntp
from firmware.wire.fields import RangeError, WireError

COOKIE = b"\x01\x23\x45\x67\x89\xab\xcd\xef"
T = 1_800_000_000  # 2027-01-15
TO_1970 = 2_208_988_800
SIXTEENTH_S = 1 << 12  # of root delay and dispersion


def timestamp(unix_ms):
    seconds = (unix_ms // 1000 + TO_1970) & 0xFFFFFFFF
    fraction = -(-(unix_ms % 1000 << 32) // 1000)
    return seconds.to_bytes(4, "big") + fraction.to_bytes(4, "big")


def answer(received=1000 * T, sent=1000 * T, first=0x24, stratum=2, precision=0xEC, delay=0, dispersion=0, reference=b"GPS\0"):
    """A server's answer; times in Unix ms."""
    head = bytes((first, stratum, 6, precision)) + delay.to_bytes(4, "big") + dispersion.to_bytes(4, "big") + reference
    return head + bytes(8) + COOKIE + timestamp(received) + timestamp(sent)


def refusal(data, under_way=100):
    try:
        sntp.measure(data, under_way)
    except WireError as error:
        return error
    return None


def test_a_request_says_nothing_but_its_cookie():
    assert sntp.request(COOKIE) == b"\x23" + bytes(39) + COOKIE
    for wrong in (b"", bytes(7), bytes(9)):
        try:
            sntp.request(wrong)
        except RangeError:
            continue
        raise AssertionError(wrong)


def test_an_answer_is_of_a_server_of_version_4_to_this_request():
    assert sntp.answers(answer(), COOKIE)
    assert sntp.answers(answer(first=0xE4) + bytes(20), COOKIE)
    for stray in (
        b"",
        answer()[:47],
        sntp.request(COOKIE),
        answer(first=0x23),
        answer(first=0x25),
        answer(first=0x1C),
        answer(first=0x2C),
        answer().replace(COOKIE, bytes(8)),
        answer().replace(COOKIE, COOKIE[:7] + b"\xee"),
    ):
        assert not sntp.answers(stray, COOKIE), stray


def test_the_time_lies_between_request_and_arrival_without_the_servers_own():
    at = 1000 * T
    assert sntp.measure(answer(at, at), 100) == (at + 50, 50 + 2)
    assert sntp.measure(answer(at, at), 101) == (at + 51, 51 + 2)
    assert sntp.measure(answer(at, at + 3000), 3100) == (at + 3050, 50 + 2)
    assert sntp.measure(answer(at, at + 100), 100) == (at + 100, 2)
    assert sntp.measure(answer(at, at + 101), 100) == (at + 101, 2)
    assert sntp.measure(answer(at + 999, at + 999) + b"extension", 0) == (at + 999, 2)


def test_the_servers_own_uncertainty_counts():
    at = 1000 * T
    assert sntp.measure(answer(delay=2 * SIXTEENTH_S), 0) == (at, 63 + 2)
    assert sntp.measure(answer(dispersion=SIXTEENTH_S), 0) == (at, 63 + 2)
    assert sntp.measure(answer(precision=0xFA), 0) == (at, 16 + 1)
    assert sntp.measure(answer(precision=0), 0) == (at, 1000 + 1)
    assert sntp.measure(answer(precision=1), 0) == (at, 2000 + 1)
    assert sntp.measure(answer(precision=0x80), 0) == (at, 1 + 1)
    assert sntp.measure(answer(delay=1, dispersion=1), 0) == (at, 1 + 1 + 2)
    assert sntp.measure(answer(dispersion=1_048_444), 0) == (at, 15_998 + 2)
    assert refusal(answer(dispersion=1_048_510))


def test_a_server_that_does_not_know_the_time_is_not_believed():
    for change in (
        {"first": 0xE4},
        {"stratum": 16},
        {"stratum": 255},
        {"dispersion": 16 << 16},
        {"delay": 32 << 16},
        {"delay": 1 << 24},
        {"dispersion": 1 << 24},
        {"precision": 0x7F},
        {"received": 0, "sent": 0},
        {"sent": 1_577_836_799_999, "received": 1_577_836_799_999},
        {"received": -61_505_152_000, "sent": -61_505_152_000},  # 1968, the first second of its half of the era
        {"received": 1000 * T + 1},
        {"sent": 1000 * T + 102},
    ):
        assert refusal(answer(**change)), change
    for first in (0x24, 0x64, 0xA4):
        assert refusal(answer(first=first)) is None
    assert refusal(answer(stratum=15)) is None
    empty = answer()[:40] + bytes(8)
    assert "empty" in str(refusal(empty))
    assert "empty" in str(refusal(answer()[:32] + bytes(8) + answer()[40:]))


def test_a_kiss_says_what_the_server_wants():
    for code in ("RATE", "DENY", "RSTR"):
        kiss = refusal(answer(first=0xE4, stratum=0, reference=code.encode()))
        assert isinstance(kiss, sntp.Kiss)
        assert (kiss.code, str(kiss)) == (code, "the time server says " + code)
    assert refusal(answer(stratum=0, reference=b"\x00\xff\nA")).code == "A"


def test_the_era_after_2036_goes_on():
    last = (1 << 32) - TO_1970
    for second in (last - 1, last, last + 1, last + 1_000_000_000):
        assert sntp.measure(answer(1000 * second + 500, 1000 * second + 500), 0) == (1000 * second + 500, 2)
    assert sntp.measure(answer(1000 * last - 1, 1000 * last + 1), 2) == (1000 * last + 1, 2)
