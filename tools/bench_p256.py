"""What P-256 costs on an interpreter, and what the fixed-base comb gains over plain double-and-add.

    micropython -m tools.bench_p256

Prints milliseconds an operation. Also runs on CPython.
"""

import hashlib
import time

from firmware.wire import es256, p256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 5
CALLS = 20
SCALARS = [int.from_bytes(hashlib.sha256(bytes([i])).digest(), "big") % p256.N for i in range(CALLS)]
SECRET = SCALARS[0].to_bytes(32, "big")
PUBLIC = es256.public_from_secret(SECRET)
DIGEST = hashlib.sha256(b"bench").digest()
SIGNATURE = es256.sign(SECRET, DIGEST)


def double_and_add(scalar: int) -> tuple[int, int] | None:
    """scalar * G bit by bit in the same Jacobian arithmetic: what the comb is compared with."""
    total = (1, 1, 0)
    for bit in f"{scalar:b}":
        total = p256._double(total)
        if bit == "1":
            total = p256._add(total, p256.G)
    return p256._affine(total)


def milliseconds(operation: "Callable[[int], object]") -> float:
    """Mean of the fastest round: rounds that other processes disturbed do not count."""
    best = None
    for _ in range(ROUNDS):
        start = time.time()
        for scalar in SCALARS:
            operation(scalar)
        took = time.time() - start
        best = took if best is None else min(best, took)
    return 1000 * (best or 0) / CALLS


def main() -> None:
    """Measure and print; fails if the two ways disagree."""
    for scalar in SCALARS:
        assert double_and_add(scalar) == p256.multiply_base(scalar)
    table = milliseconds(lambda _: p256._comb_table())
    comb = milliseconds(p256.multiply_base)
    plain = milliseconds(double_and_add)
    sign = milliseconds(lambda _: es256.sign(SECRET, DIGEST))
    verify = milliseconds(lambda _: es256.verify(PUBLIC, DIGEST, SIGNATURE))
    print(f"comb table        {table:7.2f} ms, once")
    print(f"k * G, comb       {comb:7.2f} ms")
    print(f"k * G, bit by bit {plain:7.2f} ms")
    print(f"ratio             {plain / comb:7.2f}")
    print(f"sign              {sign:7.2f} ms")
    print(f"verify            {verify:7.2f} ms")


if __name__ == "__main__":
    main()
