"""The soak's processes and outages."""

import asyncio
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from blockchain_iface import tied
from hil.bench import faketime
from tools import frozen, mpy
from tools.soak.bus import BATTERY, BILLING, DEVICES, Bus
from tools.soak.centre import HOST, METER, SITE, Centre
from tools.soak.course import CYCLE, Course

PROBE = Path(__file__).with_name("probe.py")
HEAP = 256 * 1024
SPEED = 20  # the meter's seconds in one of ours: its patience of 1 s with a device is 50 ms
INTERVAL_S = 2
ROWS = 2
# (first interval of the cycle, intervals, what does not answer)
OUTAGES = ((10, 20, "centre"), (50, 25, "broker"), (95, 20, "battery"), (125, 3, "meter"))
LONGEST = 14 * 96  # intervals without broker: two weeks of quarters of an hour
PATIENCE_S = 0.25  # of ours for each certificate
_POLL_S = 0.2


class SoakError(Exception):
    """The meter did not get through. The message says how, and ends with its last words."""


def soak(certificates: int) -> Course:
    """Soak a new meter until so many certificates are in. SoakError if it does not get there."""
    # in memory, for a disk would wait for every fsync of the meter's flash
    with tempfile.TemporaryDirectory(dir=faketime.SHARED) as folder:
        return asyncio.run(Soak(Path(folder)).run(certificates))


class Soak:
    """A meter with three devices, between a bus and a centre that fail now and then."""

    def __init__(self, folder: Path) -> None:
        """`folder`, empty, takes the meter's flash and all logs."""
        self._folder = folder
        self._log = folder / "meter.log"
        self._bus = Bus(SPEED)
        self._centre = Centre(folder)
        self._outages = 0

    async def run(self, certificates: int) -> Course:
        """Until so many certificates are in, all from the first on. SoakError if they do not come."""
        loop = asyncio.get_running_loop()
        async with await self._bus.open():
            self._centre.open()
            meter = await self._start_meter()
            began = loop.time()
            outages = asyncio.create_task(self._fail_now_and_then(certificates))
            try:
                async with asyncio.timeout(PATIENCE_S * certificates + 20):
                    await self._await_certificates(meter, certificates)
            except TimeoutError:
                raise SoakError(f"{self._centre.chained} certificates so far, and time is up: {self._words()}") from None
            finally:
                outages.cancel()
                if meter.returncode is None:
                    meter.kill()
                await meter.wait()
                faketime.clean_up(meter.pid)
                self._centre.close()
        days = SPEED * (loop.time() - began) / 86400
        self._centre.check_chain()
        given_up = len(self._centre.given_up)
        return Course(self._centre.chained, given_up, self._outages, self._centre.debt, days, self._heap())

    async def _start_meter(self) -> asyncio.subprocess.Process:
        config = self._folder / "meter.json"
        config.write_text(json.dumps(self._configuration()), encoding="utf-8")
        command = [sys.executable, "-I", str(tied.__file__), str(os.getpid())]
        command += ["env", f"LD_PRELOAD={faketime.library()}", f"FAKETIME=+0 x{SPEED}"]
        command += [str(frozen.interpreter(self._folder, [PROBE])), "-X", f"heapsize={HEAP}", "-m", PROBE.stem, str(config)]
        with self._log.open("wb") as log:
            return await asyncio.create_subprocess_exec(
                *command, cwd=mpy.ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _configuration(self) -> dict[str, object]:
        return {
            "site": SITE,
            "meter": METER,
            "interval_s": INTERVAL_S,
            "rows": ROWS,
            "poll_ms": 1000,
            "mqtt": {"host": HOST, "port": self._centre.port, "username": METER, "password": "soak"},
            "gateway_key": self._centre.signer.public.hex(),
            "bus": {"kind": "tcp", "host": HOST, "port": self._bus.port},
            "devices": DEVICES,
            "flash": "meter.lfs",
        }

    async def _await_certificates(self, meter: asyncio.subprocess.Process, certificates: int) -> None:
        while self._centre.chained < certificates:
            if meter.returncode is not None:
                raise SoakError(f"the meter ended with status {meter.returncode}: {self._words()}")
            await asyncio.sleep(_POLL_S)

    async def _fail_now_and_then(self, certificates: int) -> None:
        """The longest outage first, then cycles of the others."""
        await self._fail("broker", 10, min(LONGEST, certificates // 6))
        while True:
            at = 0
            for start, length, what in OUTAGES:
                await self._fail(what, start - at, length)
                at = start + length
            await asyncio.sleep((CYCLE - at) * INTERVAL_S / SPEED)

    async def _fail(self, what: str, after: int, length: int) -> None:
        """`after` intervals from now, for `length` intervals."""
        await asyncio.sleep(after * INTERVAL_S / SPEED)
        begin, end = self._switches(what)
        begin()
        self._outages += 1
        await asyncio.sleep(length * INTERVAL_S / SPEED)
        end()

    def _switches(self, what: str) -> tuple[Callable[[], None], Callable[[], None]]:
        """How to make it fail, and how to end that."""
        if what == "broker":
            return self._centre.stop, self._centre.start
        if what == "centre":
            return partial(setattr, self._centre, "answering", False), partial(setattr, self._centre, "answering", True)
        unit = {"meter": BILLING, "battery": BATTERY}[what]
        return partial(self._bus.silent.add, unit), partial(self._bus.silent.discard, unit)

    def _heap(self) -> list[int]:
        return [int(size) for size in re.findall(r"^heap (\d+)$", self._log.read_text(encoding="utf-8"), re.MULTILINE)]

    def _words(self) -> str:
        return "\n".join(self._log.read_text(encoding="utf-8").splitlines()[-12:])
