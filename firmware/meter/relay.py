"""The contact that connects the supply: driven, and believed only when it and the power say so. Time is an argument."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Relay

OPEN, CLOSED, FAULT = range(3)
TRY_MS = 2000  # after so long without the contact's word it is driven again
PATIENCE_MS = 8000  # and after so long it has failed
STILL_W = 50  # more than this behind an open contact: it is welded, or bridged


class Contact:
    """One contact. Times are monotonic milliseconds."""

    def __init__(self, relay: "Relay | None") -> None:
        """``relay`` None: this meter has no contact."""
        self._relay = relay
        self._wanted: bool | None = None
        self._driven_at = self._tried_at = 0
        self._taken = False  # the order reached the contact
        self._reading: tuple[int, int] | None = None

    @property
    def exists(self) -> bool:
        """Whether there is one."""
        return self._relay is not None

    @property
    def is_wanted(self) -> bool:
        """Whether it is to be closed; before it was driven, what it says itself."""
        return self.says is not False if self._wanted is None else self._wanted

    @property
    def says(self) -> "bool | None":
        """Whether the contact itself says that it is closed; None if it does not, or cannot."""
        try:
            return self._relay.closed() if self._relay else None
        except OSError:
            return None

    def drive(self, closed: bool, now: int) -> None:
        """It is to be ``closed``, or open, until told otherwise."""
        if closed != self._wanted:
            self._wanted = closed
            self._driven_at = now
            self._try(now)
        elif self.condition(now) not in (OPEN, CLOSED) and now - self._tried_at >= TRY_MS:
            self._try(now)

    def read(self, w: int, now: int) -> None:
        """``w`` flow."""
        self._reading = w, now

    def power(self) -> "int | None":
        """What has flowed since the contact was last driven, None while nobody has looked."""
        return self._reading[0] if self._reading is not None and self._reading[1] > self._driven_at else None

    def condition(self, now: int) -> "int | None":
        """OPEN, CLOSED or FAULT; None while it is moving, and always if there is none."""
        if self._relay is None or self._wanted is None:
            return None
        says, w = self.says, self.power()
        late = now - self._driven_at >= PATIENCE_MS
        moved = self._taken and (says is None or says == self._wanted)
        still = self._wanted or w is None or abs(w) <= STILL_W
        if moved and still and (w is not None or late):
            return CLOSED if self._wanted else OPEN
        return FAULT if late else None

    def _try(self, now: int) -> None:
        self._tried_at = now
        self._taken = False
        try:
            if self._relay is not None:
                self._relay.set(self._wanted is True)
        except OSError:
            return
        self._taken = True
