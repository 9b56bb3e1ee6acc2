"""The whole meter in simulated time: a month alone feeds the watchdog, and a task that stands still starves it.

The loop's clock is the board's: whenever all tasks wait, time leaps to the next one that is due.
"""

import asyncio
import errno
import selectors
from pathlib import Path

import pytest

from firmware import boot
from firmware.hal import fake
from firmware.meter import app, dispatch, life, loop_lag, mqtt_link, upkeep
from firmware.meter.app import Meter
from firmware.meter.config import Config
from firmware.meter.progress import Progress
from firmware.meter.supervisor import WATCHDOG_S, Restart
from hil.devices.sunspec import SunSpecDevice, meter
from hil.plant.island import Reading

BUS, BROKER = 502, 1883
DAY_S = 86400
DOCUMENT = {
    "site": "isle",
    "meter": "wind-1",
    "interval_s": 21600,
    "rows": 4,
    "poll_ms": 60000,
    "mqtt": {"host": "127.0.0.1", "port": BROKER, "username": "wind-1", "password": "secret"},
    "gateway_key": "01" * 64,
    "bus": {"kind": "tcp", "host": "127.0.0.1", "port": BUS},
    "devices": [{"unit": 1, "map": "sunspec", "role": "billing"}],
    "flash": "none",
}
CONFIG = Config(DOCUMENT)
MINUTES = Config({**DOCUMENT, "interval_s": 60, "rows": 1, "poll_ms": 10000})


class Board(fake.Board):
    """No broker; a SunSpec meter of 1 Wh a second, which may fall silent."""

    def __init__(self) -> None:
        super().__init__()
        self.dog = fake.Watchdog(self.clock)
        self.silent = False
        self.asked = 0
        self._device = SunSpecDevice([meter("A", 100_000)])

    def watchdog(self, timeout_s: int) -> fake.Watchdog:
        assert timeout_s == WATCHDOG_S
        return self.dog

    def open_tcp(self, host: str, port: int) -> fake.Stream:
        assert host == "127.0.0.1"
        if port == BROKER:
            raise OSError(errno.ENETUNREACH, "no network on this island")
        return fake.Stream(self._answer)

    def _answer(self, request: bytes) -> list[bytes]:
        self.asked += 1
        if self.silent:
            return []
        first, count = int.from_bytes(request[8:10], "big"), int.from_bytes(request[10:12], "big")
        wh = self.clock.ticks_ms() // 1000
        image = self._device.image(Reading(w=3600, import_wh=wh, export_wh=0, dv=2300, mhz=50000, soc=None))
        at = first - self._device.first
        if not 0 <= at <= len(image) - count:
            return [request[:4] + b"\x00\x03" + request[6:7] + b"\x83\x02"]
        body = b"".join(word.to_bytes(2, "big") for word in image[at : at + count])
        return [request[:4] + (len(body) + 3).to_bytes(2, "big") + request[6:8] + bytes([len(body)]) + body]


class _Leap(selectors.DefaultSelector):
    """Waits for nothing, and lets the board's clock pass instead."""

    clock: fake.Clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "every task waits for something that cannot happen"
        self.clock.advance(-int(-timeout * 1000 // 1))
        return []


def live(board: Board, seconds: int, folder: str = "", config: Config = CONFIG) -> str | None:
    """Run a meter on ``board`` for ``seconds`` of its own time. Why it wanted to start again; None if it went on."""
    selector = _Leap()
    selector.clock = board.clock
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: board.clock.ticks_ms() / 1000  # type: ignore[method-assign]
    grown = Meter(config, board, lambda _name: {}, folder)

    async def bounded() -> str | None:
        try:
            await asyncio.wait_for(grown.run(), seconds)
        except Restart as restart:
            return str(restart)
        except TimeoutError:
            return None
        raise AssertionError("a meter runs for ever")

    try:
        return loop.run_until_complete(bounded())
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.close()


@pytest.fixture(autouse=True)
def slow_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tasks' pauses, not their limits: a month is a matter of seconds then."""
    for module, pause, value in (
        (app, "_TICK_S", 30),
        (app, "_LOOK_S", 30),
        (dispatch, "_TICK_S", 30),
        (life, "_BEAT_S", 20),
        (life, "_IDLE_S", 30),
        (loop_lag, "_PAUSE_MS", 30_000),
        (upkeep, "_LOOK_S", 30),
        (mqtt_link, "_LONGEST_PAUSE_MS", 600_000),
    ):
        monkeypatch.setattr(module, pause, value)


def test_a_month_without_network_never_starves_the_watchdog(tmp_path: Path) -> None:
    board = Board()
    assert live(board, 30 * DAY_S, str(tmp_path)) is None
    assert board.clock.ticks_ms() >= 30 * DAY_S * 1000
    assert board.dog.longest_ms <= 21_000
    record = boot.Record(str(tmp_path))
    assert (record.boots, record.ended) == (0, "")


def test_a_dead_device_is_no_reason_to_start_again() -> None:
    board = Board()
    board.silent = True
    assert live(board, DAY_S) is None
    assert board.asked > 100
    assert board.dog.longest_ms <= 21_000


@pytest.mark.parametrize(("task", "words", "limit_s"), [("_poll", "the bus task", 141), ("_certify", "certifying", 91)])
def test_a_task_that_stands_still_ends_the_meter_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, words: str, limit_s: int
) -> None:
    async def never(*_: object) -> None:
        await asyncio.sleep(1e9)

    monkeypatch.setattr(Meter, task, never)
    board = Board()
    assert words in str(live(board, DAY_S, str(tmp_path)))
    # the limit, what poll_ms adds to it, and the pace of this test
    assert board.clock.ticks_ms() <= limit_s * 1000
    assert words in boot.Record(str(tmp_path)).ended


def on_trial(folder: Path) -> None:
    record = boot.Record(str(folder))
    record.begin_trial("a", 2)
    record.save()


def test_a_trial_is_confirmed_without_network_and_says_so(tmp_path: Path) -> None:
    on_trial(tmp_path)
    board = Board()
    assert live(board, 600, str(tmp_path), MINUTES) is None
    record = boot.Record(str(tmp_path))
    assert (record.slot, record.trial, record.result, record.told) == ("a", "", "confirmed", True)


def test_a_trial_that_never_certifies_is_rolled_back_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_trial(tmp_path)
    board = Board()
    with monkeypatch.context() as patch:
        patch.setattr(Progress, "stored", lambda _self: None)
        assert live(board, DAY_S, str(tmp_path), MINUTES) == "version 2 rolled back: no progress within 10 minutes"
    assert 600_000 <= board.clock.ticks_ms() <= 621_000
    record = boot.Record(str(tmp_path))
    assert (record.running, record.floor, record.told) == ("", 2, False)
    live(Board(), 600, str(tmp_path), MINUTES)
    assert boot.Record(str(tmp_path)).told
