"""Sends the newest lines of the log on ``up/log`` when somebody asks for them."""

import asyncio

from ..wire import log_piece, mqtt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .log_ring import LogRing
    from .mqtt_link import MqttLink


class LogReport:
    """One meter's log, on request."""

    def __init__(self, ring: "LogRing") -> None:
        self._ring = ring
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Send it soon, as it is then."""
        self._asked.set()

    async def run(self, link: "MqttLink", topic: str) -> None:
        """Send what is asked for. Never returns. Without a link nothing is sent: who asked has lost us, and asks again."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                for piece in log_piece.split(self._ring.read()):
                    await link.publish(mqtt.Message(topic, piece, 1))
            except OSError:
                continue
