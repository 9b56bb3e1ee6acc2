from firmware.wire import cbor
from firmware.wire.fields import RangeError, WireError

# RFC 8949, appendix A, as far as it lies in our subset
EXAMPLES: "tuple[tuple[object, str], ...]" = (
    (0, "00"),
    (23, "17"),
    (24, "1818"),
    (100, "1864"),
    (1000, "1903e8"),
    (1000000, "1a000f4240"),
    (1000000000000, "1b000000e8d4a51000"),
    (18446744073709551615, "1bffffffffffffffff"),
    (-1, "20"),
    (-10, "29"),
    (-100, "3863"),
    (-18446744073709551616, "3bffffffffffffffff"),
    (None, "f6"),
    (b"", "40"),
    (b"\x01\x02\x03\x04", "4401020304"),
    ("", "60"),
    ("IETF", "6449455446"),
    ([], "80"),
    ([1, [2, 3], [4, 5]], "8301820203820405"),
    (list(range(1, 26)), "98190102030405060708090a0b0c0d0e0f101112131415161718181819"),
    ({}, "a0"),
    ({1: 2, 3: 4}, "a201020304"),
)


def refused(text, depth=cbor.MAX_DEPTH):
    try:
        cbor.decode(bytes.fromhex(text), depth)
    except WireError:
        return True
    return False


def test_examples_of_the_rfc_both_ways():
    for value, text in EXAMPLES:
        assert cbor.encode(value) == bytes.fromhex(text), text
        assert cbor.decode(bytes.fromhex(text)) == value, text


def test_keys_are_written_in_bytewise_order():
    assert cbor.encode({-1: 0, 395: 0, 1: 0, -2: 0}) == bytes.fromhex("a4010019018b0020002100")


def test_the_tag_of_a_statement():
    tagged = cbor.decode(bytes.fromhex("d28101"))
    assert isinstance(tagged, cbor.Tagged)
    assert (tagged.tag, tagged.value) == (18, [1])
    assert cbor.encode(tagged) == bytes.fromhex("d28101")


def test_every_other_encoding_of_a_number_is_refused():
    for text in ("1817", "190017", "1900ff", "1a0000ffff", "1b00000000ffffffff", "5801aa", "3817", "9801 01"):
        assert refused(text.replace(" ", "")), text


def test_what_is_outside_the_subset_is_refused():
    # true, undefined, floats, indefinite lengths, other tags, text keys, reserved lengths, break
    for text in (
        "f5",
        "f7",
        "f93c00",
        "fb3ff199999999999a",
        "5f4101ff",
        "9f01ff",
        "bf0102ff",
        "c001",
        "d901",
        "a1616101",
        "1c",
        "ff",
    ):
        assert refused(text), text


def test_maps_with_keys_twice_or_out_of_order_are_refused():
    for text in ("a201000100", "a202000100", "a220000100"):
        assert refused(text), text


def test_bytes_too_few_or_too_many_are_refused():
    for text in ("", "18", "4401", "6261", "8201", "a101", "0000", "f6f6", "5bffffffffffffffff", "9bffffffffffffffff00"):
        assert refused(text), text


def test_text_other_than_printable_ascii_is_refused():
    for text in ("61ff", "62c328", "63eda080", "63e6b0b4", "6100", "610a", "617f"):
        assert refused(text), text


def test_depth_is_bounded():
    assert cbor.decode(bytes.fromhex("818100"), 3) == [[0]]
    assert refused("818100", 2)
    assert refused("81" * 5000 + "00")


def test_what_cannot_be_written_is_our_own_fault():
    for value in (True, 1.5, "\u6c34", {"a": 1}, {True: 1}, 1 << 64, -(1 << 64) - 1, object()):
        try:
            cbor.encode(value)
        except RangeError:
            continue
        raise AssertionError(value)
