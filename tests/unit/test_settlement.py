"""The island paper's three stages, driven through a ledger by virtual meters."""

from pathlib import Path

import pytest

from blockchain_iface.ledger import Rejected
from blockchain_iface.state import proposals
from blockchain_iface.state.entries import Recovery, Settlement
from blockchain_iface.state.pricing import energy_cost
from blockchain_iface.state.records import SCHEDULED, SPREAD, Interval, Measured, Trade
from blockchain_iface.state.settlement import settle
from blockchain_iface.state.state import ESCROW, SUBSIDY
from firmware.wire import cose
from tests.virtual_meter import (
    SITE,
    T0,
    TARIFF,
    recharge,
    signed,
)
from tests.worlds import DEADLINE, TOKEN, Island


@pytest.fixture
def island(tmp_path: Path) -> Island:
    return Island(tmp_path / "ledger.sqlite")


def test_three_stages_from_offer_to_money(island: Island) -> None:
    island.run(wind=400, home=300, other=100, now=T0 + 10)
    assert island.interval(T0).revision == 0
    island.work(T0 + 15)
    traded = island.interval(T0 + 20)
    assert traded.offers == (("wind-1", 400),)
    assert (traded.price, traded.mu_ppm) == (200_000, 1_000_000)
    assert [(trade.buyer, trade.wh) for trade in traded.trades] == [("home-1", 300), ("home-2", 100)]
    # 120 % of 300 Wh at 0.2 tokens a kWh is held until delivery
    assert traded.trades[0].margin == 72_000
    assert island.ledger.state.balance(ESCROW) == 96_000
    island.run(wind=400, home=300, other=100, now=T0 + 20)
    before = island.ledger.state.balance("wind-1")
    island.run(wind=390, home=320, other=100, now=T0 + 30)
    state = island.ledger.state
    # 390 of 400 Wh delivered at 0.2
    assert island.interval(T0 + 20).traded_wh == 390
    assert state.balance("wind-1") - before == 390 * 200
    assert state.balance(ESCROW) == 0
    assert island.interval(T0 + 20).unexplained_wh == 0


def test_mu_below_one_fills_the_fund_and_above_one_draws_on_it(island: Island) -> None:
    island.run(wind=800, home=300, other=300, now=T0 + 10)
    island.work(T0 + 15)
    assert island.interval(T0 + 20).mu_ppm == 750_000
    island.run(wind=800, home=300, other=300, now=T0 + 20)
    fund = island.ledger.state.balance(SUBSIDY)
    island.work(T0 + 25)
    island.run(wind=300, home=300, other=300, now=T0 + 30)
    assert island.ledger.state.balance(SUBSIDY) > fund
    island.work(T0 + 35)
    assert island.interval(T0 + 40).mu_ppm == 1_300_000
    island.run(wind=300, home=300, other=300, now=T0 + 40)
    fund = island.ledger.state.balance(SUBSIDY)
    island.run(wind=300, home=300, other=300, now=T0 + 50)
    assert island.interval(T0 + 40).revision == 0
    assert island.interval(T0 + 40).traded_wh == 300


def test_a_silent_meter_blocks_nobody_and_is_trued_up(island: Island) -> None:
    island.run(wind=400, home=300, other=100, now=T0 + 10)
    island.work(T0 + 15)
    island.run(wind=400, home=300, other=100, now=T0 + 20)
    late = island.other.certify(140, 0)
    island.submit(island.wind.certify(0, 400), island.home.certify(300, 0), now=T0 + 30)
    assert island.interval(T0 + 20).revision is None
    island.work(T0 + 30 + DEADLINE)
    provisional = island.interval(T0 + 20)
    assert provisional.revision == 0
    assert dict(provisional.measured)["home-2"] == Measured(100, 0, SCHEDULED)
    balance = island.ledger.state.balance("home-2")
    island.submit(late, now=T0 + 200)
    final = island.interval(T0 + 20)
    assert final.revision == 1
    assert final.scheduled == 0
    # the 40 Wh above the schedule came from the grid
    assert balance - island.ledger.state.balance("home-2") == 40 * 350


def test_a_catch_up_certificate_is_spread_and_loses_nothing(island: Island) -> None:
    island.run(wind=10, home=10, other=0, now=T0 + 10)
    for now in (20, 30, 40):
        island.submit(island.home.certify(5, 0), island.other.certify(1, 0), now=T0 + now)
    island.submit(island.wind.certify(0, 100, intervals=3), now=T0 + 40 + DEADLINE)
    shares = [dict(island.interval(t0).measured)["wind-1"] for t0 in (T0 + 10, T0 + 20, T0 + 30)]
    assert sum(share.exported for share in shares) == 100
    assert {share.quality for share in shares} == {SPREAD}


