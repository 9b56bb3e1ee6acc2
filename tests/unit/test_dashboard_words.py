"""The dashboard's numbers as people read them."""

import time

import pytest

from gateway.core.view import PriceView, SettlementView
from gateway.dashboard import words

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("micro", "text"),
    [
        (12_345_678, "12.345678"),
        (0, "0.000000"),
        (1, "0.000001"),
        (1_234_567_000_000, "1,234,567.000000"),
        (-1, f"{MINUS}0.000001"),
        (-12_500_000, f"{MINUS}12.500000"),
        (None, words.UNKNOWN),
    ],
)
def test_balances_are_exact(micro, text):
    assert words.tokens(micro) == text


@pytest.mark.parametrize(
    ("micro", "text"),
    [(143_200, "0.1432"), (160_000, "0.16"), (200_000, "0.20"), (143_249, "0.1432"), (143_250, "0.1433"), (999_999, "1.00")],
)
def test_prices_have_two_to_four_digits(micro, text):
    assert words.price(micro) == text


@pytest.mark.parametrize(("ppm", "text"), [(870_000, "0.870"), (1_000_000, "1.000"), (1_199_999, "1.200"), (800_499, "0.800")])
def test_factors_have_three_digits(ppm, text):
    assert words.factor(ppm) == text


@pytest.mark.parametrize(
    ("watts", "text"),
    [
        (0, "0 W"),
        (430, "430 W"),
        (-999, "999 W"),
        (1_000, "1.00 kW"),
        (2_310, "2.31 kW"),
        (9_996, "10.0 kW"),
        (12_340, "12.3 kW"),
        (123_456, "123 kW"),
        (1_500_000, "1.50 MW"),
        (None, words.UNKNOWN),
    ],
)
def test_power_has_three_digits_and_no_sign(watts, text):
    assert words.power(watts) == text


@pytest.mark.parametrize(
    ("watts", "is_feeder", "text"),
    [
        (430, False, "taking 430 W"),
        (-430, False, "giving 430 W"),
        (430, True, "coming in 430 W"),
        (-430, True, "going out 430 W"),
        (0, False, "idle"),
        (None, True, words.UNKNOWN),
    ],
)
def test_directions_are_words(watts, is_feeder, text):
    assert words.flow(watts, is_feeder) == text


@pytest.mark.parametrize(
    ("wh", "text"),
    [
        (0, "0 Wh"),
        (999, "999 Wh"),
        (12_345, "12.345 kWh"),
        (9_480_133, "9,480.133 kWh"),
        (-12, f"{MINUS}12 Wh"),
        (-1_001, f"{MINUS}1.001 kWh"),
        (None, words.UNKNOWN),
    ],
)
def test_energy_is_exact_to_the_watt_hour(wh, text):
    assert words.energy(wh) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "0 s"),
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (3_600, "1 h"),
        (86_399, "23 h"),
        (172_800, "2 d"),
    ],
)
def test_ages_round_down(seconds, text):
    assert words.age(seconds) == text


def test_a_moment_that_never_was():
    assert words.ago(None, 1000) == "never"
    assert words.ago(997, 1000) == "3 s ago"


@pytest.mark.parametrize(
    ("quality", "uncertainty_ms", "text"),
    [
        (None, None, words.UNKNOWN),
        (0, 9, "never set"),
        (1, 1500, "network \N{PLUS-MINUS SIGN}1 s"),
        (2, None, "host clock"),
        (3, 12, "authenticated \N{PLUS-MINUS SIGN}12 ms"),
        (3, 0, "authenticated \N{PLUS-MINUS SIGN}0 ms"),
    ],
)
def test_clocks_are_described(quality, uncertainty_ms, text):
    assert words.time_quality(quality, uncertainty_ms) == text


@pytest.mark.parametrize(
    ("revision", "silent", "text"),
    [(0, 0, "final"), (0, 2, "provisional, 2 silent"), (1, 1, "provisional, 1 silent"), (1, 0, "trued up")],
)
def test_a_settlement_says_whether_it_can_change(revision, silent, text):
    assert words.revision(SettlementView(0, 10, revision, 60, 20, silent, None)) == text


@pytest.mark.parametrize(
    ("supply_wh", "demand_wh", "mu_ppm", "sentence"),
    [
        (100, 87, 870_000, "Supply exceeds demand: sellers receive 0.870 of the price."),
        (
            100,
            115,
            1_150_000,
            "Demand exceeds supply: sellers receive 1.150 of the price, the subsidy fund adds the difference.",
        ),
        (100, 115, 1_000_000, "Demand exceeds supply, but the subsidy fund is empty: sellers receive the price in full."),
        (100, 100, 1_000_000, "Supply meets demand: sellers receive the price in full."),
    ],
)
def test_the_price_is_explained(supply_wh, demand_wh, mu_ppm, sentence):
    assert words.why(PriceView(0, 10, 200_000, mu_ppm, supply_wh, demand_wh)) == sentence


def test_counts_and_plurals():
    assert [words.count(n) for n in (0, 1234, -1234)] == ["0", "1,234", f"{MINUS}1,234"]
    assert [words.plural(n, "meter") for n in (0, 1, 2)] == ["0 meters", "1 meter", "2 meters"]


def test_the_clock_is_the_gateways(monkeypatch):
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    try:
        assert (words.clock(52_327), words.day(52_327)) == ("15:32:07", "Thu 1 Jan, CET")
    finally:
        monkeypatch.undo()
        time.tzset()
