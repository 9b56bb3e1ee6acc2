"""The tasks that concern the meter itself, beside those that concern energy: health, lamp, console, network."""

import asyncio
import json

from ..wire import mqtt
from . import console, network
from .health import Health

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..hal.interface import Board
    from .log_ring import LogRing
    from .mqtt_link import MqttLink

_HEALTH_MS = 60_000
_LOOK_S = 1


async def upkeep(
    board: "Board", link: "MqttLink", health: Health, topic: str, ring: "LogRing", log: "Callable[[str], None]"
) -> None:
    """Run them. Never returns. ``topic`` is where the health message goes, ``ring`` what the console shows."""
    tasks = [health.lag.measure(), _report(board, link, health, topic)]
    if board.led is not None:
        tasks.append(health.blink(board.led))
    if board.console is not None:
        tasks.append(console.answer(board.console, ring))
    if board.network is not None:
        tasks.append(network.keep(board.network, board.clock, board.random, log))
    await asyncio.gather(*tasks)


async def _report(board: "Board", link: "MqttLink", health: Health, topic: str) -> None:
    """Send the health message once a minute, and at once after a minute without a link. A lost one is not missed."""
    due = 0
    while True:
        now = board.clock.ticks_ms()
        if link.connected and now >= due:
            due = now + _HEALTH_MS
            message = mqtt.Message(topic, json.dumps(health.message()).encode())
            try:
                await link.publish(message)
            except OSError:
                due = 0
        await asyncio.sleep(_LOOK_S)
