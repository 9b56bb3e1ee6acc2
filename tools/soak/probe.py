"""The meter with a thermometer in it, run from ROM as on a board: its bytecode stays outside the heap.

    micropython -X heapsize=256k tools/soak/probe.py ROM SIZE CONFIG

Maps the file ROM of SIZE bytes into memory, mounts it, runs its `firmware.main`, and prints the live heap now and then.
"""

import asyncio
import gc
import sys

import ffi
import uctypes
import vfs

_PERIOD_S = 11  # no multiple of anything the meter does, so that the samples meet it in all its states
_PROT_READ, _MAP_PRIVATE = 1, 2


def mount(path: str, size: int) -> None:
    """Mount the ROM image at ``path``, and import from nowhere else but the interpreter itself."""
    mmap = ffi.open("libc.so.6").func("P", "mmap", "pLiiil")
    with open(path, "rb") as file:
        address = mmap(None, size, _PROT_READ, _MAP_PRIVATE, file.fileno(), 0)
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at(address, size)), "/rom")
    sys.path[:] = ["/rom", ".frozen"]


async def measure() -> None:
    """Print the bytes that live objects take. Never returns."""
    while True:
        gc.collect()
        print("heap", gc.mem_alloc())
        await asyncio.sleep(_PERIOD_S)


def main(arguments: "list[str]") -> int:
    """Run the meter; returns its exit status, if it ends."""
    mount(arguments[0], int(arguments[1]))
    from firmware import main as meter  # noqa: PLC0415 - the ROM's

    asyncio.create_task(measure())  # noqa: RUF006 - the loop's queue keeps it until the meter starts the loop
    return meter.main(arguments[2:])


sys.exit(main(sys.argv[1:]))
