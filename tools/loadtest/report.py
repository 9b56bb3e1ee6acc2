"""What a load test says: bars while it runs, a table at the end, the same as JSON."""

from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tools.figures import write_json

from .course import Outcome, Phase

_SHARES = {"p50": 0.5, "p99": 0.99, "max": 1.0}
_STEPS = {
    "certificates": "making certificates",
    "connections": "connecting meters",
    "full": "full speed",
    "half": "half speed",
    "attacked": "half speed, one attacker",
}


class Bars:
    """A bar for each step; on stderr, for stdout may carry the JSON."""

    def __init__(self, steps: dict[str, int]) -> None:
        """``steps`` by name, and how much of each there is to do."""
        columns = (TextColumn("{task.description:<26}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._tasks = {name: self._progress.add_task(_STEPS[name], start=False, total=total) for name, total in steps.items()}

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def advance(self, name: str, more: int) -> None:
        """``more`` of step ``name`` is done."""
        self._progress.start_task(self._tasks[name])
        self._progress.advance(self._tasks[name], more)


def share(outcome: Outcome) -> float:
    """Full speed as a share of openssl's verifications on one core."""
    return outcome.phases[0].rate / outcome.verifies


def show(outcome: Outcome) -> None:
    """The table, on stderr."""
    console = Console(stderr=True, highlight=False)
    heads = ("", "1/s", "p50 ms", "p99", "max", "gateway us", "broker", "generator", "MB")
    table = Table(*heads, box=None, padding=(0, 2, 0, 0))
    for column in table.columns[1:]:
        column.justify = "right"
    for phase in outcome.phases:
        delays = [f"{phase.delay_ms(share):.0f}" for share in _SHARES.values()]
        cost = [f"{each:.0f}" for each in phase.cost_us]
        table.add_row(_STEPS[phase.name], f"{phase.rate:,.0f}", *delays, *cost, f"{phase.gateway_mb:.0f}")
    console.print(table)
    console.print(
        f"{outcome.wishes.meters} meters over {outcome.broker}; openssl verifies {outcome.verifies:,.0f} a second on one core,"
        f" full speed is [bold]{share(outcome):.2f}[/] of that. Processor time is of one certificate."
    )
    console.print(f"[green]in order[/]  every certificate has its receipt; {outcome.checked} receipts checked")


def document(outcome: Outcome) -> dict[str, Any]:
    """The figures for scripts: delays in ms, processor time in microseconds a certificate, memory in MB."""
    return {
        "meters": outcome.wishes.meters,
        "broker": outcome.broker,
        "openssl_verifies_s": outcome.verifies,
        "share_of_openssl": round(share(outcome), 3),
        "receipts_checked": outcome.checked,
        "phases": [_figures(phase) for phase in outcome.phases],
    }


def _figures(phase: Phase) -> dict[str, Any]:
    return {
        "name": phase.name,
        "certificates": phase.receipted,
        "seconds": round(phase.seconds, 3),
        "rate": round(phase.rate, 1),
        **{f"{name}_ms": round(phase.delay_ms(share), 2) for name, share in _SHARES.items()},
        **{f"{name}_us": round(each, 1) for name, each in phase.cost_us._asdict().items()},
        "gateway_mb": round(phase.gateway_mb, 1),
        "broker_mb": round(phase.broker_mb, 1),
        "hostile": phase.hostile,
    }


def write(outcome: Outcome, target: str) -> None:
    """Write the figures to the file ``target``, or to stdout for ``-``."""
    write_json(document(outcome), target)
