"""The elliptic curve P-256 (secp256r1) in plain integers.

Curve: y^2 = x^3 - 3x + b over the field of P, a group of prime order N (SEC 2 v2.0, 2.4.2; NIST SP 800-186, 3.2.1.3).
A point is an affine pair (x, y), or None for the point at infinity. Inside, points are Jacobian triples (X, Y, Z) with
x = X/Z^2 and y = Y/Z^3, because they need no inversion for each step; Z = 0 is infinity.

Multiples of the generator use a fixed-base comb (Lim and Lee, CRYPTO '94; Hankerson et al., Guide to Elliptic Curve
Cryptography, algorithm 3.44): 43 doublings and at most 43 additions instead of 256 and 128.

What takes long is cut into steps (see steps): of one column of the comb, of one window, of 32 divisions.

Nothing here is constant-time: run time depends on the scalar. See es256.SoftwareSigner for what follows from that.
"""

from .fields import RangeError
from .steps import finish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .steps import Steps

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

# Before anything else of this module, while a small heap still has 4 KB in one piece.
_COMB = bytearray(63 * 64)

_INFINITY = (1, 1, 0)
_TEETH = 6
_SPACING = 43  # bits between two teeth: the comb spans 6 * 43 = 258 bits
_SPAN = _TEETH * _SPACING
_DIVISIONS = 32  # in one step of an inversion, which needs 150 or so


def inverse_steps(value: int, modulus: int) -> "Steps[int]":
    """1/value for a prime modulus and a value that is no multiple of it, by the extended Euclidean algorithm.

    Six times as fast on MicroPython as Fermat's pow(value, modulus - 2, modulus); pow(value, -1, modulus) is 0 there.
    """
    last, rest = modulus, value % modulus
    last_factor, factor = 0, 1
    divisions = 0
    while rest:
        quotient = last // rest
        last, rest = rest, last - quotient * rest
        last_factor, factor = factor, last_factor - quotient * factor
        divisions += 1
        if divisions % _DIVISIONS == 0:
            yield
    return last_factor % modulus


def on_curve(point: tuple[int, int]) -> bool:
    """Whether both coordinates are in 0..P-1 and solve the equation; the cofactor is 1, so no order check is needed."""
    x, y = point
    return 0 <= x < P and 0 <= y < P and (y * y - x * x * x + 3 * x - B) % P == 0


def add_steps(a: tuple[int, int] | None, b: tuple[int, int] | None) -> "Steps[tuple[int, int] | None]":
    """The sum of any two points of the curve."""
    if a is None:
        return b
    if b is None:
        return a
    return (yield from _affine_steps(_add((a[0], a[1], 1), b)))


def multiply_base_steps(scalar: int) -> "Steps[tuple[int, int] | None]":
    """scalar * G. RangeError for a scalar outside 0..N."""
    _check(scalar)
    bits = f"{scalar:0{_SPAN}b}"
    total = _INFINITY
    for first in range(_SPACING):
        total = _double(total)
        tooth_bits = int("".join([bits[i] for i in range(first, _SPAN, _SPACING)]), 2)
        if tooth_bits:
            total = _add(total, _comb_point(tooth_bits))
        yield
    return (yield from _affine_steps(total))


def multiply_steps(scalar: int, point: tuple[int, int]) -> "Steps[tuple[int, int] | None]":
    """scalar * point, in windows of 4 bits. RangeError for a scalar outside 0..N."""
    _check(scalar)
    jacobian = [(point[0], point[1], 1)]
    for _ in range(14):
        jacobian.append(_add(jacobian[-1], point))
        yield
    multiples = yield from _affine_all_steps(jacobian)
    total = _INFINITY
    for digit in f"{scalar:064x}":
        total = _double(_double(_double(_double(total))))
        if digit != "0":
            total = _add(total, multiples[int(digit, 16) - 1])
        yield
    return (yield from _affine_steps(total))


def _check(scalar: int) -> None:
    if not 0 <= scalar <= N:
        raise RangeError("the scalar is outside 0..N")


def _double(point: tuple[int, int, int]) -> tuple[int, int, int]:
    """2 * point, with the curve's a = -3 (Explicit-Formulas Database, dbl-2001-b)."""
    x, y, z = point
    delta = z * z % P
    gamma = y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    doubled_x = (alpha * alpha - 8 * beta) % P
    return doubled_x, (alpha * (4 * beta - doubled_x) - 8 * gamma * gamma) % P, 2 * y * z % P


def _add(a: tuple[int, int, int], b: tuple[int, int]) -> tuple[int, int, int]:
    """Jacobian a plus affine b, every special case included (Guide to Elliptic Curve Cryptography, algorithm 3.22)."""
    x, y, z = a
    if z == 0:
        return b[0], b[1], 1
    zz = z * z % P
    h = (b[0] * zz - x) % P
    r = (b[1] * (zz * z % P) - y) % P
    if h == 0:
        return _INFINITY if r else _double(a)
    hh = h * h % P
    hhh = h * hh % P
    v = x * hh % P
    sum_x = (r * r - hhh - 2 * v) % P
    return sum_x, (r * (v - sum_x) - y * hhh) % P, h * z % P


def _affine_steps(point: tuple[int, int, int]) -> "Steps[tuple[int, int] | None]":
    x, y, z = point
    if z == 0:
        return None
    z = yield from inverse_steps(z, P)
    zz = z * z % P
    return x * zz % P, y * (zz * z % P) % P


def _affine_all_steps(points: list[tuple[int, int, int]]) -> "Steps[list[tuple[int, int]]]":
    """Finite points made affine with one inversion for all (Guide to Elliptic Curve Cryptography, algorithm 2.26)."""
    products = [1]
    for point in points:
        products.append(products[-1] * point[2] % P)
    rest = yield from inverse_steps(products.pop(), P)
    affine = []
    for x, y, z in reversed(points):
        inverse = rest * products.pop() % P
        rest = rest * z % P
        square = inverse * inverse % P
        affine.append((x * square % P, y * (square * inverse % P) % P))
        yield
    affine.reverse()
    return affine


def _fill_comb() -> None:
    """Put X || Y of the comb's points 1..63 into _COMB: bit t of the index stands for 2^(43 * t) * G."""
    points = [_INFINITY]
    tooth = (G[0], G[1], 1)
    for _ in range(_TEETH):
        base = finish(_affine_all_steps([tooth]))[0]
        points += [_add(point, base) for point in points]
        for _ in range(_SPACING):
            tooth = _double(tooth)
    for index, (x, y) in enumerate(finish(_affine_all_steps(points[1:]))):
        _COMB[64 * index : 64 * index + 64] = x.to_bytes(32, "big") + y.to_bytes(32, "big")


def _comb_point(index: int) -> tuple[int, int]:
    at = 64 * (index - 1)
    return int.from_bytes(_COMB[at : at + 32], "big"), int.from_bytes(_COMB[at + 32 : at + 64], "big")


# Once at import, in 4 ms on a PC: bytes take 4 KB where the integers themselves would take 7 KB of a board's heap.
_fill_comb()
