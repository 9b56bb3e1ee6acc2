"""An update as people do it: the command at the gateway, a meter on MicroPython, its own words on the ledger."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.adapters import releases
from gateway.core.release import Release
from tests.contract.meter_bench import MICROPYTHON, Device
from tests.contract.test_gateway_process import INTERVAL, ROOT, Bench, until
from tests.virtual_meter import SITE
from tools import mpy

CRASHES = b"def main(arguments, folder):\n    raise ValueError('no')\n"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "site", "whichever is here")
    bench.start()
    yield bench
    bench.close()


class Pole:
    """A meter that is started again whenever it ends."""

    def __init__(self, folder: Path, bench: Bench) -> None:
        self.device = Device()
        self.config = folder / "wind-1.json"
        document = {
            "site": SITE,
            "meter": "wind-1",
            "interval_s": INTERVAL,
            "rows": 1,
            "poll_ms": 100,
            "mqtt": {"host": "127.0.0.1", "port": 1, "username": "wind-1", "password": "none yet"},
            "gateway_key": "0" * 128,
            "bus": self.device.buses["tcp"],
            "devices": [{"unit": 1, "map": "sunspec", "role": "billing"}],
            "flash": "wind-1.lfs",
        }
        self.config.write_text(json.dumps(document))
        command = [str(MICROPYTHON), "-m", "firmware.main", "--identity", str(self.config)]
        identity = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
        answer = json.loads(bench.enrol(identity, bench.site.token("wind-1", "Wind", "wind", None)).read_text())
        document.update({name: answer[name] for name in ("mqtt", "gateway_key")})
        self.config.write_text(json.dumps(document))
        self.log = folder / "meter.log"
        self.start()

    def start(self) -> None:
        command = [str(MICROPYTHON), "-X", "heapsize=512k", "firmware/boot.py", str(self.config)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.device.close()


@pytest.fixture
def pole(tmp_path: Path, bench: Bench) -> Iterator[Pole]:
    pole = Pole(tmp_path, bench)
    yield pole
    pole.close()


def update(bench: Bench, pole: Pole, archive: Path) -> tuple[int, list[str]]:
    """Exit status and lines of the command, while the meter is started again whenever it ends."""
    command = [sys.executable, "-m", "gateway", "update", str(bench.site.root), str(archive), "wind-1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:

        def ended() -> bool:
            if pole.process.poll() is not None:
                pole.start()
            return process.poll() is not None

        done = until(ended, 90)
        if not done:
            process.kill()
        assert process.stdout
        lines = process.stdout.read().splitlines()
    assert done, (lines, pole.log.read_text(), (bench.site.root / "log").read_text())
    return process.returncode, lines


def test_a_bad_release_is_rolled_back_and_a_good_one_stays(tmp_path: Path, bench: Bench, pole: Pole) -> None:
    releases.write(tmp_path / "bad.zip", Release(2, "unix", {"firmware/main.py": CRASHES}))
    status, lines = update(bench, pole, tmp_path / "bad.zip")
    assert (status, lines[1:]) == (
        1,
        [
            "wind-1: version 2 accepted",
            "wind-1: version 2 rolled back: ValueError: no",
            "gateway: not updated: wind-1: rolled back: ValueError: no",
        ],
    )
    files = {path.as_posix(): content for path, content in mpy.application().items()}
    del files["firmware/version.mpy"]
    releases.write(tmp_path / "good.zip", Release(3, "unix", {**files, "firmware/version.py": b"VERSION = 3\n"}))
    status, lines = update(bench, pole, tmp_path / "good.zip")
    assert (status, lines[1:]) == (0, ["wind-1: version 3 accepted", "wind-1: version 3 confirmed"])
    assert (bench.site.root / "updates" / "done" / "wind-1.zip").exists()
    assert "version=3" in (bench.site.root / "log").read_text()
