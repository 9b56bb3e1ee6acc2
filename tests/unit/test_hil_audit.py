import json
import sqlite3
from pathlib import Path

import pytest

from blockchain_iface.archive import Archive
from blockchain_iface.ledger import Entry
from blockchain_iface.state.entries import Settlement
from hil.bench import books, journal
from hil.bench.audit import Flash, Reckoning, reckon
from tests.virtual_meter import CENTRE, INTERVAL, T0, signed
from tests.worlds import TOKEN, Island

DEAD_S = {"wind-1": 4.5}


class Witnesses:
    """An island that ran for three intervals, with a rig's journal and flashes that agree with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "ledger.sqlite"
        self.island = Island(self.file)
        for number in range(1, 4):
            now = T0 + number * INTERVAL
            self.island.run(90, 70, 50, now=now)
            # the second half of an interval is when the next one is priced and traded
            self.island.work(now + INTERVAL - 1)
        self.flashes = {meter.meter: Flash(3, (), 0) for meter in self.island.meters}
        self.plant = {meter.meter: list(meter.registers) for meter in self.island.meters}

    def reckon(self) -> Reckoning:
        self.island.ledger.close()
        opening = {meter: {"import_wh": 1000, "export_wh": 2000} for meter in self.plant}
        closing = {meter: {"import_wh": wh[0], "export_wh": wh[1]} for meter, wh in self.plant.items()}
        lines = [json.dumps({"phase": "held", "units": units}) + "\n" for units in (opening, closing)]
        (self.folder / "plant.jsonl").write_text("".join(lines))
        return reckon(self.file, CENTRE.public, self.folder / "plant.jsonl", self.flashes, DEAD_S)


@pytest.fixture
def witnesses(tmp_path: Path) -> Witnesses:
    return Witnesses(tmp_path)


def test_witnesses_agree(witnesses: Witnesses) -> None:
    reckoning = witnesses.reckon()
    assert reckoning.faults() == []
    energy = {one.meter: (one.plant_wh, one.certified_wh, one.settled_wh) for one in reckoning.meters}
    assert energy == {"wind-1": (270,) * 3, "home-1": (210,) * 3, "home-2": (150,) * 3, "feeder": (90, 90, None)}
    assert {one.meter: one.dead_s for one in reckoning.meters}["wind-1"] == 4.5
    assert sum(one.balance or 0 for one in reckoning.meters) == pytest.approx(100 * TOKEN, rel=0.01)
    assert (reckoning.settled_intervals, reckoning.true_ups, reckoning.traded_wh) == (3, 0, 90)


def test_a_lost_certificate_is_found(witnesses: Witnesses) -> None:
    witnesses.flashes["home-1"] = Flash(4, (4,), 0)
    reckoning = witnesses.reckon()
    assert (reckoning.lost, reckoning.debt) == (1, 1)
    assert reckoning.faults() == [
        "1 certificates were issued and are not on the ledger",
        "1 certificates wait for their receipt",
    ]


def test_a_damaged_certificate_is_debt(witnesses: Witnesses) -> None:
    witnesses.flashes["home-1"] = Flash(3, (), 1)
    assert witnesses.reckon().debt == 1


def test_energy_that_nobody_certified_is_found(witnesses: Witnesses) -> None:
    witnesses.plant["home-2"][0] += 3
    reckoning = witnesses.reckon()
    assert reckoning.faults() == ["the plant's energy and the certified one differ at home-2"]


def test_a_register_step_is_no_difference(witnesses: Witnesses) -> None:
    witnesses.plant["home-2"][0] += 1
    assert witnesses.reckon().faults() == []


def test_energy_that_is_not_settled_is_found(witnesses: Witnesses) -> None:
    # its interval has not ended: nothing is due
    witnesses.island.submit(witnesses.island.home.certify(5, 0), now=T0 + 3 * INTERVAL)
    witnesses.flashes["home-1"] = Flash(4, (), 0)
    witnesses.plant["home-1"][0] += 5
    reckoning = witnesses.reckon()
    assert reckoning.unsettled_wh == 5
    assert reckoning.faults() == ["5 Wh are certified and not settled"]


def test_a_ledger_that_was_tampered_with_is_found(witnesses: Witnesses) -> None:
    with sqlite3.connect(witnesses.file) as db:
        db.execute("UPDATE blocks SET size = size + 1 WHERE height = 3")
    db.close()
    assert "does not verify: entry 4" in witnesses.reckon().faults()[0]


def test_another_centres_ledger_is_found(witnesses: Witnesses) -> None:
    witnesses.reckon()
    other = bytes(reversed(CENTRE.public))
    fault = reckon(witnesses.file, other, witnesses.folder / "plant.jsonl", witnesses.flashes, {}).ledger_fault
    assert fault is not None
    assert "given key" in fault


def entries(witnesses: Witnesses) -> list[Entry]:
    return list(Archive(witnesses.file).entries())


def test_books_come_to_the_machines_balances(witnesses: Witnesses) -> None:
    read = books.read(entries(witnesses))
    state = witnesses.island.ledger.state
    assert {name: read.balances[name] for name, _ in state.accounts.items() if name != "@issue"} == {
        name: amount for name, amount in state.accounts.items() if name != "@issue"
    }
    assert read.balance_error == 0


def test_books_find_a_number_that_came_twice(witnesses: Witnesses) -> None:
    all_entries = entries(witnesses)
    read = books.read([*all_entries, *all_entries[-1:], *[one for one in all_entries if b"vnd.skerry.cert" in one.data]])
    assert {name: chain.repeated for name, chain in read.chains.items()} == dict.fromkeys(read.chains, 3)


def test_books_find_postings_that_miss_zero(witnesses: Witnesses) -> None:
    read = books.read(entries(witnesses))
    crooked = Settlement(T0, 9, (), (), (("home-1", 5), ("@grid", -4)), None, None)
    read.take(Entry(999, b"", signed(crooked), 99))
    assert read.balance_error == 2


def test_settled_beyond_certified_is_counted_twice(witnesses: Witnesses) -> None:
    certified = witnesses.reckon()
    [home] = [one for one in certified.meters if one.meter == "home-1"]
    assert home.settled_wh == home.certified_wh
    again = {name: getattr(home, name) for name in home.__slots__} | {"settled_wh": home.certified_wh + 7}
    others = tuple(one for one in certified.meters if one is not home)
    fields = {name: getattr(certified, name) for name in certified.__slots__} | {"meters": (*others, type(home)(**again))}
    wrong = Reckoning(**fields)
    assert wrong.double_counted == 7
    assert wrong.faults() == ["7 certificates or Wh are counted twice"]


def test_journal_passes_over_a_line_that_is_being_written(tmp_path: Path) -> None:
    file = tmp_path / "plant.jsonl"
    file.write_text('{"phase": "waiting"}\n{"phase": "running"}\n{"pha')
    assert (journal.first(file)["phase"], journal.last(file)["phase"]) == ("waiting", "running")
