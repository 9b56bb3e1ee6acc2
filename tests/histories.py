"""Histories that nobody would write down: right entries and wrong ones in any mixture, and what must hold after each."""

from collections.abc import Callable, Sequence
from copy import copy
from operator import itemgetter

from blockchain_iface.ledger import Rejected
from blockchain_iface.state import proposals
from blockchain_iface.state.entries import (
    Alarm,
    Enrolment,
    Exchange,
    Genesis,
    Readmission,
    Recharge,
    Recovery,
    Revocation,
    Settlement,
)
from blockchain_iface.state.entries.action import VERBS
from blockchain_iface.state.entries.action import Action as Acted
from blockchain_iface.state.records import CertificateFact, GapFact
from blockchain_iface.state.state import ESCROW, GRID, ISSUE, SUBSIDY
from firmware.wire import command, cose, event, receipt, rotation
from firmware.wire.gap import Gap
from gateway.core.writer import StatefulLedger
from tests.virtual_meter import CENTRE, INTERVAL, SITE, T0, TARIFF, VirtualMeter, genesis, signed, signer

DEADLINE = 2 * INTERVAL
Action = tuple[str, int, int]
"""A name from ACTIONS, and two numbers (0 to 9999) that choose whom and how much."""


class History:
    """Three meters on a ledger. ``blocks`` are the batches that it took, ``refused`` counts those that it did not."""

    def __init__(self, ledger: StatefulLedger) -> None:
        self.ledger = ledger
        self.meters = [VirtualMeter(name, 11 + number) for number, name in enumerate(("wind-1", "home-1", "feeder"))]
        self.now = T0
        self.late: list[bytes] = []
        self.blocks: list[list[bytes]] = []
        self.refused = 0
        self.exchanged = [0, 0]
        self.retired: list[VirtualMeter] = []
        self._fresh = 100
        self.submit([genesis()])
        for meter, role in zip(self.meters, ("wind", "load", "feeder"), strict=True):
            self.submit([signed(Enrolment(role, meter.request), meter.meter)])
        for account in ("home-1", SUBSIDY):
            self.submit([signed(Recharge(account, 50_000_000, f"first-{account}"))])

    def play(self, actions: Sequence[Action]) -> None:
        for name, which, amount in actions:
            ACTIONS[name](self, which, amount)
            self.check()

    def finish(self) -> None:
        """People decide about every quarantine, and time goes on: all that is certified in full is settled as certified."""
        state = self.ledger.state
        readmit(self, 0, 0)
        self.now += 1000 * INTERVAL
        while proposal := proposals.due(state, self.now, DEADLINE):
            assert self.submit([cose.sign(CENTRE, SITE, *entry) for entry in proposal.entries])
            self.check()
        for (t0, point), part in state.coverage.items():
            if part.seconds == INTERVAL and state.points[point].trades:
                assert dict(state.intervals[t0].measured)[point] == part[1:]

    def submit(self, batch: list[bytes]) -> bool:
        """Whether the ledger took it. If not, nothing has changed; if so, a second time changes nothing."""
        before = self._seen()
        try:
            self.ledger.submit(batch, self.now)
        except Rejected:
            assert self._seen() == before
            self.refused += 1
            return False
        after = self._seen()
        if after != before:
            self.blocks.append(batch)
        self.ledger.submit(batch, self.now + 1)
        assert self._seen() == after
        return True

    def _seen(self) -> tuple[object, ...]:
        state = self.ledger.state
        return self.ledger.head(), [dict(table.items()) for table in state.tables]

    def check(self) -> None:
        """Tokens and energy are conserved."""
        state = self.ledger.state
        circulating = (state.totals.get("recharged") or 0) - (state.totals.get("recovered") or 0)
        assert state.balances() == circulating == -state.balance(ISSUE)
        assert sum(amount for _, amount in state.accounts.items()) == 0
        assert state.balance(ESCROW) >= 0
        lost = dict(state.given_up.items())
        facts: list[CertificateFact | GapFact] = [fact for some in lost.values() for fact in some]
        for (meter, seq), certificate in state.certificates.items():
            if not any(gap.first <= seq <= gap.last for gap in lost.get(meter, ())):
                facts.append(certificate)
        assert all(part.seconds <= INTERVAL for _, part in state.coverage.items())
        for side in (0, 1):
            certified = sum(fact.closing[side] - fact.opening[side] for fact in facts)
            covered = sum(part[1 + side] for _, part in state.coverage.items())
            assert covered == certified + self.exchanged[side]

    def meter(self, which: int) -> VirtualMeter:
        return self.meters[which % len(self.meters)]

    def any_meter(self, which: int) -> VirtualMeter:
        """One of those that were exchanged, too."""
        everyone = [*self.meters, *self.retired]
        return everyone[which % len(everyone)]

    def fresh(self) -> int:
        self._fresh += 1
        return self._fresh


