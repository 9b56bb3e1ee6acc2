"""A disk that is full, may only be read, or fails: meters keep their certificates, the gateway says so and recovers by itself.

    python -m tools.robust.disks [ROUNDS]

The disk is small, and the gateway alone has it: site and log lie on it while it is full. Where nothing can be mounted, this
says so and fails. Prints ``name value unit`` lines.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from gateway.monitoring.asking import ask
from tools.loadtest import fleet
from tools.robust import campaign
from tools.robust.small_disk import SmallDisk, from_image, in_memory
from tools.robust.stand import Lost, Stand, check

ROUNDS = 10
_METERS, _EACH = 3, 400
_MEGABYTES = 24
_STILL_S = 1.0


def full_while_running(stand: Stand, disk: SmallDisk) -> float:
    """Fill the disk under a running gateway, see that it says so, make room: seconds to the next receipt."""
    stand.receipted(stand.receipts)
    disk.fill()
    _nothing_comes(stand)
    (check,) = [each for each in ask(stand.site)["checks"] if each["name"] == "disk"]
    if check["well"] or check["value"] or not check["do"]:
        raise Lost(f"/health says of a full disk: {check}")
    return _until_receipted(stand, disk.free)


def full_at_the_start(stand: Stand, disk: SmallDisk) -> float:
    """Kill the gateway on a full disk and start it there, make room: seconds to the next receipt."""
    disk.fill()
    stand.gateway.kill()
    stand.gateway.start()
    _nothing_comes(stand)
    return _until_receipted(stand, disk.free)


def shut_at_the_start(stand: Stand, disk: SmallDisk, log: Path) -> float:
    """Start the gateway where nothing can be written, then let it write: seconds to the next receipt."""
    stand.gateway.kill()
    disk.remount("ro")
    stand.gateway.log = log
    stand.gateway.start()
    _nothing_comes(stand)
    if "the gateway cannot begin" not in log.read_text():
        raise Lost("the gateway does not say that it cannot begin")
    return _until_receipted(stand, lambda: disk.remount("rw"))


def _nothing_comes(stand: Stand) -> None:
    """The disk takes nothing: whatever comes in the next second was on it before. The gateway goes on."""
    time.sleep(_STILL_S)
    before = stand.receipts
    time.sleep(_STILL_S)
    stand.gateway.check()
    if stand.receipts != before:
        raise Lost("receipts for certificates that are on no disk")


def _until_receipted(stand: Stand, mend: Callable[[], None]) -> float:
    before, at = stand.receipts, time.monotonic()
    mend()
    stand.receipted(before)
    return time.monotonic() - at


def with_a_small_disk(folder: Path, rounds: int) -> list[str]:
    """The figures of full disks and of one that may only be read. Lost, Failed or NoDisk."""
    with in_memory(folder / "disk", _MEGABYTES) as disk:
        stand = Stand(fleet.commission(disk.folder / "site", _METERS, _EACH * (rounds + 3), lambda *_: None))
        with stand:
            stand.gateway.start()
            running = max(full_while_running(stand, disk) for _ in range(rounds))
            starting = full_at_the_start(stand, disk)
            shut = shut_at_the_start(stand, disk, folder / "log")
        check(stand)
    return [
        f"disk_full {rounds} times",
        f"disk_full_recovery_longest {running:.2f} s",
        f"disk_full_start_recovery {starting:.2f} s",
        f"disk_read_only_start_recovery {shut:.2f} s",
        f"disk_receipts {stand.receipts} certificates",
        "disk_receipted_and_lost 0 certificates",
    ]


def with_a_failing_disk(folder: Path) -> list[str]:
    """The figures of a disk that fails under a running gateway and is checked, as at a boot. Lost, Failed or NoDisk."""
    image, place = folder / "image", folder / "disk"
    with from_image(place, image) as disk:
        stand = Stand(fleet.commission(disk.folder / "site", _METERS, 3 * _EACH, lambda *_: None))
    with stand:
        with from_image(place, image) as disk:
            stand.gateway.start()
            stand.receipted()
            disk.remount("abort")
            _nothing_comes(stand)
            stand.gateway.kill()
        with from_image(place, image):
            again = _until_receipted(stand, stand.gateway.start)
            stand.gateway.kill()
    with from_image(place, image):
        check(stand)
    return [f"disk_failed_recovery {again:.2f} s", "disk_failed_receipted_and_lost 0 certificates"]


def main(rounds: int = ROUNDS) -> int:
    """Run the campaign and print its figures; the exit status."""

    def measure(folder: Path) -> list[str]:
        small, failing = folder / "small", folder / "failing"
        small.mkdir()
        failing.mkdir()
        return [*with_a_small_disk(small, rounds), *with_a_failing_disk(failing)]

    return campaign.run(measure, f"tools.robust.disks {rounds}")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
