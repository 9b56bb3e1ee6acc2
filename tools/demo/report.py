"""What the demo says: a line a step, a line a settled interval, a table at the end, and the same as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from hil.bench.audit import MeterReckoning, Reckoning
from hil.bench.follower import Settled
from tools.figures import write_json

from .outcome import Outcome


def _number(value: int) -> str:
    return f"{value:,}".replace(",", " ")


def _tokens(micro: int) -> str:
    return f"{micro / 1_000_000:.4f}"


class Report:
    """Lines for people, on stderr when stdout carries the JSON."""

    def __init__(self, stderr: bool) -> None:
        self._console = Console(stderr=stderr, highlight=False, soft_wrap=True)

    def step(self, who: str, what: str) -> None:
        """Something begins that takes a moment."""
        self._console.print(f"[cyan]{who:<10}[/]{what}")

    def running(self, dashboard: str, customer: str, site: Path) -> None:
        """Everything runs; ``customer`` is one of its accounts."""
        self.step("dashboard", f"[bold]{dashboard}[/]")
        self.step("more", f"skerry statement {customer} --ledger {site}")

    def settled(self, settled: Settled, debt: int) -> None:
        """One line of the ledger's news."""
        end = datetime.fromtimestamp(settled.t0 + settled.length_s).strftime("%H:%M:%S")
        price = f"price {_tokens(settled.price)}  mu {settled.mu_ppm / 1_000_000:.2f}" if settled.price else "no price yet"
        gap = "" if settled.unexplained_wh is None else f"  unexplained {_number(settled.unexplained_wh)} Wh"
        silent = f"  [yellow]{settled.silent} silent[/]" if settled.silent else ""
        what = "true-up" if settled.revision else "settled"
        self._console.print(
            f"{end}  {what} {settled.length_s} s  {_number(settled.measured_wh)} Wh  traded {_number(settled.traded_wh)} Wh"
            f"  {price}{gap}  debt {debt}{silent}"
        )

    def outages(self, victims: Sequence[str]) -> None:
        """Who has just lost power."""
        if victims:
            self._console.print(f"[magenta]{datetime.now():%H:%M:%S}  power cut: {', '.join(victims)}[/]")

    def failed(self, sentence: str) -> None:
        """Why it cannot go on."""
        self._console.print(f"[red]failed[/]    {sentence}")

    def stopped(self) -> None:
        """Ctrl-C."""
        self._console.print("stopped")

    def outcome(self, outcome: Outcome) -> None:
        """The table, the figures and the verdict."""
        reckoning = outcome.reckoning
        self._console.print(_table(reckoning.meters))
        issued = sum(meter.issued for meter in reckoning.meters)
        self._console.print(
            f"{issued} certificates issued, {reckoning.lost} lost, {reckoning.double_counted} counted twice,"
            f" debt {reckoning.debt}; {reckoning.blocks} blocks, balance error {reckoning.balance_error}"
        )
        plant, certified, settled = (_number(wh) for wh in _energies(reckoning))
        traded = _number(reckoning.traded_wh)
        self._console.print(f"plant {plant} Wh, certified {certified} Wh, settled {settled} Wh, of it traded {traded} Wh")
        faults = reckoning.faults()
        if faults:
            self.failed("; ".join(faults))
        else:
            self._console.print(
                "[green]in order[/]  nothing lost, nothing counted twice, every posting balanced, ledger verified"
            )


def _energies(reckoning: Reckoning) -> tuple[int, int, int]:
    """Plant, certified and settled energy of the trading meters, in Wh."""
    meters = reckoning.trading
    plant, certified = sum(meter.plant_wh for meter in meters), sum(meter.certified_wh for meter in meters)
    return plant, certified, sum(meter.settled_wh or 0 for meter in meters)


def _table(meters: Sequence[MeterReckoning]) -> Table:
    headers = ("meter", "issued", "on ledger", "plant Wh", "certified", "settled", "dead s", "tokens")
    table = Table(*headers, box=None, padding=(0, 2, 0, 0))
    for column in table.columns[1:]:
        column.justify = "right"
    for one in meters:
        settled = "" if one.settled_wh is None else _number(one.settled_wh)
        balance = "" if one.balance is None else _tokens(one.balance)
        counts = (str(one.issued), str(one.receipted))
        energy = (_number(one.plant_wh), _number(one.certified_wh), settled)
        table.add_row(one.meter, *counts, *energy, f"{one.dead_s:.1f}", balance)
    return table


def document(outcome: Outcome) -> dict[str, Any]:
    """The figures for scripts. Energy in Wh without the feeder meters', which stand apart; money in micro-tokens."""
    reckoning: Reckoning = outcome.reckoning
    plant_wh, certified_wh, settled_wh = _energies(reckoning)
    feeders = [meter for meter in reckoning.meters if meter.settled_wh is None]
    return {
        "duration_s": round(outcome.ran_s, 3),
        **{name: getattr(outcome.wishes, name) for name in ("interval_s", "meters", "seed", "power_cut")},
        "certificates_issued": sum(meter.issued for meter in reckoning.meters),
        "receipted": sum(meter.receipted for meter in reckoning.meters),
        "lost": reckoning.lost,
        "double_counted": reckoning.double_counted,
        "debt_at_end": reckoning.debt,
        "plant_wh": plant_wh,
        "certified_wh": certified_wh,
        "settled_wh": settled_wh,
        "energy_error_wh": sum(meter.energy_error_wh for meter in reckoning.meters),
        "feeder_plant_wh": sum(meter.plant_wh for meter in feeders),
        "feeder_certified_wh": sum(meter.certified_wh for meter in feeders),
        "traded_wh": reckoning.traded_wh,
        "unexplained_wh": outcome.unexplained_wh,
        "balance_error": reckoning.balance_error,
        "entries": reckoning.entries,
        "blocks": reckoning.blocks,
        "settled_intervals": reckoning.settled_intervals,
        "true_ups": reckoning.true_ups,
        "ledger_verified": reckoning.ledger_fault is None,
        "first_settlement_s": None if outcome.first_settlement_s is None else round(outcome.first_settlement_s, 3),
        "meter_dead_seconds": round(sum(meter.dead_s for meter in reckoning.meters), 3),
        "power_cuts": [asdict(outage) for outage in outcome.outages],
        "per_meter": [asdict(meter) for meter in reckoning.meters],
        "faults": reckoning.faults(),
    }


def write(outcome: Outcome, target: str) -> None:
    """Write the figures to the file ``target``, or to stdout for ``-``."""
    write_json(document(outcome), target)