def test_certificates_in_any_order_settle_alike(island: Island, tmp_path: Path) -> None:
    mirror = Island(tmp_path / "mirror.sqlite")
    batches = []
    for wind, home, other in ((40, 30, 20), (50, 10, 60), (10, 20, 30)):
        meters = (island.wind.certify(0, wind), island.home.certify(home, 0), island.other.certify(other, 0))
        batches.append([*meters, island.feeder.certify(home + other, wind)])
    every = [data for batch in batches for data in batch]
    for data in every:
        island.submit(data, now=T0 + 31)
    for data in reversed(every):
        mirror.submit(data, now=T0 + 31)
    for t0 in (T0, T0 + 10, T0 + 20):
        assert island.interval(t0).measured == mirror.interval(t0).measured
    assert dict(island.ledger.state.accounts.items()) == dict(mirror.ledger.state.accounts.items())


def test_a_settlement_that_does_not_follow_is_refused(island: Island) -> None:
    island.run(wind=400, home=300, other=100, now=T0 + 5)
    (_, type, payload) = proposals.due(island.ledger.state, T0 + 10, DEADLINE).entries[0]  # type: ignore[union-attr]
    entry = Settlement.decode(payload)
    richer = (*entry.postings[:-1], ("wind-1", entry.postings[-1][1] + 1))
    forged = Settlement(entry.t0, 0, entry.measured, entry.deliveries, richer, entry.feeder, entry.unexplained_wh)
    with pytest.raises(Rejected, match="does not follow"):
        island.ledger.submit([signed(forged)], T0 + 10)
    stranger = cose.sign(island.wind.signer, SITE, "market", type, payload)
    with pytest.raises(Rejected, match="not signed by the shadow centre"):
        island.ledger.submit([stranger], T0 + 10)


def test_orders_are_taken_once_and_never_overdraw(island: Island) -> None:
    with pytest.raises(Rejected, match="used before"):
        recharge(island.ledger, "home-1", 5, "first-home-1")
    with pytest.raises(Rejected, match="no account"):
        recharge(island.ledger, "feeder", 5, "feeder")
    with pytest.raises(Rejected, match="cannot be recovered"):
        island.ledger.submit([signed(Recovery("home-1", 51 * TOKEN, "too-much"))], T0)
    island.ledger.submit([signed(Recovery("home-1", 20 * TOKEN, "enough"))], T0)
    assert island.ledger.state.balance("home-1") == 30 * TOKEN
    island.check()


def test_a_sellers_tokens_are_recovered_and_paid_out(tmp_path: Path) -> None:
    tariff = TARIFF._replace(payout_at=60_000, payout_keep=10_000)
    island = Island(tmp_path / "ledger.sqlite", tariff)
    # 1,200 Wh of surplus go to the grid at 0.05 tokens a kWh
    island.run(wind=1600, home=300, other=100, now=T0 + 10)
    state = island.ledger.state
    earned = energy_cost(1600, TARIFF.feed_in)
    assert state.balance("wind-1") == 10_000
    assert state.totals.get("recovered") == earned - 10_000
    island.run(wind=1600, home=300, other=100, now=T0 + 20)
    assert [reference for reference, _ in state.references.items() if "payout" in reference] == [
        "payout-wind-1-1",
        "payout-wind-1-2",
    ]
    assert state.balance("home-1") > 60_000


def test_a_buyer_without_tokens_makes_no_trade(island: Island) -> None:
    for account in ("home-1", "home-2"):
        island.ledger.submit([signed(Recovery(account, 50 * TOKEN, f"empty-{account}"))], T0)
    island.run(wind=400, home=300, other=100, now=T0 + 10)
    island.work(T0 + 15)
    assert island.interval(T0 + 20).trades == ()


@pytest.mark.parametrize(
    ("wind", "home", "other", "delivered"),
    [
        (400, 300, 100, [300, 100]),
        (200, 300, 100, [150, 50]),
        (400, 150, 100, [150, 100]),
        (0, 0, 0, [0, 0]),
        (3, 300, 100, [2, 1]),
    ],
)
def test_delivery_is_what_both_meters_say(wind: int, home: int, other: int, delivered: list[int]) -> None:
    trades = (Trade("w", "a", 300, 0), Trade("w", "b", 100, 0))
    interval = Interval(T0, price=200_000, mu_ppm=900_000, trades=trades)
    measured = {"w": Measured(0, wind, 0), "a": Measured(home, 0, 0), "b": Measured(other, 0, 0)}
    outcome = settle(TARIFF, interval, measured)
    assert [delivery.wh for delivery in outcome.deliveries] == delivered
    assert sum(outcome.net.values()) == 0