def certify(history: History, which: int, amount: int) -> None:
    history.submit([history.meter(which).certify(amount % 300, amount // 300, 1 + which % 3 // 2)])


def withhold(history: History, which: int, amount: int) -> None:
    history.late.append(history.meter(which).certify(amount % 300, 0))


def deliver(history: History, which: int, amount: int) -> None:
    some = [history.late.pop(which % len(history.late)) for _ in range(min(1 + amount % 3, len(history.late)))]
    history.submit(some)


def record(history: History, which: int, amount: int) -> None:
    history.submit([history.meter(which).record(uptime_ms=amount)])


def work(history: History, which: int, amount: int) -> None:
    history.now += INTERVAL // 2 + which % 2 * INTERVAL
    for _ in range(1 + amount % 5):
        proposal = proposals.due(history.ledger.state, history.now, DEADLINE)
        if proposal is None:
            return
        assert history.submit([cose.sign(CENTRE, SITE, *entry) for entry in proposal.entries])


def recharge(history: History, which: int, amount: int) -> None:
    account = ("home-1", "wind-1", GRID, SUBSIDY, "feeder", "nobody", ESCROW)[which % 7]
    order = Recovery if amount % 2 else Recharge
    history.submit([signed(order(account, 1 + amount * 5000, f"order-{amount % 16}"))])


def join(history: History, which: int, amount: int) -> None:
    meter = VirtualMeter(("home-2", "wind-1", "home-3")[which % 3], 11 + amount % 5)
    history.submit([signed(Enrolment("load", meter.request), meter.meter)])


def revoke(history: History, which: int, amount: int) -> None:
    meter = history.meter(which)
    history.submit([signed(Revocation(meter.meter, meter.seq + 1 + amount % 4, meter.number + 1 + amount % 2, "test"))])


def rotate(history: History, which: int, amount: int) -> None:
    meter, new = history.meter(which), signer(history.fresh())
    first, event = meter.seq + amount % 3, meter.number + 1
    if history.submit([rotation.rotate(meter.signer, new, SITE, meter.meter, max(first, 1), event)]):
        meter.signer = new if first == meter.seq + 1 else meter.signer


def give_up(history: History, which: int, amount: int) -> None:
    meter = history.any_meter(which)
    first, t0, opening = meter.seq + 1, meter.t, meter.registers
    lost = [meter.certify(1 + amount % 50, amount % 3) for _ in range(2 + amount % 3)]
    gap = Gap(first, meter.seq, t0, meter.t, opening, meter.registers)
    if which % 2:
        history.submit([lost.pop(amount % 2)])
    # they may come all the same
    history.late += lost
    history.submit([meter.record(event.GAP, details=gap.details())])


def exchange(history: History, which: int, amount: int) -> None:
    old, state = history.meter(which), history.ledger.state
    highest = state.chain(receipt.CERTIFICATE, old.meter).highest
    facts: list[tuple[int, CertificateFact | GapFact]] = [(gap.last, gap) for gap in state.given_up.get(old.meter) or ()]
    facts += [(highest, state.certificates[old.meter, highest])] if highest else []
    if not facts:
        return
    # the oldest is wrong, and must be refused, unless it is the only one
    last, fact = (min if amount % 4 == 0 else max)(facts, key=itemgetter(0))
    rest, time = (amount % 40, amount % 7), fact.end + amount % 25
    shown = (fact.closing[0] + rest[0], fact.closing[1] + rest[1])
    new = VirtualMeter(f"meter-{history.fresh()}", history.fresh(), time + which % 2 * INTERVAL)
    entry = Exchange(old.meter, new.request, last, shown, new.registers, time)
    if history.submit([signed(entry, new.meter)]):
        history.exchanged = [before + more for before, more in zip(history.exchanged, rest, strict=True)]
        history.meters[which % len(history.meters)] = new
        history.retired.append(old)


def twist(history: History, which: int, amount: int) -> None:
    data = bytearray(history.blocks[which % len(history.blocks)][0])
    data[amount % len(data)] ^= 1 << which % 8
    assert not history.submit([bytes(data)])


def repeat(history: History, which: int, _amount: int) -> None:
    assert history.submit(history.blocks[which % len(history.blocks)])


def clone(history: History, which: int, amount: int) -> None:
    twin = copy(history.meter(which))
    good = twin.certify(amount % 300, 0)
    other = copy(history.meter(which)).certify(amount % 300 + 1, 0)
    assert not history.submit([good, other])


def misjoin(history: History, which: int, amount: int) -> None:
    meter = copy(history.meter(which))
    low = meter.registers[0] + 1 + amount
    before = history.ledger.state.chains.get(meter.meter)
    if before is not None and before.highest == meter.seq:
        assert not history.submit([meter.certify(1, 0, opening=(low, 0), closing=(low + 1, 0))])


def intrude(history: History, which: int, amount: int) -> None:
    stranger = VirtualMeter(history.meter(which).meter, 1000 + amount)
    rules = Genesis(stranger.signer.public, INTERVAL, TARIFF)
    forged = signed(Recharge("home-1", 1 + amount, "forged"))
    lie = Settlement(T0 + which % 9 * INTERVAL, 0, (), (), (("home-1", 1 + amount), (GRID, -1 - amount)), None, None)
    for data in (
        stranger.certify(1, 1),
        cose.sign(stranger.signer, SITE, SITE, rules.TYPE, rules.encode()),
        cose.sign(stranger.signer, "atoll", "atoll", rules.TYPE, rules.encode()),
        cose.sign(stranger.signer, SITE, "market", Recharge.TYPE, cose.parse(forged).payload),
        signed(lie),
        bytes(amount),
    ):
        assert not history.submit([data])


def order(history: History, which: int, amount: int) -> None:
    meter = history.meter(which)
    data = command.issue(CENTRE, SITE, meter.meter, history.fresh(), command.RELAY, [amount % 2], T0, T0 + 60)
    answer = meter.record(event.COMMAND, details={1: cose.parse(data).id, 2: 0, 3: amount % 2, 4: None, 5: ""})
    # they may come in either order
    history.submit([answer, data] if amount % 3 == 0 else [data, answer])


def act(history: History, which: int, amount: int) -> None:
    who = ("sam", "key-7", "")[which % 3]
    history.submit([signed(Acted(who, "operator", VERBS[amount % len(VERBS)], "home-1", f"act-{amount % 40}", T0 + which))])


def accuse(history: History, which: int, amount: int) -> None:
    meter, twin = history.meter(which), copy(history.meter(which))
    first, second = meter.record(uptime_ms=amount), twin.record(uptime_ms=amount + 1)
    if history.submit([first]):
        alarm = Alarm(receipt.EVENT, meter.meter, meter.number, cose.parse(first).id, second)
        assert history.submit([signed(alarm, meter.meter)])


def readmit(history: History, _which: int, amount: int) -> None:
    for point, hold in history.ledger.state.holds.items():
        readmission = signed(Readmission(point, max(hold.number - amount % 2, 1), f"{history.fresh()}"), point)
        assert history.submit([readmission]) == (hold.holds and (amount % 2 == 0 or hold.number == 1))


RIGHT = (certify, withhold, deliver, record, work, recharge, order, act)
RARE = (join, revoke, rotate, give_up, exchange, accuse, readmit)
WRONG = (twist, repeat, clone, misjoin, intrude)
ACTIONS: dict[str, Callable[[History, int, int], None]] = {action.__name__: action for action in (*RIGHT, *RARE, *WRONG)}
USUAL = (*("certify", "work") * 3, "withhold", "deliver", "record", "recharge", "give_up", "exchange")
"""What mostly happens; the rest, now and then."""
