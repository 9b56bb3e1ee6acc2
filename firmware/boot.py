"""The boot selector: the first program of a meter, and the only one that no update replaces.

    micropython firmware/boot.py CONFIG

There are three places for an application. ``factory`` is the one beside this file and is never written to; the slots ``a``
and ``b`` are folders in ``CONFIG.slots``, where updates put theirs. Which one runs is in one small file there, the record.
It is replaced by renaming, so a power cut leaves the old one or the new one; without a readable one, factory runs.

- A trial gets TRIAL_STARTS starts to confirm itself, for a power cut is not its fault; its first error is its last.
- After SAFE_AFTER starts without progress the application is told to start in safe mode only. One that does not get
  anywhere in safe mode either is given up for factory.

An application ships a copy of this file, for the record's format; the copy never selects. Format and call stay as they are
for good: ``firmware.main.main([CONFIG], folder) -> exit status``.
"""

import binascii
import json
import os
import sys

FACTORY = ""
SLOTS = ("a", "b")
SAFE_AFTER = 5
GIVE_UP_AFTER = 10
TRIAL_STARTS = 3
_PATIENCE_S = 60  # for an application to have a watchdog of its own
ENTRIES = ("firmware/main.py", "firmware/main.mpy")


class Record:
    """What the selector and the application tell each other.

    Attributes:
        slot: the confirmed application: FACTORY or one of SLOTS.
        trial: the slot on trial, "" for none; ``starts`` counts its starts.
        floor: versions up to this one are refused: confirmed before, or rolled back.
        boots: starts since the meter last made progress, this one included.
        ended: why this run ends, noted by whoever ends it; "" while it runs, and after a power cut.
        reason: why the run before this one ended; "" if nobody could note it.
        version: the newest that was tried, 0 for none; ``result`` is what became of it, in words.
        told: whether a signed event says so.
    """

    _KEYS = ("slot", "trial", "starts", "floor", "boots", "ended", "reason", "version", "result", "told")

    def __init__(self, folder: str) -> None:
        """Read the record in ``folder``; without a readable one, as a new meter's."""
        self.slot = self.trial = self.ended = self.reason = self.result = ""
        self.version = self.starts = self.floor = self.boots = 0
        self.told = True
        self._path = folder + "/record"
        try:
            with open(self._path, "rb") as file:
                data = file.read()
            if _crc(data[:-9]) == data[-8:]:
                for key, value in json.loads(data[:-9]).items():
                    setattr(self, key, value)
        except (OSError, ValueError):
            pass

    def save(self) -> None:
        """Put the record on the medium, wholly or not at all. OSError if the medium refuses."""
        data = json.dumps({key: getattr(self, key) for key in self._KEYS}).encode()
        with open(self._path + ".new", "wb") as file:
            file.write(data + b"\n" + _crc(data))
            file.flush()
        os.rename(self._path + ".new", self._path)

    @property
    def running(self) -> str:
        """The slot that this start is of."""
        return self.trial or self.slot

    @property
    def safe(self) -> bool:
        """Whether the application may only start in safe mode. A trial is not held back by the failures of others."""
        return not self.trial and self.boots > SAFE_AFTER

    def begin_trial(self, slot: str, version: int) -> None:
        """The next start is of ``slot``. The caller saves, here and below."""
        self.trial, self.version, self.starts, self.boots = slot, version, 0, 0
        self.result, self.told = "on trial", True
        self.ended = f"update to version {version}"

    def confirm(self) -> None:
        """The trial has proved itself."""
        self.slot, self.trial, self.starts, self.boots = self.trial, "", 0, 0
        self.floor = self.version
        self.result, self.told = "confirmed", False

    def roll_back(self, why: str) -> None:
        """The trial has failed; its version is not tried again."""
        self.trial, self.starts, self.boots = "", 0, 0
        self.floor = max(self.floor, self.version)
        self.result, self.told = f"rolled back: {why}", False


def _crc(data: bytes) -> bytes:
    return b"%08x" % binascii.crc32(data)


def count_start(record: Record, usable: "list[str]") -> None:
    """Count a start in ``record`` and decide what ``record.running`` is. ``usable``: the slots that hold an application."""
    record.reason, record.ended = record.ended, ""
    record.boots += 1
    if record.trial:
        record.starts += 1
        if record.trial not in usable or record.starts > TRIAL_STARTS:
            record.roll_back("it did not confirm itself")
            record.boots = 1
    if record.slot and (record.slot not in usable or record.boots > GIVE_UP_AFTER):
        record.slot, record.boots = FACTORY, 1


def count_end(record: Record, started: str, why: str) -> None:
    """The application in slot ``started`` has ended because of ``why``."""
    if record.trial and record.trial == started:
        record.roll_back(record.ended or why)
    record.ended = record.ended or why


def _usable(folder: str) -> "list[str]":
    return [slot for slot in SLOTS if any(_exists(f"{folder}/{slot}/{entry}") for entry in ENTRIES)]


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def _save(record: Record) -> None:
    # a medium that takes nothing any more must not keep the meter from starting
    try:
        record.save()
    except OSError as error:
        print("boot: the record was not kept:", error)


def start(folder: str, factory: str, arguments: "list[str]") -> int:
    """Run the application of choice and return its exit status.

    Args:
        folder: where record and slots are.
        factory: path of the application that came with this file.
        arguments: for the application.
    """
    if not _exists(folder):
        os.mkdir(folder)
    record = Record(folder)
    count_start(record, _usable(folder))
    _save(record)
    started = record.running
    sys.path[0] = f"{folder}/{started}" if started else factory
    try:
        from firmware.main import main  # noqa: PLC0415 - which one it is has just been decided

        status = main(arguments, folder)
    except Exception as error:
        _note_end(folder, started, f"{type(error).__name__}: {error}"[:80])
        raise
    _note_end(folder, started, f"exit status {status}")
    return status


def _note_end(folder: str, started: str, why: str) -> None:
    record = Record(folder)
    count_end(record, started, why)
    _save(record)


def _wind_up() -> None:
    """The kernel's alarm (alarm(2)), which the application's watchdog takes over: one that hangs before that is ended, too."""
    import ffi  # noqa: PLC0415 - of the unix port only

    ffi.open("libc.so.6").func("I", "alarm", "I")(_PATIENCE_S)


if __name__ == "__main__":
    _wind_up()
    _here = sys.argv[0] if sys.argv[0].startswith("/") else "./" + sys.argv[0]
    sys.exit(start(sys.argv[1] + ".slots", _here.rsplit("/", 2)[0], sys.argv[1:]))
