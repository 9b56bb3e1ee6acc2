"""The meter with a thermometer in it: runs `firmware.main`, frozen beside this module, and prints the live heap now and then.

micropython -X heapsize=256k -m probe CONFIG
"""

import asyncio
import gc
import sys

_PERIOD_S = 11  # no multiple of anything the meter does, so that the samples meet it in all its states


async def measure() -> None:
    """Print the bytes that live objects take. Never returns."""
    while True:
        gc.collect()
        print("heap", gc.mem_alloc())
        await asyncio.sleep(_PERIOD_S)


def main(arguments: "list[str]") -> int:
    """Run the meter; returns its exit status, if it ends."""
    sys.path[:] = [".frozen"]
    from firmware import main as meter  # noqa: PLC0415 - the frozen one

    asyncio.create_task(measure())  # noqa: RUF006 - the loop's queue keeps it until the meter starts the loop
    return meter.main(arguments)


sys.exit(main(sys.argv[1:]))
