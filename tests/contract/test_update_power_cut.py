"""The power cuts of update_power_cut, which needs MicroPython's own LittleFS."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
MICROPYTHON = ROOT / ".skerry" / "bin" / "micropython"


def test_every_power_cut_leaves_the_old_or_the_new_application() -> None:
    script = [str(MICROPYTHON), "-m", "tests.contract.update_power_cut"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(lines) == 2, done.stdout + done.stderr
    assert all(line.startswith("cuts ") and int(line.split()[1]) > 50 for line in lines)
