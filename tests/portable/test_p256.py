import json

from firmware.wire import p256
from firmware.wire.fields import RangeError
from firmware.wire.steps import finish


def multiples():
    with open(__file__.rsplit("/", 2)[0] + "/vectors/es256.json") as file:
        return [[int(number, 16) for number in row] for row in json.load(file)["multiples"]]


def multiply_base(scalar):
    return finish(p256.multiply_base_steps(scalar))


def multiply(scalar, point):
    return finish(p256.multiply_steps(scalar, point))


def add(a, b):
    return finish(p256.add_steps(a, b))


def refuses(call, *arguments):
    try:
        call(*arguments)
    except RangeError:
        return True
    return False


def test_multiples_of_the_generator():
    for scalar, x, y in multiples():
        assert multiply_base(scalar) == (x, y), scalar


def test_windowed_multiplication_agrees_with_the_comb():
    for scalar, x, y in multiples():
        assert multiply(scalar, p256.G) == (x, y), scalar


def test_multiplication_of_another_point():
    point = multiply_base(7)
    for scalar in (1, 2, 15, 16, 17, 1 << 128, p256.N - 1):
        assert multiply(scalar, point) == multiply_base(7 * scalar % p256.N), scalar


def test_zero_and_the_order_give_infinity():
    for scalar in (0, p256.N):
        assert multiply_base(scalar) is None
        assert multiply(scalar, p256.G) is None


def test_scalars_outside_the_group_are_refused():
    for scalar in (-1, p256.N + 1, 1 << 258):
        assert refuses(multiply_base, scalar)
        assert refuses(multiply, scalar, p256.G)


def test_addition_with_infinity_the_negative_and_itself():
    x, y = p256.G
    assert add(None, p256.G) == p256.G
    assert add(p256.G, None) == p256.G
    assert add(None, None) is None
    assert add(p256.G, (x, p256.P - y)) is None
    assert add(p256.G, p256.G) == multiply_base(2)


def test_every_multiple_is_on_the_curve():
    for _, x, y in multiples():
        assert p256.on_curve((x, y))


def test_points_off_the_curve():
    x, y = p256.G
    for point in ((x, y + 1), (x + 1, y), (0, 0), (x + p256.P, y), (x, y - p256.P), (y, x)):
        assert not p256.on_curve(point), point


def test_inverse():
    for modulus in (p256.P, p256.N):
        for value in (1, 2, modulus - 1, 1 << 255, modulus + 5, -3):
            assert value * finish(p256.inverse_steps(value, modulus)) % modulus == 1


def test_the_comb_fits_four_kilobytes():
    assert len(p256._COMB) == 63 * 64
