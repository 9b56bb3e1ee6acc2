"""Signed events: what happened to a meter and is no measurement.

    body = {1: number, 2: boot, 3: prev / null, 4: clock, 5: Unix ms / null, 6: uptime ms, 7: kind, 8: details}

Events have numbers of their own, 1, 2, 3, ..., and each names the id of the one before, so that none can be left out unseen.
``clock`` is as in certificates (see clock); the time is null exactly while the clock was never set, and an ANCHOR event of the
same boot tells what the uptimes before it mean. Details are a map from small integers to integers, byte strings, text, lists
of integers or null:

    BOOT        {1: reset reason, 2: safe mode 0 / 1}
    CLOCK_STEP  {1: Unix ms by the old clock, 2: Unix ms by the new one}
    COUNTER     {1: 1 wrapped / 2 replaced, 2: [import Wh, export Wh] of the device when last counted, 3: the same anew}
    GAP         certificates given up without receipt (see gap)
    COMMAND     {1: id of the command's statement, 2: result 0 done / 1 refused / 2 failed, 3: relay contact / null,
                 4: W after it / null, 5: reason}
    UPDATE      {1: version, 2: result}
    CREDIT      {1: state, 2: micro-tokens left}
    ANCHOR      {1: uptime ms, 2: Unix ms at that uptime}
    CONTACT     {1: 0 open / 1 closed / 2 does not follow, 2: W after it / null, 3: what holds it open}
"""

from . import cbor, clock, cose
from .clock import EARLIEST_S, LATEST_S, ClockQuality
from .fields import WireError, bytes_of, list_of, map_of, uint_of
from .signer import Signer
from .steps import finish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .steps import Steps

TYPE = "vnd.skerry.event"
MAX_SIZE = 1024
BOOT, CLOCK_STEP, COUNTER, GAP, COMMAND, UPDATE, CREDIT, ANCHOR, CONTACT = range(1, 10)
WRAPPED, REPLACED = 1, 2  # what became of a counter
_MOST = 16  # details, and integers in a list of them
_LONGEST = 256  # bytes of a text or byte string
_INTEGER = (1 << 63) - 1


class Event:
    """An event's body. ``prev`` is the id of the event before, None for the first; ``time_ms`` None while never set."""

    __slots__ = ("boot", "clock", "details", "kind", "number", "prev", "time_ms", "uptime_ms")

    def __init__(
        self,
        number: int,
        boot: int,
        prev: "bytes | None",
        clock: ClockQuality,
        time_ms: "int | None",
        uptime_ms: int,
        kind: int,
        details: "dict[int, object]",
    ) -> None:
        self.number = number
        self.boot = boot
        self.prev = prev
        self.clock = clock
        self.time_ms = time_ms
        self.uptime_ms = uptime_ms
        self.kind = kind
        self.details = details

    def encode(self) -> bytes:
        """The body's bytes. Raises what ``decode`` would raise: a meter never signs what a gateway must refuse."""
        data = cbor.encode(
            {
                1: self.number,
                2: self.boot,
                3: self.prev,
                4: self.clock.fields(),
                5: self.time_ms,
                6: self.uptime_ms,
                7: self.kind,
                8: self.details,
            }
        )
        decode(data)
        return data


def decode(data: bytes) -> Event:
    """A body's event, every field in range; else WireError naming what is wrong. A kind unknown here is a newer meter's."""
    body = map_of(cbor.decode(data, 4), "event", (1, 2, 3, 4, 5, 6, 7, 8))
    event = Event(
        uint_of(body[1], "event number", 1, 0xFFFFFFFF),
        uint_of(body[2], "boot counter", 1, 0xFFFFFFFF),
        None if body[3] is None else bytes_of(body[3], "previous id", 32),
        clock.decode(body[4]),
        None if body[5] is None else uint_of(body[5], "time", 1000 * EARLIEST_S, 1000 * LATEST_S),
        uint_of(body[6], "uptime", 0, _INTEGER),
        uint_of(body[7], "kind", 1, 0xFF),
        _details(body[8]),
    )
    if (event.number == 1) != (event.prev is None):
        raise WireError("the first event, and only it, has no previous one")
    if (event.time_ms is None) != (event.clock.source == clock.UNSET):
        raise WireError("an event has a time exactly if its clock was set")
    return event


def _details(value: object) -> "dict[int, object]":
    if not isinstance(value, dict) or len(value) > _MOST:
        raise WireError(f"details: a map of at most {_MOST} is expected")
    for key, detail in value.items():
        uint_of(key, "detail", 1, 0xFF)
        if isinstance(detail, list):
            for item in list_of(detail, "detail", 0, _MOST):
                uint_of(item, "detail", -_INTEGER, _INTEGER)
        elif isinstance(detail, (bytes, str)):
            if len(detail) > _LONGEST:
                raise WireError(f"detail {key}: at most {_LONGEST} bytes")
        elif detail is not None:
            uint_of(detail, "detail", -_INTEGER, _INTEGER)
    return value


def issue(signer: Signer, site: str, meter: str, event: Event) -> bytes:
    """The signed event: at most MAX_SIZE bytes, WireError above."""
    return finish(issue_steps(signer, site, meter, event)).data


def issue_steps(signer: Signer, site: str, meter: str, event: Event) -> "Steps[cose.Statement]":
    """As ``issue``, in steps (see steps), and the whole statement."""
    body = event.encode()
    yield
    statement = yield from cose.sign_steps(signer, site, meter, TYPE, body)
    if len(statement.data) > MAX_SIZE:
        raise WireError(f"event: {len(statement.data)} bytes, at most {MAX_SIZE} are accepted")
    return statement
