"""The gateway's figures in Prometheus' words: one collector over the newest picture, in a registry of its own.

Names follow prometheus.io/docs/practices/naming. Energy is in Wh and money in micro-tokens, as everywhere here. Labels are
meters of this site, reasons of refusal, queues and checks: all bounded.
"""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ..core.health import Figures, judge
from ..core.view import MeterView, View
from .vitals import Vitals

_METER: tuple[tuple[str, str, Callable[[MeterView], float | None]], ...] = (
    ("online", "Whether the meter is connected.", lambda meter: meter.online),
    ("debt_certificates", "Certificates issued and not yet receipted.", lambda meter: meter.debt),
    ("power_watts", "Power taken from the island; negative if given.", lambda meter: meter.power_w),
    ("clock_quality", "0 never set, 1 network, 2 host clock, 3 authenticated.", lambda meter: meter.clock_quality),
    (
        "clock_uncertainty_seconds",
        "By the meter's own word.",
        lambda meter: None if meter.clock_uncertainty_ms is None else meter.clock_uncertainty_ms / 1000,
    ),
    ("clock_offset_seconds", "How far its clock is behind, at most.", lambda meter: meter.hygiene.clock_offset_s),
    ("clock_drift_ppm", "How fast its clock falls behind, over a week.", lambda meter: meter.hygiene.clock_drift_ppm),
    ("boots_last_day", "Starts in the last day.", lambda meter: meter.hygiene.boots_per_day),
    ("quarantined", "Whether two devices sign as this meter: its energy is not settled.", lambda meter: meter.quarantined),
)


class Metrics(Collector):
    """What a scrape finds."""

    def __init__(self, view: Callable[[], View], vitals: Vitals) -> None:
        self._view = view
        self._vitals = vitals

    def collect(self) -> Iterator[Metric]:
        """See Collector."""
        view = self._view()
        figures = self._vitals.figures(view)
        yield from _of_meters(view)
        yield from _of_ledger(view, figures)
        yield from _of_gateway(self._vitals, figures)
        yield from self._vitals.latency.collect()


def registry(view: Callable[[], View], vitals: Vitals) -> CollectorRegistry:
    """All that is told of the gateway and its process."""
    registry = CollectorRegistry()
    registry.register(Metrics(view, vitals))
    ProcessCollector(registry=registry)
    return registry


def _of_meters(view: View) -> Iterator[Metric]:
    for name, help, value in _METER:
        family = GaugeMetricFamily(f"skerry_meter_{name}", help, labels=["meter"])
        for meter in view.meters:
            known = value(meter)
            if known is not None:
                family.add_metric([meter.meter], known)
        yield family
    taken = CounterMetricFamily("skerry_certificates", "Certificates on the ledger.", labels=["meter"])
    for meter in view.meters:
        taken.add_metric([meter.meter], meter.receipted)
    yield taken
    refused = CounterMetricFamily("skerry_refusals", "Messages refused since the start.", labels=["reason"])
    for reason, count in view.refusals.items():
        refused.add_metric([reason], count)
    yield refused


def _of_ledger(view: View, figures: Figures) -> Iterator[Metric]:
    if view.blocks:
        yield GaugeMetricFamily("skerry_ledger_height", "Height of the newest block.", view.blocks[0].height)
        yield GaugeMetricFamily("skerry_ledger_entries", "Entries on the ledger.", view.blocks[0].size)
    if figures.head_age_s is not None:
        yield GaugeMetricFamily("skerry_ledger_head_age_seconds", "Age of the newest block.", figures.head_age_s)
    if view.settlements:
        until = view.settlements[0].t0 + view.settlements[0].dt
        yield GaugeMetricFamily("skerry_settled_until_timestamp_seconds", "End of the newest settled interval.", until)
    known = [settled.unexplained_wh for settled in view.settlements if settled.unexplained_wh is not None]
    if known:
        help = "Of the newest interval settled in full: feeder minus meters minus modelled losses."
        yield GaugeMetricFamily("skerry_unexplained_energy_watthours", help, known[0])


def _of_gateway(vitals: Vitals, figures: Figures) -> Iterator[Metric]:
    yield CounterMetricFamily("skerry_settlements", "Settlements made since the start, revisions too.", vitals.settlements)
    queues = GaugeMetricFamily("skerry_queue_messages", "Messages that wait.", labels=["queue"])
    for queue, waiting in vitals.queues.items():
        queues.add_metric([queue], waiting)
    yield queues
    yield GaugeMetricFamily("skerry_statement_wait_seconds", "Of the oldest statement without a block.", figures.waiting_s)
    yield GaugeMetricFamily("skerry_broker_connected", "Whether the broker has the gateway.", vitals.connected)
    if figures.standby_age_s is not None:
        help = "Since the standby's papers were complete."
        yield GaugeMetricFamily("skerry_standby_age_seconds", help, figures.standby_age_s)
    yield GaugeMetricFamily("skerry_disk_free_bytes", "Room where the site lies.", figures.disk_free)
    if figures.clock_synchronised is not None:
        help = "Whether something keeps the computer's clock right."
        yield GaugeMetricFamily("skerry_clock_synchronised", help, figures.clock_synchronised)
    yield CounterMetricFamily("skerry_clock_steps", "Steps of the computer's clock since the start.", vitals.steps)
    checks = GaugeMetricFamily("skerry_health_check", "1 if this check of /health is well.", labels=["check"])
    for check in judge(figures):
        checks.add_metric([check.name], check.well)
    yield checks
