"""Linux's I2C over a fake, on MicroPython, and what a wrong description of a Linux board leads to."""

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MICROPYTHON = str(ROOT / ".skerry" / "bin" / "micropython")
CONFIG = {
    "site": "isle",
    "meter": "wind-1",
    "interval_s": 10,
    "rows": 5,
    "poll_ms": 500,
    "mqtt": {"host": "127.0.0.1", "port": 1883, "username": "wind-1", "password": "secret"},
    "gateway_key": "ab" * 64,
    "bus": {"kind": "tcp", "host": "127.0.0.1", "port": 15020},
    "devices": [{"unit": 1, "map": "sunspec", "role": "billing"}],
    "flash": "wind-1.lfs",
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([MICROPYTHON, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_the_element_over_a_fake_of_the_kernels_device() -> None:
    done = run("tests/portable/run.py", "tests/unit/linux_i2c_on_fakes.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok test_") == 2


@pytest.mark.parametrize(
    ("board", "status", "words"),
    [
        ({"clock": False}, 0, '"public"'),
        ({"atecc608": {"path": "/dev/null"}}, 1, "no secure element at I2C address 0x60"),
        ({"atecc608": {"path": "/dev/null", "address": 53}}, 1, "no secure element at I2C address 0x35"),
        ({"atecc608": {"path": "/dev/no-bus"}}, 1, "ENOENT"),
        ({"atecc608": {}}, 2, "board.atecc608.path: is missing"),
        ({"led": 2}, 2, "board.led: is not known"),
    ],
)
def test_a_board_that_is_not_as_described_is_said_in_words(
    tmp_path: Path, board: dict[str, object], status: int, words: str
) -> None:
    config = tmp_path / "wind-1.json"
    config.write_text(json.dumps({**CONFIG, "board": board}))
    done = run("-m", "firmware.main", "--identity", str(config))
    assert done.returncode == status, done.stdout + done.stderr
    assert words in done.stdout
