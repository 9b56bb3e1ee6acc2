"""A meter process that is updated over the air, cut off, given bad updates, and sent into safe mode: the test restarts it."""

import json
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware import boot
from firmware.wire import command, cose, es256, event, topics
from gateway.core.release import Release
from tests.contract.meter_bench import (
    GATEWAY,
    METER,
    MICROPYTHON,
    ROOT,
    SITE,
    STRANGER,
    Bench,
    Device,
    until,
)
from tools import mpy

AT = 1_800_000_000
CRASHES = b"def main(arguments, folder):\n    raise ValueError('no')\n"
HANGS = b"""
import ffi

def main(arguments, folder):
    ffi.open('libc.so.6').func('I', 'alarm', 'I')(1)
    while True:
        pass
"""
ALARM = """
from firmware.hal.unix import Watchdog
import time
watchdog = Watchdog(1)
for _ in range(3):
    time.sleep(0.4)
    watchdog.feed()
print("fed")
while True:
    pass
"""


class Pole(Bench):
    """A meter that is started again whenever it ends, and a gateway that serves one release."""

    def __init__(self, folder: Path, bus: dict[str, str | int]) -> None:
        self.serving: Release | None = None
        self.wants = 0
        self.number = 0
        super().__init__(folder, bus)

    def start_meter(self) -> None:
        self._start("meter", [str(MICROPYTHON), "-X", "heapsize=512k", "firmware/boot.py", str(self.config)])

    def _hear(self, topic: str, payload: bytes) -> None:
        if topic != topics.up(SITE, METER, "want"):
            super()._hear(topic, payload)
            return
        self.wants += 1
        chunk = self.serving.answer(payload) if self.serving else None
        if chunk is not None:
            assert len(chunk) < 1100
            self.client.publish(topics.down(SITE, METER, "chunk"), chunk)

    def offer(self, release: Release, signer: es256.SoftwareSigner = GATEWAY) -> None:
        self.serving = release
        self.number += 1
        manifest = release.manifest(signer, SITE, AT)
        assert len(manifest) < 512
        data = command.issue(
            GATEWAY, SITE, METER, int(time.time()) * 1000 + self.number, command.UPDATE, manifest, int(time.time())
        )
        self.client.publish(topics.down(SITE, METER, "cmd"), data, 1)

    def last(self, key: str) -> object:
        return self.states[-1].get(key) if self.states else None

    def happened(self, kind: int) -> list[dict[int, object]]:
        """The details of all events of ``kind``, in order."""
        bodies = [event.decode(cose.parse(self.events[number]).payload) for number in sorted(self.events)]
        return [body.details for body in bodies if body.kind == kind]

    def updates(self) -> list[tuple[object, object]]:
        return [(details[1], details[2]) for details in self.happened(event.UPDATE)]

    def kept_until(self, true: Callable[[], object], within_s: float = 20.0) -> bool:
        """Whether ``true`` came true in time, while the meter is started again whenever it ends."""

        def kept() -> object:
            if self.processes["meter"].poll() is not None:
                self.start_meter()
            return true()

        return until(kept, within_s)

    def is_whole(self, public: bytes) -> None:
        """The meter goes on certifying, and no certificate or event was lost or repeated."""
        newest = len(self.received)

        def is_quiet() -> bool:
            # events come newest first
            return len(self.received) > newest and self.settled() and max(self.events) == len(self.events)

        assert self.kept_until(is_quiet), self.log()
        self.check_chain(public)
        self.check_events(public)


@pytest.fixture
def pole(tmp_path: Path, device: Device) -> Iterator[Pole]:
    pole = Pole(tmp_path, device.buses["tcp"])
    yield pole
    pole.close()


@pytest.fixture
def public(pole: Pole) -> bytes:
    """The running meter's key."""
    key = bytes.fromhex(json.loads(pole.identity().stdout)["public"])
    pole.start_meter()
    assert until(lambda: pole.last("version") == 1), pole.log()
    return key


@pytest.fixture(scope="module")
def two() -> Release:
    """This firmware, compiled, as version 2."""
    files = {path.as_posix(): content for path, content in mpy.application().items()}
    del files["firmware/version.mpy"]
    return Release(2, "unix", {**files, "firmware/version.py": b"VERSION = 2\n"})


