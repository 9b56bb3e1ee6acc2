"""Keeping the board on its network. The core has no I/O and takes time as an argument; ``keep`` is the task around it.

A network that is not there is a normal state: attempts go on for ever with pauses that grow, nothing waits for them, and no
number of failures restarts the board. A radio that hangs is what some failures are, so it alone is switched off and on.
"""

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..hal.interface import Clock, Interface

ATTEMPT_MS = 20_000  # joining and an address take a poor radio some ten seconds
FIRST_PAUSE_MS = 1_000
LONGEST_PAUSE_MS = 60_000
ATTEMPTS_PER_RESTART = 5
_LOOK_MS = 500

NOTHING, CONNECT, DISCONNECT, RESTART = "", "connect", "disconnect", "restart"


class Attachment:
    """Decides what to do with one network interface.

    Attributes:
        connected: as of the last step.
        losses: connections that were lost since the start.
    """

    def __init__(self) -> None:
        self.connected = False
        self.losses = 0
        self._attempts = 0  # since there was a connection
        self._started: int | None = None  # the attempt that runs
        self._next = 0
        self._pause = FIRST_PAUSE_MS

    def step(self, now: int, connected: bool, chance: int) -> str:
        """What to do at ``now``, monotonic milliseconds: NOTHING, CONNECT, DISCONNECT or RESTART.

        ``chance`` 0..255 stretches a pause by up to half: after a blackout all meters of an island ask one access point.
        """
        was, self.connected = self.connected, connected
        if connected:
            self._attempts, self._started, self._pause, self._next = 0, None, FIRST_PAUSE_MS, now
            return NOTHING
        if was:
            self.losses += 1
        if self._started is not None:
            if now - self._started < ATTEMPT_MS:
                return NOTHING
            self._started = None
            self._next = now + self._pause + self._pause * chance // 512
            self._pause = min(2 * self._pause, LONGEST_PAUSE_MS)
            return DISCONNECT
        if now < self._next:
            return NOTHING
        self._attempts += 1
        self._started = now
        return RESTART if self._attempts % ATTEMPTS_PER_RESTART == 0 else CONNECT


async def keep(interface: "Interface", clock: "Clock", random: "Callable[[int], bytes]", log: "Callable[[str], None]") -> None:
    """Keep ``interface`` connected. Never returns; what the interface raises is logged and tried again."""
    attachment = Attachment()
    last = ""
    while True:
        was = attachment.connected
        try:
            action = attachment.step(clock.ticks_ms(), interface.connected(), random(1)[0])
            if action == DISCONNECT:
                said, last = last, interface.status()
                if last != said:
                    log(f"network: {last}")
                interface.disconnect()
            elif action:
                if action == RESTART:
                    interface.restart()
                interface.connect()
        except OSError as error:
            log(f"network: {error}")
        if attachment.connected != was:
            last = ""
            log("network: connected" if attachment.connected else "network: lost")
        await asyncio.sleep(_LOOK_MS / 1000)
