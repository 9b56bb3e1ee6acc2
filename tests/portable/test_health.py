"""The health message and the lamp, from what the meter's parts say."""

import asyncio

from firmware.hal import fake
from firmware.meter import blinker
from firmware.meter import health as health_module
from firmware.meter.health import Health

BORN = 5000  # ms that the board has run already


class Part:
    """Something with attributes."""

    def __init__(self, **names):
        for name, value in names.items():
            setattr(self, name, value)


def health():
    board = fake.Board()
    board.clock.advance(BORN)
    board.files = fake.Files(1000)
    board.files.write("boot", bytes(250))
    devices = [Part(unit=1, status="ok", errors={}), Part(unit=2, status="crc", errors={"crc": 3})]
    certifier = Part(issuer=Part(boot=7), refused=2, delivery=Part(debt=0))
    life = Part(reason="watchdog: the bus task stands still", safe=False, updating=False)
    return Health(board, certifier, devices, Part(connected=True, last_error=None), life), board, certifier, devices, life


def test_the_message():
    one, board, _, _, _ = health()
    board.clock.advance(61_500)
    one.lag.note(104_000)
    assert one.message() == {
        "uptime_s": 61,
        "boot": 7,
        "reset": "watchdog: the bus task stands still",
        "heap_free": 0,
        "lag_max_ms": 4,
        "lag_mean_ms": 4,
        "store_percent": 25,
        "rssi": None,
        "refused": 2,
        "link_error": "",
        "bus": [{"unit": 1, "status": "ok", "errors": {}}, {"unit": 2, "status": "crc", "errors": {"crc": 3}}],
    }
    board.network = Part(rssi=lambda: -67)
    assert (one.message()["rssi"], one.message()["lag_max_ms"]) == (-67, 0)


def test_long_words_are_cut():
    one, _, _, _, life = health()
    one._link.last_error = "TLS: " + 300 * "x"
    life.reason = 300 * "y"
    message = one.message()
    assert message["link_error"] == "TLS: " + 195 * "x"
    assert message["reset"] == len(message["reset"]) * "y" != life.reason


def test_the_lamp_follows_the_pattern():
    one, board, _, _, _ = health()
    shone = []

    class Lamp:
        def shine(self, on):
            shone.append((board.clock.ticks_ms(), on))
            board.clock.advance(20)

    async def look():
        task = asyncio.create_task(one.blink(Lamp()))
        while len(shone) < 40:
            await asyncio.sleep(0.001)
        task.cancel()

    kept, health_module._BLINK_S = health_module._BLINK_S, 0
    try:
        asyncio.run(look())
    finally:
        health_module._BLINK_S = kept
    assert shone[:40] == [(at, blinker.shines(blinker.NO_BUS, at)) for at in range(BORN, BORN + 800, 20)]


def test_the_lamp():
    one, _, certifier, devices, life = health()
    assert one.pattern() == blinker.NO_BUS
    devices[1].status = "search"
    assert one.pattern() == blinker.WELL
    one._link.connected = False
    assert one.pattern() == blinker.NO_NETWORK
    one._link.connected = True
    certifier.delivery.debt = 2
    assert one.pattern() == blinker.DEBT
    devices[0].status = ""
    assert one.pattern() == blinker.STARTING
    life.updating = True
    assert one.pattern() == blinker.UPDATING
    life.safe = True
    assert one.pattern() == blinker.SAFE_MODE
