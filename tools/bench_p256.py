"""What P-256 costs on an interpreter, what the fixed-base comb gains, and how finely signing and verifying are cut.

    micropython -m tools.bench_p256

Prints ``name value unit`` lines. Also runs on CPython.
"""

import asyncio
import hashlib
import time

from firmware.wire import es256, p256
from firmware.wire.steps import finish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.wire.steps import Steps

ROUNDS = 20
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
    return finish(p256._affine_steps(total))


def now_us() -> int:
    """Microseconds that never go back."""
    if hasattr(time, "ticks_us"):
        ticks: int = time.ticks_us()
        return ticks
    return time.perf_counter_ns() // 1000


def milliseconds(operation: "Callable[[int], object]") -> float:
    """Mean over the scalars, each at its fastest of many rounds: what other processes disturbed does not count."""
    fastest = [0] * CALLS
    for round in range(ROUNDS):
        for index, scalar in enumerate(SCALARS):
            start = now_us()
            operation(scalar)
            took = now_us() - start
            fastest[index] = min(fastest[index], took) if round else took
    return sum(fastest) / 1000 / CALLS


def step_lengths(begin: "Callable[[], Steps[object]]") -> "list[int]":
    """Microseconds of each step, at its fastest of many rounds; the steps are the same ones in every round."""
    fastest: list[int] = []
    for round in range(3 * ROUNDS):
        steps, at = begin(), 0
        done = False
        while not done:
            start = now_us()
            try:
                next(steps)
            except StopIteration:
                done = True
            took = now_us() - start
            if round == 0:
                fastest.append(took)
            else:
                fastest[at] = min(fastest[at], took)
            at += 1
    return fastest


async def among_others(begin: "Callable[[], Steps[object]]") -> None:
    """Take the steps as the meter does: the event loop has its turn between any two."""
    for _ in begin():
        await asyncio.sleep(0)


def report(name: str, value: float, unit: str) -> None:
    print(f"{name} {value:.4g} {unit}")


def main() -> None:
    """Measure and print; fails if the two ways disagree."""
    for scalar in SCALARS:
        assert double_and_add(scalar) == finish(p256.multiply_base_steps(scalar))
    sign = milliseconds(lambda _: es256.sign(SECRET, DIGEST))
    verify = milliseconds(lambda _: es256.verify(PUBLIC, DIGEST, SIGNATURE))
    comb = milliseconds(lambda scalar: finish(p256.multiply_base_steps(scalar)))
    plain = milliseconds(double_and_add)
    sliced = milliseconds(lambda _: asyncio.run(among_others(lambda: es256.sign_steps(SECRET, DIGEST))))
    signing = step_lengths(lambda: es256.sign_steps(SECRET, DIGEST))
    verifying = step_lengths(lambda: es256.verify_steps(PUBLIC, DIGEST, SIGNATURE))
    report("comb_table_ms", milliseconds(lambda _: p256._fill_comb()), "ms")
    report("comb_table_bytes", len(p256._COMB), "bytes")
    report("comb_vs_double_and_add", plain / comb, "ratio")
    report("sign_ms", sign, "ms")
    report("verify_ms", verify, "ms")
    report("sign_steps", len(signing), "count")
    report("verify_steps", len(verifying), "count")
    report("longest_sign_step_share", max(signing) / sum(signing), "ratio")
    report("longest_verify_step_share", max(verifying) / sum(verifying), "ratio")
    report("longest_verify_step_of_a_signature", max(verifying) / sum(signing), "ratio")
    report("sliced_sign_overhead", sliced / sign, "ratio")


if __name__ == "__main__":
    main()
