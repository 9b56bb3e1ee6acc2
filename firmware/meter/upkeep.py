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
    from .journal import Journal
    from .mqtt_link import MqttLink

_LOOK_S = 1


async def upkeep(
    board: "Board", link: "MqttLink", health: Health, topic: str, pause_s: "Callable[[], int]", journal: "Journal"
) -> None:
    """Run them. Never returns. A health message goes to ``topic`` every ``pause_s()``; the console shows ``journal``."""
    tasks = [health.lag.measure(), _report(board, link, health, topic, pause_s)]
    if board.led is not None:
        tasks.append(health.blink(board.led))
    if board.console is not None:
        tasks.append(console.answer(board.console, journal.ring))
    if board.network is not None:
        tasks.append(network.keep(board.network, board.clock, board.random, journal.log))
    await asyncio.gather(*tasks)


async def _report(board: "Board", link: "MqttLink", health: Health, topic: str, pause_s: "Callable[[], int]") -> None:
    """Send the health message when it is due, and at once after as long without a link. A lost one is not missed."""
    sent: int | None = None
    while True:
        now = board.clock.ticks_ms()
        if link.connected and (sent is None or now - sent >= 1000 * pause_s()):
            sent = now
            message = mqtt.Message(topic, json.dumps(health.message()).encode())
            try:
                await link.publish(message)
            except OSError:
                sent = None
        await asyncio.sleep(_LOOK_S)
