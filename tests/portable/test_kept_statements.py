"""Statements: what is kept, what goes first, and what lost bits cost."""

from firmware.hal import fake
from firmware.meter import segments
from firmware.meter.notes import Notes, StoreFull
from firmware.meter.record import HEAD
from firmware.meter.statements import BATCH, StatementDamaged, Statements
from firmware.wire.fields import RangeError
from firmware.wire.receipt import CERTIFICATE, EVENT

FLASH = 128 * 4096
SIZE = 313  # of a certificate with four rows
A_SEGMENT = segments.SIZE // (SIZE + 11)


def raises(kind, call, *arguments):
    try:
        call(*arguments)
    except kind:
        return True
    return False


def opened(files):
    return Statements(files, Notes(files))


def content(kind, number, size=SIZE):
    return (b"%d/%d " % (kind, number) * size)[:size]


def add(kept, first, last, kind=CERTIFICATE):
    for number in range(first, last + 1):
        kept.add(kind, number, content(kind, number))


def filled(first, last):
    files = fake.Files(FLASH)
    kept = opened(files)
    add(kept, first, last)
    return files, kept


def fill(kept, kind=CERTIFICATE):
    """Add until the store is full; returns the number that it refused."""
    number = kept.last(kind) + 1
    try:
        while True:
            kept.add(kind, number, content(kind, number))
            number += 1
    except StoreFull:
        return number


def flip(files, name, at):
    data = bytearray(files.content[name])
    data[at] ^= 1
    files.content[name] = bytes(data)


def check(kept, kind, numbers):
    """Exactly ``numbers`` are pending, each is whole, and nothing is lost."""
    assert kept.pending(kind) == list(numbers)
    assert kept.lost(kind) == []
    for number in kept.pending(kind):
        assert kept.read(kind, number) == content(kind, number)


def test_an_empty_flash_holds_nothing():
    kept = opened(fake.Files(FLASH))
    for kind in (CERTIFICATE, EVENT):
        assert (kept.pending(kind), kept.lost(kind), kept.last(kind), kept.newest(kind)) == ([], [], 0, None)


def test_each_kind_has_its_own_numbers():
    files, kept = filled(1, 3)
    add(kept, 1, 2, EVENT)
    kept.free(EVENT, 1)
    for view in (kept, opened(files)):
        check(view, CERTIFICATE, [1, 2, 3])
        assert (view.last(CERTIFICATE), view.newest(CERTIFICATE)) == (3, content(CERTIFICATE, 3))
        assert (view.last(EVENT), view.newest(EVENT)) == (2, content(EVENT, 2))
    assert opened(files).pending(EVENT) in ([1, 2], [2])


def test_no_number_is_given_twice():
    _, kept = filled(5, 5)
    for number in (5, 4, 0):
        assert raises(RangeError, kept.add, CERTIFICATE, number, b"again")


def test_only_what_is_pending_can_be_read_or_freed():
    _, kept = filled(1, 1)
    kept.free(CERTIFICATE, 1)
    for number in (0, 1, 2):
        assert raises(KeyError, kept.read, CERTIFICATE, number)
        assert raises(KeyError, kept.free, CERTIFICATE, number)
    assert kept.newest(CERTIFICATE) == content(CERTIFICATE, 1)


def test_the_last_receipt_is_noted_at_once_and_others_in_batches():
    files, kept = filled(1, 100)
    for number in range(1, BATCH):
        kept.free(CERTIFICATE, number)
    check(opened(files), CERTIFICATE, range(1, 101))
    kept.free(CERTIFICATE, 50)
    check(opened(files), CERTIFICATE, [number for number in range(BATCH, 101) if number != 50])
    for number in list(kept.pending(CERTIFICATE)):
        kept.free(CERTIFICATE, number)
    check(opened(files), CERTIFICATE, [])
    assert opened(files).last(CERTIFICATE) == 100


def test_a_fortnight_of_quarter_hours_fits_half_a_megabyte():
    files = fake.Files(FLASH)
    kept = opened(files)
    full = fill(kept)
    assert full - 1 >= 14 * 96
    check(kept, CERTIFICATE, range(1, full))
    check(opened(files), CERTIFICATE, range(1, full))


def test_a_full_store_keeps_its_word_and_leaves_room_for_events():
    files = fake.Files(FLASH)
    kept = opened(files)
    full = fill(kept)
    assert fill(kept, EVENT) - 1 >= A_SEGMENT
    assert fill(kept) == full
    check(opened(files), CERTIFICATE, range(1, full))


def test_the_oldest_receipted_go_first():
    files = fake.Files(FLASH)
    kept = opened(files)
    full = fill(kept)
    for number in range(1, A_SEGMENT + 1):
        kept.free(CERTIFICATE, number)
    for number in range(2 * A_SEGMENT + 1, full):
        kept.free(CERTIFICATE, number)
    add(kept, full, full)
    assert "q/s0" not in files.content
    add(kept, full + 1, full + A_SEGMENT)
    assert "q/s1" in files.content
    assert "q/s2" not in files.content
    pending = list(range(A_SEGMENT + 1, 2 * A_SEGMENT + 1)) + list(range(full, full + A_SEGMENT + 1))
    check(kept, CERTIFICATE, pending)
    check(opened(files), CERTIFICATE, pending)


