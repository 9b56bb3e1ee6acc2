"""What people have decided about this meter, and what is left of its credit: one file, replaced wholly or not at all.

A command's number and its effect are in the same file, so both are kept or neither is: a power cut cannot make a command
happen twice, nor be forgotten after it has happened. So is the answer that is still owed.
"""

from ..wire import cbor, command
from ..wire.fields import WireError, bytes_of, list_of, uint_of
from .credit import OK, Account
from .relay import CLOSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .notes import Notes

DONE, REFUSED, FAILED = range(3)
_NOTE = "control"
_NUMBER = (1 << 63) - 1


class Answer:
    """What became of a command: ``id`` of its statement, its kind, DONE, REFUSED or FAILED, and why."""

    __slots__ = ("id", "kind", "reason", "result")

    def __init__(self, id: bytes, kind: int, result: int, reason: str) -> None:
        self.id = id
        self.kind = kind
        self.result = result
        self.reason = reason


class Control:
    """The file's content.

    Attributes:
        number: of the newest command, 0 for none; only higher ones are obeyed.
        since: commands issued before this Unix second are not obeyed: the file was lost then, and ``number`` with it.
        answer: owed for the newest command, None once its event is kept.
        opened: a command holds the contact open.
        limit: watts and seconds, None for none.
        settings: by POLL_MS, ... of command, where they are not as installed.
        account: see credit.
        told: the states of credit and contact that the newest events tell of.
    """

    def __init__(self, notes: "Notes", installed: "dict[int, int]", at: int) -> None:
        """Read the file; ``installed`` are the settings by key, ``at`` is the Unix second."""
        self._notes = notes
        self._installed = installed
        self._reset()
        self._load(at)

    def _reset(self) -> None:
        self.number = self.since = 0
        self.answer: Answer | None = None
        self.opened = False
        self.limit: tuple[int, int] | None = None
        self.settings: dict[int, int] = {}
        self.account = Account()
        self.told = OK, CLOSED

    def _load(self, at: int) -> None:
        data = self._notes.read(_NOTE)
        try:
            if data is not None:
                self._decode(data)
        except WireError:
            data = None
        if data is None and self._notes.has(_NOTE):
            # metering goes on without it; what was recorded before must not be played back now
            self._reset()
            self.since = at
            self.save()

    def configure(self, changes: "dict[int, int | None]") -> None:
        """Change settings; None is as installed."""
        for key, value in changes.items():
            self.settings.pop(key, None)
            if value is not None:
                self.settings[key] = value

    def setting(self, key: int) -> int:
        """What is in force."""
        return self.settings.get(key, self._installed[key])

    def credit_state(self, at: "int | None") -> int:
        """The account's state at Unix second ``at``, None while the clock is not set; friendly hours are local time."""
        return self.account.state(None if at is None else at + 60 * self.setting(command.UTC_OFFSET_MIN))

    def undo(self) -> None:
        """Return to what the file says."""
        self._reset()
        data = self._notes.read(_NOTE)
        if data is not None:
            self._decode(data)

    def save(self) -> None:
        """Put it on the flash. StoreFull if there is no room: the file is as before, and ``undo`` returns to it."""
        answer = self.answer
        fields = [
            self.number,
            self.since,
            None if answer is None else [answer.id, answer.kind, answer.result, answer.reason],
            1 if self.opened else 0,
            None if self.limit is None else list(self.limit),
            self.settings,
            self.account.fields(),
            list(self.told),
        ]
        self._notes.write(_NOTE, cbor.encode(fields))

    def _decode(self, data: bytes) -> None:
        number, since, answer, opened, limit, settings, account, told = list_of(cbor.decode(data), "control", 8, 8)
        self.number = uint_of(number, "number", 0, _NUMBER)
        self.since = uint_of(since, "since")
        self.answer = None if answer is None else _answer(answer)
        self.opened = opened == 1
        self.limit = None if limit is None else _pair(limit, "limit")
        if settings:
            self.configure(command.configuration_of(settings))
        self.account.restore(list_of(account, "account", 6, 6))
        self.told = _pair(told, "told")


def _answer(value: object) -> Answer:
    id, kind, result, reason = list_of(value, "answer", 4, 4)
    return Answer(bytes_of(id, "id", 32), uint_of(kind, "kind"), uint_of(result, "result", DONE, FAILED), str(reason))


def _pair(value: object, name: str) -> "tuple[int, int]":
    first, second = list_of(value, name, 2, 2)
    return uint_of(first, name), uint_of(second, name)
