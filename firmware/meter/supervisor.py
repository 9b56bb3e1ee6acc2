"""Life and restart of a meter: what local progress does to watchdog, boot count and trial. Record and watchdog are its only
I/O; time is an argument."""

from ..boot import SAFE_AFTER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..boot import Record
    from ..hal.interface import Watchdog
    from .progress import Progress

SAFE_MODE_MS = 3600000
WATCHDOG_S = 60  # a resolver that finds nobody may hold the loop for 30 s


class Restart(Exception):
    """The meter has to start again; the message says why."""


class Supervisor:
    """Feeds ``watchdog`` while there is progress. ``record``: None if no boot selector has started us."""

    def __init__(self, record: "Record | None", progress: "Progress", watchdog: "Watchdog", now: int) -> None:
        self._begun = now
        self._record = record
        self._progress = progress
        self._watchdog = watchdog
        self._worthwhile = False

    def tick(self, now: int) -> None:
        """To be called every few seconds. ``now``: monotonic milliseconds.

        Raises Restart when a task has come to a stop or a trial has failed, OSError if the record cannot be written:
        nothing is lost then, and the next call tries again.
        """
        stalled = self._progress.stalled(now)
        if stalled is not None:
            self._end(f"watchdog: {stalled}")
        self._watchdog.feed()
        if self._record is None:
            return
        if self._record.trial:
            self._try(self._record, now)
        elif self._record.safe:
            self._stay_safe(self._record, now)
        elif not self._worthwhile and self._progress.made(now):
            self._record.boots = 0
            self._record.save()
            self._worthwhile = True

    def _try(self, record: "Record", now: int) -> None:
        if self._progress.proven(now):
            record.confirm()
            record.save()
            self._worthwhile = True
        elif self._progress.overdue(now):
            record.roll_back("no progress within 10 minutes")
            self._end(f"version {record.version} {record.result}")

    def _stay_safe(self, record: "Record", now: int) -> None:
        """Safe mode ends after an hour: what kept the meter from working may have gone, a storm for instance."""
        if now - self._begun >= SAFE_MODE_MS:
            record.boots = SAFE_AFTER - 1
            self._end("safe mode: time for another attempt")

    def _end(self, why: str) -> None:
        if self._record is not None:
            self._record.ended = why
            try:  # noqa: SIM105 - boards have no contextlib
                self._record.save()
            except OSError:
                pass  # it starts again all the same
        raise Restart(why)
