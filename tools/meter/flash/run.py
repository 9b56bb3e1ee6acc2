"""The order of a flash: who is it, may this be written there, is it there already, write, and see that it is there."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .esptool import Chip, FlashError, Progress
from .image import check, start_of


class Flasher(Protocol):
    """What a flash needs of its tool: see `esptool.Esptool`."""

    def identify(self) -> Chip: ...

    def write(self, image: Path, start: int, progress: Progress) -> None: ...

    def holds(self, image: Path, start: int) -> bool: ...


class WrongBoard(FlashError):
    """Another board is plugged in than the job is about."""


@dataclass(frozen=True, slots=True)
class Flashed:
    """A board that holds the image, seen by hash; `written` is whether it had to be written."""

    chip: Chip
    written: bool


def flash(tool: Flasher, image: Path, mac: str, begun: Callable[[Chip], None], progress: Progress) -> Flashed:
    """Bring the image on the board; the same call repairs one at which this was interrupted.

    Args:
        tool: esptool on the board's port.
        image: the file.
        mac: of the board that is meant, "" for whichever is plugged in.
        begun: called before the first byte is written.
        progress: called with the percentage written.

    Raises:
        WrongBoard: it is not the board that is meant.
        ImageError: the image is not for this board. Nothing was written in either case.
        FlashError, PortError: the board went away, or does not keep what is written.
    """
    chip = tool.identify()
    if mac and chip.mac != mac.lower():
        raise WrongBoard(f"this is board {chip.mac}, the job is about {mac}. Nothing was written; plug the right one in")
    check(image.read_bytes(), chip.name, chip.flash_size)
    start = start_of(chip.name)
    if tool.holds(image, start):
        return Flashed(chip, False)
    begun(chip)
    tool.write(image, start, progress)
    if not tool.holds(image, start):
        raise FlashError(f"board {chip.mac} does not hold what was written: its flash is worn out, or the cable is bad")
    return Flashed(chip, True)
