"""The dashboard in a process of its own, before a centre that follows a script: `python -m tests.browser.scripted PORT SCRIPT`.

SCRIPT is a JSON file, read again at every look: {"debt": certificates that wind-2 owes, "silent": ids of meters not heard,
"refusals": {reason: count}, "enrolled": number of meters, "behind": age of the picture in s}. Power and ages move by
themselves. The page's address is printed once it answers.
"""

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

from gateway.core.view import BlockView, MeterView, PriceView, SettlementView, View
from gateway.monitoring.vitals import Vitals
from gateway.site import Site
from gateway.web import serve

INTERVAL_S = 10
ISLAND = (
    ("wind-1", "Wind turbine 1", "wind", -3120),
    ("wind-2", "Wind turbine 2", "wind", -2840),
    ("wind-3", "Wind turbine 3", "wind", -4410),
    ("house-1", "House with PV 1", "house", -1250),
    ("house-2", "House with PV 2", "house", 640),
    ("battery-1", "Battery", "storage", 2150),
    ("charger-1", "Charging pile", "load", 7040),
    ("purifier-1", "Water purifier", "load", 1480),
    ("home-1", "Household 1", "load", 390),
    ("home-2", "Household 2", "load", 2260),
)
STARTED = int(time.time())
BALANCE = 12_345_678
"""Of the first meter; each next one has a token more."""


def _power(mean: int, place: int, now: int) -> int:
    return mean + round(mean * 0.3 * math.sin(now / 23 + place))


def _meter(place: int, now: int, script: dict[str, Any]) -> MeterView:
    meter, name, role, mean = ISLAND[place]
    silent = meter in script["silent"]
    issued = 1200 + place
    return MeterView(
        meter=meter,
        name=name,
        role=role,
        online=not silent,
        state_time=STARTED - 250 if silent else now - place % 3,
        power_w=_power(mean, place, now),
        voltage_dv=2301,
        frequency_mhz=50010,
        soc_permille=640 if role == "storage" else None,
        import_wh=0 if role == "wind" else 1_204_512 + 31 * place,
        export_wh=9_480_133 + 17 * place if mean < 0 else 0,
        certified_until=now - 17 - place,
        clock_quality=1 if place == 7 else 3 if place < 3 else 2,
        clock_uncertainty_ms=1500 if place == 7 else 12 + place,
        issued=issued,
        receipted=issued - (script["debt"] if meter == "wind-2" else 0),
        refused=3 if place == 5 else 0,
        balance=-250_000 if place == 8 else BALANCE + place * 1_000_000,
    )


def _feeder(units: list[MeterView], now: int) -> MeterView:
    power = sum(unit.power_w or 0 for unit in units) + 61
    return MeterView(
        "feeder", "Feeder", "feeder", True, now, power, 2304, 50010, None, 4_096_000, 1_204, now - 15, 2, 4, 1201, 1201, 0, None
    )


def _settlements(now: int) -> tuple[SettlementView, ...]:
    first = now - now % INTERVAL_S - 3 * INTERVAL_S
    return tuple(
        SettlementView(
            t0=first - row * INTERVAL_S,
            dt=INTERVAL_S,
            revision=1 if row == 4 else 0,
            energy_wh=61 + row,
            traded_wh=23 + row,
            provisional=2 if row == 1 else 0,
            unexplained_wh=None if row == 1 else row - 2,
        )
        for row in range(20)
    )


def _blocks(now: int) -> tuple[BlockView, ...]:
    height = (now - STARTED) // 3 + 1200
    return tuple(
        BlockView(
            number, STARTED + (number - 1200) * 3, 4 + number % 7, number * 7, f"{number * 0x9E3779B97F4A7C15:064x}"[::-1]
        )
        for number in range(height, height - 12, -1)
    )


def picture(script: dict[str, Any], now: int) -> View:
    """What the scripted centre shows at Unix second ``now``."""
    units = [_meter(place, now, script) for place in range(script["enrolled"])]
    balances = sum(unit.balance or 0 for unit in units)
    return View(
        interval_s=INTERVAL_S,
        site="isle",
        time=now,
        started=STARTED,
        meters=(_feeder(units, now), *units),
        blocks=_blocks(now),
        price=PriceView(now - now % INTERVAL_S, INTERVAL_S, 143_200, 870_000, 1320, 1148),
        settlements=_settlements(now),
        recharged=balances + 5_000_000,
        recovered=5_000_000,
        balances=balances,
        refusals=script["refusals"],
        broker="mosquitto, connected",
    )


def look(script: dict[str, Any]) -> View:
    """What the centre shows now."""
    return picture(script, int(time.time()) - script["behind"])


def main(port: int, script: Path) -> None:
    """Serve on 127.0.0.1 until a signal ends it."""
    site = Site(script.with_suffix(""))
    if not site.root.exists():
        site.create("isle", INTERVAL_S, 3 * INTERVAL_S)
    serve(
        site,
        lambda: look(json.loads(script.read_text(encoding="utf-8"))),
        Vitals(script.parent),
        "127.0.0.1",
        port,
        lambda address: print(address, flush=True),
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
