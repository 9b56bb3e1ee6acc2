"""What meters say of themselves, unsigned: for the screen, never for money."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MAX_SIZE = 2048
Count = Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
Power = Annotated[int, Field(ge=-(1 << 31), le=1 << 31)]
Register = Annotated[int, Field(ge=0, le=1 << 48)]
Time = Annotated[int, Field(ge=0, le=1 << 33)]


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


NEVER = StateMessage(online=False)


class Telemetry:
    """Each meter's last words, and when they came."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[StateMessage, int]] = {}

    def note(self, meter: str, payload: bytes, now: int) -> None:
        """Keep what ``meter`` says at Unix second ``now``. ValueError, with the reason, if it is no state message."""
        if len(payload) > MAX_SIZE:
            raise ValueError(f"{len(payload)} bytes: at most {MAX_SIZE} are accepted")
        try:
            message = StateMessage.model_validate_json(payload)
        except ValidationError as error:
            first = error.errors()[0]
            # a key may be the sender's own invention: nothing of it may shape a log line
            place = ascii(".".join(map(str, first["loc"])))[:40]
            raise ValueError(f"{place}: {first['msg']}") from None
        if not message.online:
            # the will knows nothing of the values: keep the last ones
            message = self.last(meter)[0].model_copy(update={"online": False})
        self._last[meter] = message, now

    def last(self, meter: str) -> tuple[StateMessage, int | None]:
        """The last message and its time; NEVER and None if there was none."""
        return self._last.get(meter, (NEVER, None))
