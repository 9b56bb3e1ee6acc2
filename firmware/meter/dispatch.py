"""Sending what the meter keeps, whenever there is a link: certificates and events, each on its topic."""

import asyncio

from ..wire import mqtt
from .delivery import Delivery

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..hal.interface import Board
    from .mqtt_link import MqttLink
    from .succession import Succession

_TICK_S = 0.1


class Dispatch:
    """One meter's. What is due, and when, the deliveries know."""

    def __init__(self, board: "Board", link: "MqttLink", log: "Callable[[str], None]") -> None:
        self._clock = board.clock
        self._random = board.random
        self._link = link
        self._log = log
        self._deliveries: list[tuple[str, Delivery | Succession]] = []

    def add(self, topic: str, delivery: "Delivery | Succession") -> None:
        """Send what ``delivery`` has, on ``topic``."""
        self._deliveries.append((topic, delivery))

    def reconnected(self) -> None:
        """The link is up again."""
        for _, delivery in self._deliveries:
            delivery.outbox.reconnected(self._clock.ticks_ms())

    async def run(self) -> None:
        """Never returns."""
        while True:
            sent = False
            for topic, delivery in self._deliveries:
                if self._link.connected:
                    sent = await self._send(topic, delivery) or sent
            if not sent:
                await asyncio.sleep(_TICK_S)

    async def _send(self, topic: str, delivery: "Delivery | Succession") -> bool:
        """Send the statement that is due, and tell whether there was one and it went."""
        due = delivery.due(self._clock.ticks_ms())
        if due is None:
            return False
        number, data = due
        try:
            await self._link.publish(mqtt.Message(topic, data, 1))
        except OSError as error:
            self._log(f"{topic} {number} not sent: {error}")
            return False
        delivery.outbox.sent(number, self._clock.ticks_ms(), self._random(1)[0])
        return True
