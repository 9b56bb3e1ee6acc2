"""What meters say of themselves, unsigned: for the screen, never for money."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from firmware.wire import log_piece

M = TypeVar("M", bound=BaseModel)
MAX_SIZE, MAX_HEALTH_SIZE = 2048, 4096
Count = Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
Power = Annotated[int, Field(ge=-(1 << 31), le=1 << 31)]
Register = Annotated[int, Field(ge=0, le=1 << 48)]
Word = Annotated[str, Field(max_length=16, pattern="^[a-z]*$")]
Time = Annotated[int, Field(ge=0, le=1 << 33)]
Words = Annotated[str, Field(max_length=96)]


class StateMessage(BaseModel):
    """``up/state``; units as in the root DESIGN.md. The last will has ``online`` only."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    online: bool
    seq: Count | None = None
    receipted: Count | None = None
    pending: Count | None = None
    boot: Count | None = None
    w: Power | None = None
    dv: Count | None = None
    mhz: Count | None = None
    soc: Annotated[int, Field(ge=0, le=1000)] | None = None
    import_wh: Register | None = None
    export_wh: Register | None = None
    clock: Annotated[int, Field(ge=0, le=3)] | None = None
    uncertainty_ms: Count | None = None
    t: Time | None = None
    bus_errors: Count | None = None
    auxiliary: Any = None
    version: Count | None = None
    safe: bool | None = None
    reset: Words | None = None
    update: Words | None = None


class Bus(BaseModel):
    """One device on a meter's bus: how its latest poll ended, and its failures by kind since the meter started."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    unit: Annotated[int, Field(ge=0, le=247)]
    status: Word
    errors: Annotated[dict[Word, Count], Field(max_length=16)]


class HealthMessage(BaseModel):
    """``up/health``; units as in the root DESIGN.md."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    uptime_s: Count
    boot: Count
    reset: Annotated[str, Field(max_length=64)]
    heap_free: Count
    lag_max_ms: Count
    lag_mean_ms: Count
    store_percent: Annotated[int, Field(ge=0, le=100)]
    rssi: Annotated[int, Field(ge=-200, le=0)] | None
    refused: Count
    link_error: Annotated[str, Field(max_length=256)]
    bus: Annotated[list[Bus], Field(max_length=8)]


NEVER = StateMessage(online=False)


class Telemetry:
    """Each meter's last words, and when they came."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[StateMessage, int]] = {}
        self._health: dict[str, tuple[HealthMessage, int]] = {}
        self._pieces: dict[str, list[bytes]] = {}
        self._logs: dict[str, tuple[bytes, int]] = {}

    def note(self, meter: str, payload: bytes, now: int) -> None:
        """Keep what ``meter`` says at Unix second ``now``. ValueError, with the reason, if it is no state message."""
        message = _checked(StateMessage, payload, MAX_SIZE)
        if not message.online:
            # the will knows nothing of the values: keep the last ones
            message = self.last(meter)[0].model_copy(update={"online": False})
        self._last[meter] = message, now

    def last(self, meter: str) -> tuple[StateMessage, int | None]:
        """The last message and its time; NEVER and None if there was none."""
        return self._last.get(meter, (NEVER, None))

    def note_health(self, meter: str, payload: bytes, now: int) -> None:
        """Keep how ``meter`` is doing at Unix second ``now``. ValueError, with the reason, if it is no health message."""
        self._health[meter] = _checked(HealthMessage, payload, MAX_HEALTH_SIZE), now

    def health(self, meter: str) -> tuple[HealthMessage, int] | None:
        """The last health message and its time, if there was one."""
        return self._health.get(meter)

    def note_log(self, meter: str, payload: bytes, now: int) -> None:
        """Take a piece of ``meter``'s log at Unix second ``now``. ValueError if it is none, or one before it is missing."""
        number, count, data = log_piece.decode(payload)
        pieces = [] if number == 0 else self._pieces.pop(meter, [])
        if number != len(pieces):
            raise ValueError(f"piece {number} of the log, {len(pieces)} was expected")
        self._pieces[meter] = [*pieces, data]
        if number == count - 1:
            self._logs[meter] = b"".join(self._pieces.pop(meter)), now

    def log(self, meter: str) -> tuple[bytes, int] | None:
        """The newest log that came whole and its time, if there was one."""
        return self._logs.get(meter)


def _checked(model: type[M], payload: bytes, max_size: int) -> M:
    if len(payload) > max_size:
        raise ValueError(f"{len(payload)} bytes: at most {max_size} are accepted")
    try:
        return model.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        # a key may be the sender's own invention: nothing of it may shape a log line
        place = ascii(".".join(map(str, first["loc"])))[:40]
        raise ValueError(f"{place}: {first['msg']}") from None
