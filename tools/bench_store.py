"""What half a megabyte of flash holds, and what keeping costs: the meter's store on real LittleFS, on a flash chip in memory.

    micropython -m tools.bench_store

Prints ``name value unit`` lines. Certificates have four rows, a previous id, a tree head and registers of nine digits.
"""

import gc
import time

import vfs

from firmware.hal import littlefs
from firmware.meter.notes import StoreFull
from firmware.meter.statements import Statements
from firmware.meter.store import Store
from firmware.wire import certificate, es256
from firmware.wire.clock import ClockQuality
from firmware.wire.receipt import CERTIFICATE
from tools.nor_flash import PAGE, NorFlash

BLOCKS = 128
A_DAY = 96
CYCLES = 100_000  # erasures that NOR flash data sheets promise each block
ROW = (1234, 12, -45_000, 2312, -12, 800, 0)


def a_certificate() -> bytes:
    """One as a meter in the field writes them."""
    closing = (123_456_789 + 4 * ROW[0], 23_456_789 + 4 * ROW[1])
    body = certificate.Certificate(
        123_456,
        300,
        bytes(32),
        ClockQuality(2, 1000, 0),
        1_800_000_000,
        225,
        (123_456_789, 23_456_789),
        [ROW] * 4,
        closing,
        0,
        (1_234_567, bytes(32)),
    )
    return certificate.issue(es256.SoftwareSigner(bytes(31) + b"\x05"), "isle", "wind-1", body)


def opened() -> Statements:
    """The statements on what is mounted."""
    return Store(littlefs.Files("/flash")).statements


def allocated() -> int:
    """Bytes in use by objects."""
    gc.collect()
    return int(gc.mem_alloc())  # type: ignore[attr-defined]


def fill(kept: Statements, data: bytes) -> int:
    """Keep certificates until the store is full; returns how many it took."""
    count = 0
    try:
        while True:
            kept.add(CERTIFICATE, kept.last(CERTIFICATE) + 1, data)
            count += 1
    except StoreFull:
        return count


def live(kept: Statements, data: bytes, count: int) -> None:
    """``count`` certificates, each with its receipt before the next."""
    for _ in range(count):
        number = kept.last(CERTIFICATE) + 1
        kept.add(CERTIFICATE, number, data)
        kept.free(CERTIFICATE, number)


def main() -> None:
    """Fill, start, drain, and go ten times round."""
    data = a_certificate()
    flash = NorFlash(BLOCKS)
    vfs.VfsLfs2.mkfs(flash, progsize=PAGE)
    vfs.mount(vfs.VfsLfs2(flash, progsize=PAGE), "/flash")
    kept = opened()
    before = allocated()
    held = fill(kept, data)
    index = allocated() - before
    print(f"store_certificate {len(data)} bytes")
    print(f"store_certificates_in_512k {held} count")
    print(f"store_days {held / A_DAY:.1f} days")
    print(f"store_index {index} bytes")
    start = time.time_ns()
    kept = opened()
    print(f"store_start_full {(time.time_ns() - start) // 1_000_000} ms")
    for number in list(kept.pending(CERTIFICATE)):
        kept.free(CERTIFICATE, number)
    flash.forget()
    count = 10 * held
    live(kept, data, count)
    worst = max(flash.erased)
    print(f"store_programmed_per_certificate {flash.programmed // count} bytes")
    print(f"store_erasures_per_certificate {sum(flash.erased) / count:.2f} count")
    print(f"store_wear_worst_to_mean {worst * BLOCKS / sum(flash.erased):.1f} ratio")
    print(f"store_life {CYCLES * count // worst // A_DAY // 365} years")


if __name__ == "__main__":
    main()
