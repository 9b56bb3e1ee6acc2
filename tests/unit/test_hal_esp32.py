"""The ESP32's hal and start over fakes, on MicroPython: its asyncio, its LittleFS and its streams are then the real ones."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MICROPYTHON = ROOT / ".skerry" / "bin" / "micropython"


@pytest.mark.parametrize(
    ("script", "tests"), [("esp32_on_fakes.py", 16), ("esp32_start_on_fakes.py", 8), ("esp32_selector_on_fakes.py", 1)]
)
def test_the_esp32_over_fakes_of_its_modules(script: str, tests: int) -> None:
    command = [str(MICROPYTHON), "tests/portable/run.py", f"tests/unit/{script}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok test_") == tests
