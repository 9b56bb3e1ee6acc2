"""The portable tests on an emulated 32-bit board: 139 KB of heap, floats of 32 bits, no clock, no network, files read-only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.board import rom
from tests.board.emulator import Emulator
from tools import mpy

# The portable test files that the board cannot run, and what it says then.
NOT_THERE = {
    "test_meter_bus": "ImportError: no module named 'asyncio'",
    "test_meter_mqtt_link": "ImportError: no module named 'asyncio'",
    "test_step_lengths": "ImportError: no module named 'time'",
}
RUNNABLE = [path for path in rom.FILES if path.stem not in NOT_THERE]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    image = tmp_path_factory.mktemp("board") / "rom"
    image.write_bytes(rom.image())
    emulator = Emulator(image)
    yield emulator
    emulator.close()


@pytest.mark.parametrize("file", RUNNABLE, ids=lambda file: file.stem)
def test_passes_on_the_board(emulator: Emulator, file: Path) -> None:
    printed = emulator.run(file.relative_to(mpy.ROOT))
    assert printed.endswith("\nfailures 0\n"), printed


@pytest.mark.parametrize(("name", "error"), NOT_THERE.items())
def test_what_is_left_out_has_its_reason(emulator: Emulator, name: str, error: str) -> None:
    """A reason that no longer holds, or a file that is no longer there, does not excuse anything."""
    assert rom.TESTS / f"{name}.py" in rom.FILES
    assert emulator.run(Path(f"tests/portable/{name}.py")).rstrip().endswith(error)
