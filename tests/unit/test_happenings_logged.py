"""What happened on the ledger is one line of the log each: an error where somebody has to look, quiet where it is the rule."""

from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from blockchain_iface.engines.opening import Engine
from blockchain_iface.state.happenings import CloneFound, Enrolled, Happening, Priced, Revoked, Rotated, Settled, Sighted
from gateway.adapters.broker import Broker
from gateway.adapters.mqtt import Link
from gateway.happenings import log
from gateway.monitoring.vitals import Vitals
from gateway.site import Site
from gateway.worker import Worker
from tests.virtual_meter import SITE


@pytest.mark.parametrize(
    ("happening", "level", "line"),
    [
        (Enrolled("wind-1", "wind"), "info", {"event": "enrolled", "meter": "wind-1", "role": "wind"}),
        (Rotated("wind-1", b"\x01\x02", 7), "info", {"event": "rotated", "meter": "wind-1", "kid": "0102", "seq": 7}),
        (Priced(0, 5, 6), "debug", {"event": "priced", "t0": 0, "price": 5, "mu_ppm": 6}),
        (Revoked("wind-1", 9, "stolen"), "warning", {"event": "revoked", "meter": "wind-1", "seq": 9, "reason": "stolen"}),
        (
            Settled(0, 1, 50, 20, 3, None),
            "info",
            {
                "event": "settled",
                "t0": 0,
                "revision": 1,
                "energy_wh": 50,
                "traded_wh": 20,
                "scheduled": 3,
                "unexplained_wh": None,
            },
        ),
    ],
)
def test_one_line_each(happening: Happening, level: str, line: dict[str, object]) -> None:
    with capture_logs() as lines:
        log(happening)
    assert lines == [{**line, "log_level": level}]


@pytest.mark.parametrize("happening", [CloneFound("wind-1", 0, 5), Sighted("wind-1", 5, (4, bytes(32)))])
def test_what_somebody_has_to_look_at_is_an_error_in_a_sentence(happening: Happening) -> None:
    with capture_logs() as lines:
        log(happening)
    (line,) = lines
    assert line["log_level"] == "error"
    assert "on record" in line["event"]
    assert line["meter"] == "wind-1"


def test_what_happened_last_is_told_before_the_gateway_is_gone(tmp_path: Path) -> None:
    site = Site(tmp_path / "site")
    site.create(SITE, 10, 30)
    nobody = cast(Broker, None), cast(Link, None)
    worker = Worker(site, *nobody, Engine.EMBEDDED, Vitals(site.root))
    with capture_logs() as lines:
        worker.stop()
    assert {"event": "begun", "site": SITE, "log_level": "info"} in lines
