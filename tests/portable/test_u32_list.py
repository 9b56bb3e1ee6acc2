"""The list of u32 in blocks does what a list does."""

from firmware.meter.u32_list import U32List

MANY = 1000


def filled(count=MANY):
    numbers = U32List()
    for number in range(count):
        numbers.append(2**32 - count + number)
    # a range takes no number beyond a board's machine word
    return numbers, [2**32 - count + number for number in range(count)]


def test_numbers_in_order():
    numbers, expected = filled()
    assert len(numbers) == MANY
    assert list(numbers) == expected
    assert [numbers[at] for at in range(MANY)] == expected
    assert 2**32 - 1 in numbers
    assert 0 not in numbers


def test_an_empty_one_is_false():
    numbers, _ = filled(1)
    assert numbers
    numbers.pop(0)
    assert not numbers


def test_equality():
    numbers, expected = filled()
    assert numbers == expected
    assert expected == numbers
    assert numbers == filled()[0]
    assert numbers != expected[1:]
    assert numbers != tuple(expected)


def test_every_place_can_change():
    numbers, expected = filled()
    for at in range(0, MANY, 7):
        numbers[at] = expected[at] = at
    assert numbers == expected


def test_taking_out_and_putting_in_anywhere():
    numbers, expected = filled()
    at = 5
    for step in range(3 * MANY):
        at = (at * 31 + step) % (len(expected) + 1)
        if step % 3 == 0:
            numbers.insert(at, step)
            expected.insert(at, step)
        elif expected:
            at = min(at, len(expected) - 1)
            assert numbers.pop(at) == expected.pop(at)
    assert len(expected) < MANY
    assert numbers == expected


def test_places_that_are_not_there():
    numbers, _ = filled(3)
    for use in (numbers.__getitem__, numbers.pop):
        try:
            use(3)
        except IndexError:
            continue
        raise AssertionError(use)
