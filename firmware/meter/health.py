"""How the meter itself is doing: a message for whoever looks after it, and a lamp for whoever stands before it."""

import asyncio

from . import blinker
from .loop_lag import LoopLag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Board, Led
    from .certifier import Certifier
    from .device import PolledDevice
    from .life import Life
    from .mqtt_link import MqttLink

_BLINK_S = 0.04
_WORDS, _REASON = 200, 64  # letters of an error, and of why the meter has started


class Health:
    """One meter's health. All of it is said by others; this gathers it.

    Attributes:
        lag: how late the event loop is.
    """

    def __init__(
        self, board: "Board", certifier: "Certifier", devices: "list[PolledDevice]", link: "MqttLink", life: "Life"
    ) -> None:
        self.lag = LoopLag()
        self._board = board
        self._certifier = certifier
        self._devices = devices
        self._link = link
        self._life = life
        self._born = board.clock.ticks_ms()

    def message(self) -> "dict[str, object]":
        """What ``up/health`` says; keys as in the house's DESIGN.md. Lag is of the time since the message before."""
        board, files = self._board, self._board.files
        longest, mean = self.lag.take()
        return {
            "uptime_s": (board.clock.ticks_ms() - self._born) // 1000,
            "boot": self._certifier.issuer.boot,
            "reset": self._life.reason[:_REASON],
            "heap_free": board.heap_free(),
            "lag_max_ms": longest,
            "lag_mean_ms": mean,
            "store_percent": 100 - 100 * files.free() // files.size(),
            "rssi": board.network.rssi() if board.network else None,
            "refused": self._certifier.refused,
            "link_error": (self._link.last_error or "")[:_WORDS],
            "bus": [{"unit": device.unit, "status": device.status, "errors": device.errors} for device in self._devices],
        }

    async def blink(self, led: "Led") -> None:
        """Show the meter's state on ``led``. Never returns."""
        while True:
            led.shine(blinker.shines(self.pattern(), self._board.clock.ticks_ms()))
            await asyncio.sleep(_BLINK_S)

    def pattern(self) -> "tuple[int, ...]":
        """The blinker's pattern for what is the case now."""
        states = [device.status for device in self._devices]
        bus = all(status in ("ok", "search") for status in states)
        life, debt = self._life, self._certifier.delivery.debt
        return blinker.choose("" not in states, bus, self._link.connected, debt, life.safe, life.updating)
