"""What is in the books: settled intervals, blocks, accounts, and what was refused entry."""

from collections.abc import Sequence

from gateway.core.view import BlockView, SettlementView

from .elements import Text, attribute, box, cell, fact, header_row
from .verdict import Tone
from .watch import Watch
from .words import clock, count, energy, revision, tokens

_ROWS = 8
_SEPARATOR = " \N{MIDDLE DOT} "


class Table:
    """A fixed number of rows, newest first; rows without a record stay empty and hidden."""

    def __init__(self, title: str, mark: str, *columns: str) -> None:
        with box("section", mark, mark, aria_labelledby=f"{mark}-title"):
            Text("h2", title).props["id"] = f"{mark}-title"
            with box("table", role="table", aria_labelledby=f"{mark}-title"):
                header_row(*columns)
                with box("tbody", role="rowgroup"):
                    self._rows = [_row(f"{mark}-{row}", columns) for row in range(_ROWS)]

    def show(self, records: Sequence[Sequence[str]]) -> None:
        """Show the texts of each record, of which the first ones fit."""
        for row, texts in enumerate(self._rows):
            record = records[row] if row < len(records) else [""] * len(texts)
            for text, shown in zip(texts, record, strict=True):
                text.show(shown)


def _row(mark: str, columns: Sequence[str]) -> list[Text]:
    with box("tr", mark=mark, role="row"):
        return [cell(column) for column in columns]


class Books:
    """Settlements beside blocks, and below them the accounts and the refusals."""

    def __init__(self) -> None:
        with box("div", "pair"):
            self._settlements = Table("Settled intervals", "settlements", "From", "State", "Energy#", "Traded#", "Unexplained#")
            self._blocks = Table("Blocks", "blocks", "Height#", "Time", "Entries#", "Root")
        with box("section", "accounts", "accounts", aria_labelledby="accounts-title"):
            Text("h2", "Accounts").props["id"] = "accounts-title"
            with box("dl", "facts"):
                self._recharged = fact("Recharged", "recharged")
                self._recovered = fact("Recovered", "recovered")
                self._balances = fact("Sum of balances", "balances")
                self._balanced = fact("Check", "balanced")
        with box("section", "refusals", "refusals", aria_labelledby="refusals-title") as self._refusals:
            Text("h2", "Refused messages").props["id"] = "refusals-title"
            self._reasons = Text("p", mark="refusal-reasons")

    def show(self, watch: Watch) -> None:
        """Show the newest records and sums."""
        view = watch.view
        self._settlements.show([_settlement(settled) for settled in view.settlements])
        self._blocks.show([_block(block) for block in view.blocks])
        self._recharged.show(tokens(view.recharged))
        self._recovered.show(tokens(view.recovered))
        self._balances.show(tokens(view.balances))
        error = view.balances - (view.recharged - view.recovered)
        self._balanced.show(f"off by {tokens(error)}" if error else "balanced", Tone.BAD if error else Tone.GOOD)
        attribute(self._refusals, "hidden", None if view.refusals else "hidden")
        reasons = sorted(view.refusals.items(), key=lambda item: -item[1])
        self._reasons.show(_SEPARATOR.join(f"{reason.replace('-', ' ')} {count(number)}" for reason, number in reasons))


def _settlement(settled: SettlementView) -> list[str]:
    gap = "not known" if settled.unexplained_wh is None else energy(settled.unexplained_wh)
    return [clock(settled.t0), revision(settled), energy(settled.energy_wh), energy(settled.traded_wh), gap]


def _block(block: BlockView) -> list[str]:
    return [count(block.height), clock(block.time), count(block.entries), block.root[:12]]
