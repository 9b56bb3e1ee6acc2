"""When the gateway is well and when it is not; what Prometheus is told; and who may ask."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import generate_latest

from gateway.core import health, hygiene
from gateway.core.health import Figures, judge
from gateway.core.view import BlockView, MeterView, SettlementView, View
from gateway.monitoring.metrics import registry
from gateway.monitoring.vitals import Vitals
from gateway.monitoring.web import router

WELL = Figures(
    head_age_s=3600,
    waiting_s=0,
    link_down_s=0,
    beat_age_s=0.05,
    disk_free=health.DISK_BYTES,
    clock_synchronised=True,
    step_s=0,
    step_age_s=None,
)


def picture() -> View:
    now = int(time.time())
    meter = MeterView(
        meter="wind-1",
        name='W "1"\\',
        role="wind",
        online=True,
        state_time=now,
        power_w=-3000,
        voltage_dv=2300,
        frequency_mhz=50000,
        soc_permille=None,
        import_wh=0,
        export_wh=9,
        certified_until=now,
        clock_quality=3,
        clock_uncertainty_ms=20,
        issued=12,
        receipted=10,
        refused=0,
        balance=5,
        quarantined=True,
        hygiene=hygiene.Figures(2, 12, 3),
    )
    silent = replace(meter, meter="house-1", power_w=None, clock_quality=None, clock_uncertainty_ms=None)
    return View(
        site="isle",
        interval_s=10,
        time=now,
        started=now - 60,
        meters=(meter, silent),
        blocks=(BlockView(7, now - 20, 3, 40, "00"),),
        settlements=(SettlementView(now - 20, 10, 0, 50, 40, 1, None), SettlementView(now - 30, 10, 0, 50, 40, 0, -2)),
        refusals={"noise": 4},
    )


def red(figures: Figures) -> list[str]:
    return [check.name for check in judge(figures) if not check.well]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"waiting_s": health.WAITING_S + 1}, "ledger"),
        ({"waiting_s": health.WAITING_S + 1, "head_age_s": None}, "ledger"),
        ({"link_down_s": health.LINK_S + 1}, "broker"),
        ({"beat_age_s": health.BEAT_S + 1}, "worker"),
        ({"disk_free": health.DISK_BYTES - 1}, "disk"),
        ({"clock_synchronised": False}, "clock"),
        ({"step_s": -7200.0, "step_age_s": 1.0}, "clock"),
        ({"standby_age_s": health.STANDBY_S + 1}, "standby"),
        ({"unheard": 1}, "restored"),
    ],
)
def test_each_check_turns_red_alone_and_says_what_to_do(changes: dict[str, float], name: str) -> None:
    figures = replace(WELL, **changes)  # type: ignore[arg-type]
    assert red(figures) == [name]
    assert all(check.do for check in judge(figures) if not check.well)
    assert red(WELL) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"waiting_s": health.WAITING_S + 1, "head_age_s": 1},  # others are slow, and blocks come
        {"waiting_s": health.WAITING_S, "head_age_s": 9999},
        {"link_down_s": 3.0},
        {"clock_synchronised": None},
        {"step_s": 3600.0, "step_age_s": health.STEP_SHOWN_S + 1.0},
    ],
)
def test_what_is_usual_is_well(changes: dict[str, float]) -> None:
    assert red(replace(WELL, **changes)) == []  # type: ignore[arg-type]


def test_the_worker_tells_its_vitals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vitals, now = Vitals(tmp_path), time.monotonic()
    vitals.linked(False)
    vitals.hold(now - 40)
    vitals.awaits(3)
    sick = vitals.figures(View("isle", 10, 0, 0))
    assert 40 <= sick.waiting_s < 45
    assert sick.link_down_s >= 0
    vitals.hold(None)
    vitals.awaits(0)
    vitals.linked(True)
    vitals.beat()
    well = vitals.figures(picture())
    assert (well.waiting_s, well.link_down_s, well.step_age_s) == (0, 0, None)
    assert well.beat_age_s < 5
    assert well.head_age_s in (20, 21)
    assert well.disk_free > 0

    turned = time.time
    monkeypatch.setattr(time, "time", lambda: turned() - 7200)
    vitals.beat()
    vitals.beat()
    jumped = vitals.figures(picture())
    assert jumped.step_s == pytest.approx(-7200, abs=1)
    assert vitals.steps == 1
    assert "clock" in red(jumped)


def test_a_filesystem_without_room_is_red() -> None:
    assert "disk" in red(Vitals(Path("/proc")).figures(picture()))


def scraped(vitals: Vitals) -> str:
    return generate_latest(registry(picture, vitals)).decode()


def test_prometheus_is_told_what_it_is_to_know(tmp_path: Path) -> None:
    vitals = Vitals(tmp_path)
    vitals.answered([time.monotonic() - 0.07, time.monotonic() - 0.3])
    vitals.queues = {"incoming": 3, "outgoing": 0}
    vitals.settlements = 2
    vitals.standby_age_s = 0.5
    lines = scraped(vitals).splitlines()
    for line in (
        'skerry_certificates_total{meter="wind-1"} 10.0',
        'skerry_refusals_total{reason="noise"} 4.0',
        'skerry_meter_debt_certificates{meter="house-1"} 2.0',
        'skerry_meter_quarantined{meter="wind-1"} 1.0',
        'skerry_meter_clock_offset_seconds{meter="wind-1"} 2.0',
        'skerry_meter_clock_drift_ppm{meter="wind-1"} 12.0',
        'skerry_meter_boots_last_day{meter="wind-1"} 3.0',
        "skerry_ledger_height 7.0",
        "skerry_standby_age_seconds 0.5",
        "skerry_ledger_entries 40.0",
        'skerry_queue_messages{queue="incoming"} 3.0',
        "skerry_settlements_total 2.0",
        "skerry_unexplained_energy_watthours -2.0",
        'skerry_answer_latency_seconds_bucket{le="0.1"} 1.0',
        "skerry_answer_latency_seconds_count 2.0",
        "skerry_broker_connected 0.0",
        'skerry_health_check{check="worker"} 1.0',
    ):
        assert line in lines
    assert not any("house-1" in line and "power" in line for line in lines)
    assert any(line.startswith("process_resident_memory_bytes") for line in lines)


def get(page: str, vitals: Vitals, peer: str = "127.0.0.1") -> httpx.Response:
    web = FastAPI()
    web.include_router(router(picture, vitals))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(web, client=(peer, 4000)), base_url="http://site") as client:
            return await client.get(page)

    return asyncio.run(ask())


def test_health_over_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vitals = Vitals(tmp_path)
    monkeypatch.setattr(Vitals, "figures", lambda *_: WELL)
    well = get("/health", vitals)
    assert (well.status_code, well.json()["well"]) == (200, True)
    monkeypatch.setattr(Vitals, "figures", lambda *_: replace(WELL, disk_free=0))
    full = get("/health", vitals)
    assert (full.status_code, full.json()["well"]) == (503, False)
    disk = next(check for check in full.json()["checks"] if check["name"] == "disk")
    assert (disk["value"], disk["limit"], disk["unit"]) == (0, health.DISK_BYTES, "B")


@pytest.mark.parametrize("page", ["/health", "/metrics"])
def test_both_are_for_this_computer_alone(tmp_path: Path, page: str) -> None:
    assert get(page, Vitals(tmp_path)).status_code in (200, 503)
    assert get(page, Vitals(tmp_path), "192.0.2.7").status_code == 403
