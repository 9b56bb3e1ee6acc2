"""The details of a gap: read back as they were written, and strict."""

from firmware.wire import gap
from firmware.wire.fields import WireError

T0 = 1_800_000_000


def details(**changes):
    made = gap.Gap(3, 34, T0, T0 + 60, (100, 7), (150, 7)).details()
    made.update({int(key[1:]): changes[key] for key in changes})
    return made


def refused(value):
    try:
        gap.decode(value)
    except WireError:
        return True
    return False


def test_a_gap_is_read_back():
    assert details() == {1: 3, 2: 34, 3: [T0, T0 + 60], 4: [100, 7], 5: [150, 7]}
    assert gap.decode(details()).details() == details()


def test_a_gap_is_strict():
    for wrong in (
        details(_1=0),
        details(_2=2),
        details(_2=3 + gap.MOST),
        details(_3=[T0, T0]),
        details(_3=[7, T0]),
        details(_4=[151, 7]),
        details(_5=[150, 6]),
        details(_5=[150]),
        details(_6=0),
        {1: 3, 2: 34},
    ):
        assert refused(wrong), wrong
