"""Whatever happens on an island, in whatever order it is heard of: tokens and energy are conserved, and a replay agrees."""

import os
import subprocess
import sys
import tempfile
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from blockchain_iface.archive import Archive
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.engines.memory import MemoryLedger, MemoryStorage
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.machine import Machine
from blockchain_iface.state.memory import MemoryBacking
from blockchain_iface.state.records import SCHEDULED
from blockchain_iface.state.settlement import settle
from blockchain_iface.state.state import ESCROW, GRID, SUBSIDY
from blockchain_iface.verify import verify
from firmware.wire import cose
from tests.histories import ACTIONS, USUAL, History
from tests.virtual_meter import CENTRE, INTERVAL, SITE, T0, TARIFF
from tests.worlds import DEADLINE, TOKEN, Island

ROOT = Path(__file__).parents[2]
Energy = st.integers(0, 3000)
Day = st.lists(st.tuples(Energy, Energy, Energy, Energy, Energy), min_size=1, max_size=6)
"""For each interval: wind's export; import and export of the first home; import of the second; the feeder's import, in Wh."""


@settings(max_examples=25, deadline=None)
@given(day=Day, chance=st.randoms(use_true_random=False), late=st.lists(st.booleans(), min_size=24, max_size=24))
def test_nothing_is_made_or_lost(day, chance, late):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        island = Island(path)
        punctual, tardy = [], []
        for number, (wind, taken, given_back, other, fed) in enumerate(day):
            certificates = [
                island.wind.certify(0, wind),
                island.home.certify(taken, given_back),
                island.other.certify(other, 0),
                island.feeder.certify(fed, 0),
            ]
            for place, data in enumerate(certificates):
                (tardy if late[(4 * number + place) % len(late)] else punctual).append((number, data))
        for number in range(len(day)):
            now = T0 + (number + 1) * INTERVAL
            heard = [data for when, data in punctual if when == number]
            if heard:
                island.submit(*heard, now=now)
            island.work(now + INTERVAL // 2)
        end = T0 + len(day) * INTERVAL + DEADLINE
        island.work(end)
        chance.shuffle(tardy)
        for _, data in tardy:
            island.submit(data, now=end)
            island.ledger.submit([data], end)
        _check(island, day)
        balances = dict(island.ledger.state.accounts.items())
        island.ledger.close()
        assert dict(EmbeddedLedger(path, CENTRE, SITE).state.accounts.items()) == balances
        verify(Archive(path), CENTRE.public)


def _check(island: Island, day: list[tuple[int, int, int, int, int]]) -> None:
    """In the end every interval is final, says exactly what was certified, and was paid for once."""
    island.check()
    balances = dict.fromkeys(("home-1", "home-2", GRID, SUBSIDY), 50 * TOKEN) | {"wind-1": 0}
    for number, (wind, taken, given_back, other, _fed) in enumerate(day):
        interval = island.interval(T0 + number * INTERVAL)
        measured = {meter: (energy.imported, energy.exported) for meter, energy in interval.measured}
        assert measured == {"wind-1": (0, wind), "home-1": (taken, given_back), "home-2": (other, 0)}
        assert all(energy.quality != SCHEDULED for _, energy in interval.measured)
        assert interval.unexplained_wh is not None
        for account, amount in settle(TARIFF, interval, dict(interval.measured)).net.items():
            balances[account] += amount
    state = island.ledger.state
    # margins and reserves of what is traded and not yet delivered
    held = [interval for _, interval in state.intervals.items() if interval.revision is None]
    for interval in held:
        balances[SUBSIDY] -= interval.reserve
        for trade in interval.trades:
            balances[trade.buyer] -= trade.margin
    balances[ESCROW] = sum(interval.reserve + sum(trade.margin for trade in interval.trades) for interval in held)
    assert {account: state.balance(account) for account in balances} == balances


Anything = st.tuples(st.sampled_from([*ACTIONS, *USUAL, *USUAL]), st.integers(0, 9999), st.integers(0, 9999))


@settings(max_examples=40, deadline=None)
@given(actions=st.lists(Anything, min_size=20, max_size=60))
def test_right_or_wrong_whatever_comes_is_conserved_and_replays_alike(actions):
    storage = MemoryStorage()
    history = History(MemoryLedger(storage, CENTRE, SITE))
    history.play(actions)
    history.finish()
    states = [stored.block().state for stored in reversed(storage.newest(10_000))]
    entries = groupby(storage.entries(-1, 100_000), attrgetter("height"))
    blocks = [[entry.data for entry in block] for _, block in entries]
    assert blocks == history.blocks
    assert _by_machine(blocks) == states
    assert _by_file(blocks) == states


def _by_machine(blocks: list[list[bytes]]) -> list[tuple[int, bytes]]:
    """The state after each block by a machine that drops and rolls back everything once before it keeps it."""
    backing, states = MemoryBacking(), []
    machine = Machine(Verifier(), backing)
    for height, block in enumerate(blocks):
        statements = [cose.parse(data) for data in block]
        for statement in statements:
            machine.apply(statement)
            machine.keep()
        machine.seal(height)
        machine.rollback()
        for statement in statements:
            machine.apply(statement)
            machine.drop()
            machine.apply(statement)
            machine.keep()
        sealed = machine.seal(height)
        backing.write(sealed)
        machine.commit()
        states.append((sealed.slots, sealed.root))
    return states


def _by_file(blocks: list[list[bytes]]) -> list[tuple[int, bytes]]:
    """The state after each block by an engine that is started again every few blocks, and by the file's verification."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        ledger = EmbeddedLedger(path, CENTRE, SITE)
        for height, block in enumerate(blocks):
            ledger.submit(block, T0)
            if height % 5 == 0:
                ledger.close()
                ledger = EmbeddedLedger(path, CENTRE, SITE)
        ledger.close()
        archive = Archive(path)
        verify(archive, CENTRE.public)
        return [stored.block().state for stored in archive.blocks()]


PLAYED = """
import random
from blockchain_iface.engines.memory import MemoryLedger, MemoryStorage
from tests.histories import ACTIONS, CENTRE, SITE, USUAL, History
chance, storage = random.Random(7), MemoryStorage()
names = [*ACTIONS, *USUAL, *USUAL]
actions = [(chance.choice(names), chance.randrange(10000), chance.randrange(10000)) for _ in range(150)]
History(MemoryLedger(storage, CENTRE, SITE)).play(actions)
print([stored.block().state for stored in storage.newest(10000)])
"""


def test_no_order_of_a_dict_or_set_shows_in_the_state():
    roots = set()
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        played = subprocess.run(
            [sys.executable, "-c", PLAYED], env=environment, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
        )
        roots.add(played.stdout)
    assert len(roots) == 1
    assert len(roots.pop()) > 5000
