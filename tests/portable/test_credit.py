"""The prepaid account: every watt-hour is charged once, credit is lent once, and friendly hours are kept."""

from firmware.meter.credit import EMERGENCY, EXHAUSTED, FRIENDLY, LOW, OK, Account
from firmware.wire.fields import WireError
from firmware.wire.tariff import Tariff

MONDAY = 1_799_625_600  # 2027-01-11, midnight UTC
HOUR = 3600


def prepaid(credit, price=1_000_000, low=0, emergency=0, friendly=None):
    account = Account()
    account.charge(0, 0)
    account.set_tariff(Tariff(price, low, emergency, friendly))
    account.set_credit(credit, 1)
    return account


def refused(call, *arguments):
    try:
        call(*arguments)
    except WireError:
        return True
    return False


def test_nothing_is_counted_without_a_tariff():
    account = Account()
    assert not account.charge(0, 5000)
    assert (account.credit, account.state(MONDAY)) == (0, OK)


def test_a_tariff_counts_from_where_the_record_stands():
    account = Account()
    account.charge(0, 5000)
    account.set_tariff(Tariff(1000))
    assert account.charge(5000, 5007)
    assert account.credit == -7


def test_the_first_certificate_is_charged_whole():
    account = Account()
    account.set_tariff(Tariff(1000))
    account.charge(5000, 5007)
    assert account.credit == -7


def test_a_certificate_is_charged_once():
    account = prepaid(1000, price=1000)
    assert account.charge(0, 10)
    assert not account.charge(0, 10)
    assert not account.charge(3, 7)
    assert account.credit == 990


def test_a_certificate_that_was_never_seen_is_charged_with_the_next():
    account = prepaid(1000, price=1000)
    account.charge(20, 30)
    assert account.credit == 970


def test_no_thousandth_is_lost():
    for price in (1, 333, 999, 1001, 123_457):
        account = prepaid(0, price=price)
        for wh in range(1, 2001):
            account.charge(wh - 1, wh)
        assert account.credit == -(price * 2000 // 1000), price


def test_another_price_counts_from_the_next_certificate():
    account = prepaid(0, price=1000)
    account.charge(0, 10)
    account.set_tariff(Tariff(3000))
    account.charge(10, 20)
    assert account.credit == -40


def test_a_top_up_counts_once():
    account = prepaid(0)
    account.add_credit(50, 2)
    for top_up in (1, 2):
        assert refused(account.add_credit, 50, top_up)
        assert refused(account.set_credit, 7, top_up)
    assert account.credit == 50
    account.set_credit(7, 9)
    assert account.credit == 7


def test_nobody_has_more_than_an_account_can_hold():
    account = prepaid((1 << 53) - 1)
    assert refused(account.add_credit, 1, 2)
    account.charge(0, 1)
    account.add_credit(1, 2)


def test_credit_runs_low_then_is_lent_then_is_gone():
    account = prepaid(100, price=1000, low=20, emergency=30)
    states = []
    for wh in range(1, 141):
        account.charge(wh - 1, wh)
        states.append(account.state(MONDAY))
    assert [states.index(state) + 1 for state in (OK, LOW, EMERGENCY, EXHAUSTED)] == [1, 80, 100, 130]
    assert account.credit == -40


def test_emergency_credit_is_lent_once_until_there_is_credit_again():
    account = prepaid(0, price=1000, emergency=30)
    assert account.state(MONDAY) == EMERGENCY
    account.charge(0, 30)
    assert account.state(MONDAY) == EXHAUSTED
    account.add_credit(20, 2)
    assert (account.credit, account.state(MONDAY)) == (-10, EXHAUSTED)
    account.add_credit(11, 3)
    assert (account.credit, account.state(MONDAY)) == (1, OK)
    account.charge(30, 31)
    assert account.state(MONDAY) == EMERGENCY


def test_without_emergency_credit_nothing_is_nothing():
    account = prepaid(1)
    assert account.state(MONDAY) == OK
    account.charge(0, 1)
    assert account.state(MONDAY) == EXHAUSTED


def test_nobody_is_cut_off_in_friendly_hours():
    account = prepaid(0, friendly=[(0b0011111, 18 * HOUR, 6 * HOUR)])
    for hour, state in ((7, EXHAUSTED), (17, EXHAUSTED), (18, FRIENDLY), (29, FRIENDLY), (30, EXHAUSTED)):
        assert account.state(MONDAY + hour * HOUR) == state, hour
    assert account.state(None) == EXHAUSTED


def test_an_account_survives_on_the_flash():
    account = prepaid(0, price=333, low=5, emergency=7, friendly=[(31, 1, 2)])
    account.charge(0, 25)
    again = Account()
    again.restore(account.fields())
    assert again.fields() == account.fields()
    assert again.state(MONDAY) == account.state(MONDAY) == EXHAUSTED
    for one in (account, again):
        one.charge(25, 50)
    assert again.credit == account.credit == -16
