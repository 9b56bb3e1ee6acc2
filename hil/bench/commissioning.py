"""Making an island ready to run, as a technician would: a site, a key born on each meter, its enrolment, its configuration."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blockchain_iface.state.state import FUNDED
from gateway.site import Site

from ..targets.target import Target
from .processes import ROOT, Failed, run

SITE = "isle"
FEEDER = "feeder"
_POLL_MS = 500
_POLL_S = 0.05
_PATIENCE_S = 60.0
_TOKEN = 1_000_000
_PREPAID = 500 * _TOKEN
_MOST_ROWS = 5
_ROLES = {"wind": "wind", "house-pv": "house", "battery": "storage", "feeder": FEEDER}
"""Roles of the rig that are not simply loads to the ledger."""
_NOT_YET = {
    "mqtt": {"host": "127.0.0.1", "port": 1, "username": "none", "password": "none"},
    "gateway_key": "0" * 128,
}
"""In a meter's configuration until it is enrolled."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The places in a run directory."""

    root: Path

    @property
    def rig(self) -> Path:
        """The rig's directory."""
        return self.root / "rig"

    @property
    def journal(self) -> Path:
        """What the plant did."""
        return self.rig / "plant.jsonl"

    @property
    def site(self) -> Site:
        """The gateway's directory."""
        return Site(self.root / "site")

    def config(self, meter: str) -> Path:
        """A meter's configuration."""
        return self.root / "meters" / f"{meter}.json"

    def flash(self, meter: str) -> Path:
        """A meter's flash."""
        return self.root / "meters" / f"{meter}.flash"

    def clock(self, meter: str) -> Path:
        """What libfaketime is told about a meter's clock."""
        return self.root / "meters" / f"{meter}.clock"

    def log(self, name: str) -> Path:
        """What a process says."""
        return self.root / "logs" / f"{name}.log"

    def create(self) -> None:
        """Make the directory. Failed if it holds something."""
        if self.root.exists() and any(self.root.iterdir()):
            raise Failed(f"{self.root} is not empty: name a directory of its own for this run")
        for folder in ("rig", "meters", "logs"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)


def rows(interval_s: int) -> int:
    """How many rows of whole seconds a meter divides its interval into: at most five."""
    return max(count for count in range(1, _MOST_ROWS + 1) if interval_s % count == 0)


def commission(layout: Layout, unit: Mapping[str, Any], interval_s: int, target: Target) -> None:
    """Bring one unit of rig.json on the site: keys, enrolment, prepaid tokens. The gateway runs.

    Raises:
        Failed: its meter is broken, or the gateway does not answer.
        SiteError: the gateway refuses it.
    """
    meter = unit["meter"]
    _write_config(layout, unit, interval_s, _NOT_YET)
    identity = run(f"{meter} could not make its keys", target.identity(layout.config(meter)), ROOT, _PATIENCE_S)
    role = _ROLES.get(unit["role"], "load")
    token = layout.site.token(meter, unit["name"], role, "demo island")
    application = layout.site.apply(identity.encode(), token)
    _write_config(layout, unit, interval_s, _answer(layout.site, application))
    if role != FEEDER:
        prepay(layout.site, meter)


def _answer(site: Site, application: Path) -> Mapping[str, Any]:
    deadline = time.monotonic() + _PATIENCE_S
    while (path := site.answer(application)) is None:
        if time.monotonic() > deadline:
            raise Failed(f"{application} has no answer after {_PATIENCE_S:.0f} s. Read the gateway's log")
        time.sleep(_POLL_S)
    return dict(json.loads(path.read_text()))


def prepay(site: Site, *accounts: str) -> None:
    """Order the same recharge for each account."""
    for account in accounts:
        site.order("recharge", account, _PREPAID, f"demo {account}")


def found(layout: Layout, interval_s: int) -> None:
    """Begin the site, its grid company and its subsidy fund with tokens. A silent meter holds up nobody for two intervals."""
    layout.site.create(SITE, interval_s, 2 * interval_s)
    prepay(layout.site, *FUNDED)


def _write_config(layout: Layout, unit: Mapping[str, Any], interval_s: int, answer: Mapping[str, Any]) -> None:
    document = {
        "site": SITE,
        "meter": unit["meter"],
        "interval_s": interval_s,
        "rows": rows(interval_s),
        "poll_ms": _POLL_MS,
        "mqtt": {**answer["mqtt"], **unit.get("broker", {})},
        "gateway_key": answer["gateway_key"],
        "bus": unit["bus"],
        "devices": [{key: device[key] for key in ("unit", "map", "role")} for device in unit["devices"]],
        "flash": layout.flash(unit["meter"]).name,
    }
    if layout.clock(unit["meter"]).exists():
        document["board"] = {"clock": False}
    path = layout.config(unit["meter"])
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(document, file, indent=1)