def test_what_nobody_receipts_stays_through_a_full_turn():
    files = fake.Files(FLASH)
    kept = opened(files)
    add(kept, 1, 1, EVENT)
    kept.free(EVENT, 1)
    stuck = []
    for number in range(1, 5001):
        add(kept, number, number)
        if number % 40:
            kept.free(CERTIFICATE, number)
        else:
            stuck.append(number)
    for view in (kept, opened(files)):
        pending = view.pending(CERTIFICATE)
        assert set(stuck) <= set(pending)
        assert len(pending) < len(stuck) + BATCH
        assert [view.read(CERTIFICATE, number) for number in stuck] == [content(CERTIFICATE, number) for number in stuck]
        assert (view.last(EVENT), view.newest(EVENT)) == (1, content(EVENT, 1))


def test_receipts_that_come_only_for_the_newest_still_make_room():
    files = fake.Files(FLASH)
    kept = opened(files)
    full = fill(kept)
    stuck = list(range(1, full - A_SEGMENT)) + [full]  # noqa: RUF005 - MicroPython unpacks no list displays
    for number in range(full - A_SEGMENT, full):
        kept.free(CERTIFICATE, number)
    kept.add(CERTIFICATE, full, b"fits twice")
    kept.add(EVENT, 1, b"fits twice")
    for number in range(full + 1, full + 200):
        add(kept, number, number)
        kept.free(CERTIFICATE, number)
    for view in (kept, opened(files)):
        assert list(view.pending(CERTIFICATE))[: len(stuck)] == stuck
        assert [view.read(kind, number) for kind, number in ((CERTIFICATE, full), (EVENT, 1))] == [b"fits twice"] * 2


def test_a_full_store_takes_the_signed_gap_and_then_has_room():
    files = fake.Files(FLASH)
    kept = opened(files)
    full = fill(kept)
    kept.add(EVENT, 1, b"gap, signed")
    assert kept.oldest_run(CERTIFICATE) == opened(files).oldest_run(CERTIFICATE) == (1, BATCH)
    kept.give_up(CERTIFICATE, 1, BATCH)
    add(kept, full, full)
    for view in (kept, opened(files)):
        check(view, CERTIFICATE, range(BATCH + 1, full + 1))
        assert view.read(EVENT, 1) == b"gap, signed"


def test_the_oldest_run_has_no_hole_and_not_the_newest():
    _, kept = filled(1, 9)
    assert kept.oldest_run(CERTIFICATE) == (1, 8)
    for number in (1, 2, 6):
        kept.free(CERTIFICATE, number)
    assert kept.oldest_run(CERTIFICATE) == (3, 5)
    kept.give_up(CERTIFICATE, 1, 8)
    assert kept.oldest_run(CERTIFICATE) is None
    assert kept.oldest_run(EVENT) is None
    kept.free(CERTIFICATE, 9)
    assert kept.oldest_run(CERTIFICATE) is None


def test_one_lost_bit_costs_one_statement():
    for at in (0, 1, 2, 5, HEAD, 200, SIZE + HEAD + 3):
        files, kept = filled(1, 10)
        flip(files, "q/s0", 4 * (SIZE + 11) + at)
        kept = opened(files)
        assert kept.corrupt == 1
        assert kept.lost(CERTIFICATE) == [5]
        assert kept.pending(CERTIFICATE) == [1, 2, 3, 4, 6, 7, 8, 9, 10]
        assert kept.last(CERTIFICATE) == 10
        add(kept, 11, 11)
        assert opened(files).lost(CERTIFICATE) == [5]
        assert opened(files).read(CERTIFICATE, 11) == content(CERTIFICATE, 11)


def test_the_number_of_a_damaged_newest_statement_is_not_given_again():
    for at in (0, 1, 6, HEAD, 200, SIZE + HEAD + 3):
        files, kept = filled(1, 3)
        flip(files, "q/s0", 2 * (SIZE + 11) + at)
        kept = opened(files)
        last = kept.last(CERTIFICATE)
        assert last in (3, 5)
        assert kept.newest(CERTIFICATE) == content(CERTIFICATE, 2)
        add(kept, last + 1, last + 1)
        kept = opened(files)
        assert (kept.last(CERTIFICATE), kept.lost(CERTIFICATE)) == (last + 1, list(range(3, last + 1)))


def test_a_lost_bit_in_a_receipted_statement_is_no_loss():
    files, kept = filled(1, 3)
    for number in (1, 2, 3):
        kept.free(CERTIFICATE, number)
    flip(files, "q/s0", 100)
    kept = opened(files)
    assert (kept.corrupt, kept.lost(CERTIFICATE), kept.last(CERTIFICATE), kept.last(EVENT)) == (1, [], 3, 0)


def test_a_statement_damaged_under_way_is_lost_and_stays_so():
    files, kept = filled(1, 3)
    flip(files, "q/s0", SIZE + 11 + 100)
    assert raises(StatementDamaged, kept.read, CERTIFICATE, 2)
    for view in (kept, opened(files)):
        assert (view.pending(CERTIFICATE), view.lost(CERTIFICATE), view.corrupt) == ([1, 3], [2], 1)


def test_lost_receipts_make_all_pending_again():
    files, kept = filled(1, 3)
    for number in (1, 2, 3):
        kept.free(CERTIFICATE, number)
    flip(files, "q/receipts", 0)
    check(opened(files), CERTIFICATE, [1, 2, 3])


def test_a_flash_without_room_refuses_and_recovers():
    files, kept = filled(1, 2)
    files.capacity = 0
    assert raises(StoreFull, kept.add, CERTIFICATE, 3, content(CERTIFICATE, 3))
    kept.free(CERTIFICATE, 1)
    kept.free(CERTIFICATE, 2)
    files.capacity = FLASH
    add(kept, 3, 3)
    assert kept.pending(CERTIFICATE) == [3]
    assert set(opened(files).pending(CERTIFICATE)) >= {3}
