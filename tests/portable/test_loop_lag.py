"""The loop's lateness: what a task that only sleeps finds."""

import asyncio
import time

from firmware.meter.loop_lag import LoopLag


def test_lateness_is_what_goes_beyond_the_pause():
    lag = LoopLag()
    for slept_us in (100_000, 99_900, 103_000, 100_001):
        lag.note(slept_us)
    assert lag.take() == (3, 1)
    assert lag.take() == (0, 0)


def test_a_task_that_holds_the_loop_is_seen():
    lag = LoopLag()

    async def hold():
        task = asyncio.create_task(lag.measure())
        await asyncio.sleep(0.01)
        time.sleep(0.18)
        await asyncio.sleep(0.02)
        task.cancel()

    asyncio.run(hold())
    longest, mean = lag.take()
    assert 60 <= longest < 1000
    assert 0 < mean <= longest
