"""Making the picture that people see from the ledger's state and what the meters say."""

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

from blockchain_iface.state import quarantine
from blockchain_iface.state.accounts import RECHARGED, RECOVERED
from blockchain_iface.state.given_up import missing
from blockchain_iface.state.records import Chain, Interval, Point
from blockchain_iface.state.state import State

from .hygiene import Hygiene
from .refusal import Refusal
from .telemetry import Telemetry
from .view import BlockView, MeterView, PriceView, SettlementView, View
from .writer import StatefulLedger

_BLOCKS = 12
_SETTLEMENTS = 60
_LOOK_BACK = 600
"""Intervals, counted back from now, among which the newest settlements are looked for."""

Refusals = Mapping[tuple[str, Refusal], int]


def picture(
    ledger: StatefulLedger,
    telemetry: Telemetry,
    hygiene: Hygiene,
    refusals: Refusals,
    site: str,
    started: int,
    now: int,
    names: Mapping[str, str],
    broker: str,
) -> View:
    """The whole picture at Unix second ``now``."""
    state = ledger.state
    by_meter: Counter[str] = Counter()
    by_reason: Counter[str] = Counter()
    for (meter, reason), count in refusals.items():
        by_meter[meter] += count
        by_reason[reason.value] += count
    return View(
        site=site,
        interval_s=state.rules.interval,
        time=now,
        started=started,
        meters=tuple(
            _meter(state, telemetry, hygiene, point, names.get(point.meter, point.meter), by_meter[point.meter], now)
            for _, point in state.points.items()
        ),
        blocks=_blocks(ledger),
        price=_price(state, now),
        settlements=_settlements(state, now),
        recharged=state.totals.get(RECHARGED) or 0,
        recovered=state.totals.get(RECOVERED) or 0,
        balances=state.balances(),
        refusals=dict(by_reason),
        broker=broker,
    )


def _meter(state: State, telemetry: Telemetry, hygiene: Hygiene, point: Point, name: str, refused: int, now: int) -> MeterView:
    meter = point.meter
    chain = state.chains.get(meter) or Chain()
    newest = state.certificates.get((meter, chain.highest))
    said, said_at = telemetry.last(meter)
    return MeterView(
        meter=meter,
        name=name,
        role=point.role,
        online=said.online,
        state_time=said_at,
        power_w=said.w,
        voltage_dv=said.dv,
        frequency_mhz=said.mhz,
        soc_permille=said.soc,
        import_wh=newest.closing[0] if newest else None,
        export_wh=newest.closing[1] if newest else None,
        certified_until=newest.end if newest else None,
        clock_quality=said.clock,
        clock_uncertainty_ms=said.uncertainty_ms,
        issued=max(chain.highest, said.seq or 0),
        receipted=chain.total,
        given_up=_count(chain.gaps) - _count(missing(state, meter)),
        refused=refused,
        balance=state.balance(point.name) if point.trades else None,
        revoked=state.keys[state.meters[meter].kid].ended,
        quarantined=quarantine.is_held(state, point.name),
        hygiene=hygiene.figures(state.meters[meter].kid, now),
    )


def _count(ranges: tuple[tuple[int, int], ...]) -> int:
    return sum(last + 1 - first for first, last in ranges)


def _blocks(ledger: StatefulLedger) -> tuple[BlockView, ...]:
    heads = ledger.blocks(_BLOCKS + 1)
    sizes = [head.size for head in heads] + [0]
    views = [
        BlockView(head.height, head.time, size - before, head.size, head.root.hex())
        for head, (size, before) in zip(heads, pairwise(sizes), strict=True)
    ]
    return tuple(views[:_BLOCKS])


def _back(state: State, start: int) -> list[Interval]:
    length = state.rules.interval
    found = (state.intervals.get(t0) for t0 in range(start, start - _LOOK_BACK * length, -length))
    return [interval for interval in found if interval is not None]


def _price(state: State, now: int) -> PriceView | None:
    """The price of the interval that ``now`` is in, or the last one before it."""
    length = state.rules.interval
    for interval in _back(state, now - now % length):
        if interval.priced:
            supply, demand = sum(wh for _, wh in interval.offers), sum(wh for _, wh in interval.demands)
            return PriceView(interval.t0, length, interval.price, interval.mu_ppm, supply, demand)
    return None


def _settlements(state: State, now: int) -> tuple[SettlementView, ...]:
    length = state.rules.interval
    settled = [interval for interval in _back(state, now - now % length) if interval.revision is not None]
    return tuple(_settlement(interval, length) for interval in settled[:_SETTLEMENTS])


def _settlement(interval: Interval, length: int) -> SettlementView:
    assert interval.revision is not None  # settled
    return SettlementView(
        t0=interval.t0,
        dt=length,
        revision=interval.revision,
        energy_wh=interval.energy_wh,
        traded_wh=interval.traded_wh,
        provisional=interval.scheduled,
        unexplained_wh=interval.unexplained_wh,
    )
