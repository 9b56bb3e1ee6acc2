"""The ESP32's hal over fakes, on MicroPython: its asyncio, its LittleFS and its streams are then the real ones."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
MICROPYTHON = ROOT / ".skerry" / "bin" / "micropython"


def test_the_esp32_over_fakes_of_its_modules() -> None:
    command = [str(MICROPYTHON), "tests/portable/run.py", "tests/unit/esp32_on_fakes.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok test_") == 16