def test_a_meter_is_updated_through_power_cuts(pole: Pole, public: bytes, two: Release) -> None:
    chance = random.Random(2)  # noqa: S311 - a plan of power cuts, the same every time
    chunks = sum(-(-len(data) // 1024) for data in two.contents)
    pole.offer(two)
    for cut in sorted(chance.sample(range(1, chunks), 4)):
        assert until(lambda: pole.wants >= cut, 20), pole.log()  # noqa: B023 - called in this turn
        pole.kill("meter")
        pole.start_meter()
    for _ in range(2):
        started = pole.log().count("version 2 slot a")
        assert pole.kept_until(lambda: pole.log().count("version 2 slot a") > started), pole.log()  # noqa: B023
        time.sleep(chance.uniform(0.05, 0.4))
        pole.kill("meter")
        pole.start_meter()
    assert pole.kept_until(lambda: (2, "confirmed") in pole.updates()), pole.log()
    assert pole.last("version") == 2
    # what had been fetched before a cut was not fetched again
    assert pole.wants <= chunks + 20
    assert set(pole.updates()) <= {(2, "accepted"), (2, "resumed"), (2, "confirmed")}
    assert pole.updates()[0] != (2, "confirmed")
    assert "update to version 2" in [details[1] for details in pole.happened(event.BOOT)]
    pole.kill("meter")
    pole.start_meter()
    pole.is_whole(public)
    assert (pole.last("version"), pole.last("update")) == (2, "version 2 confirmed")


def test_what_is_not_for_this_meter_is_refused_and_reported(pole: Pole, public: bytes) -> None:
    files = {"firmware/main.py": CRASHES}
    pole.offer(Release(2, "unix", files), STRANGER)
    pole.offer(Release(1, "unix", files))
    pole.offer(Release(2, "esp32", files))
    assert until(lambda: len(pole.updates()) == 3), pole.log()
    assert pole.updates() == [
        (0, "refused: the signature is not the gateway's"),
        (1, "refused: not above version 1"),
        (2, "refused: for esp32, and this is unix"),
    ]
    assert (pole.last("version"), pole.wants) == (1, 0)
    pole.is_whole(public)


def test_bad_versions_are_rolled_back(pole: Pole, public: bytes) -> None:
    crashes = Release(2, "unix", {"firmware/main.py": CRASHES})
    for bad, reason in (
        (crashes, "ValueError: no"),
        (Release(3, "unix", {"firmware/main.py": HANGS}), "it did not confirm itself"),
    ):
        before = len(pole.updates())
        pole.offer(bad)
        assert pole.kept_until(lambda: len(pole.updates()) == before + 2), pole.log()  # noqa: B023 - called in this turn
        assert pole.updates()[before:] == [(bad.version, "accepted"), (bad.version, f"rolled back: {reason}")]
    pole.offer(crashes)
    assert until(lambda: len(pole.updates()) == 5), pole.log()
    assert pole.updates()[4] == (2, "refused: not above version 3")
    assert pole.last("version") == 1
    pole.is_whole(public)


def test_five_starts_without_progress_lead_to_safe_mode_and_an_update_out_of_it(
    pole: Pole, public: bytes, two: Release
) -> None:
    pole.kill("meter")
    for start in range(1, 7):
        pole.start_meter()
        assert until(lambda: pole.log().count("version 1 slot factory") > start), pole.log()  # noqa: B023
        pole.kill("meter")
    pole.start_meter()
    assert until(lambda: pole.last("safe") is True), pole.log()
    assert until(lambda: {1: "start", 2: 1} in pole.happened(event.BOOT)), pole.log()
    issued = pole.last("seq")
    time.sleep(1.5)
    assert pole.last("seq") == issued
    pole.offer(two)
    assert pole.kept_until(lambda: (2, "confirmed") in pole.updates()), pole.log()
    assert pole.last("safe") is False
    pole.is_whole(public)


def test_the_alarm_ends_a_process_whose_loop_hangs() -> None:
    done = subprocess.run([str(MICROPYTHON), "-c", ALARM], cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)
    assert (done.stdout, done.returncode) == ("fed\n", -signal.SIGALRM), done.stderr


def test_an_application_that_hangs_before_it_has_a_watchdog_is_ended_by_the_selectors(tmp_path: Path) -> None:
    folder = tmp_path / "config.slots"
    (folder / "a" / "firmware").mkdir(parents=True)
    program = "import ffi\n\ndef main(*_):\n    print(ffi.open('libc.so.6').func('I', 'alarm', 'I')(0))\n    return 0\n"
    (folder / "a" / "firmware" / "main.py").write_text(program)
    record = boot.Record(str(folder))
    record.begin_trial("a", 2)
    record.save()
    started = [str(MICROPYTHON), "firmware/boot.py", str(tmp_path / "config")]
    left = subprocess.run(started, cwd=ROOT, capture_output=True, text=True, timeout=10, check=True).stdout
    assert 55 < int(left) <= 60
