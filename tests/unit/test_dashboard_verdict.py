"""What the dashboard concludes from one look after another: debts, silence, sums of power."""

from itertools import pairwise

import pytest

from gateway.core.view import MeterView, PriceView, View
from gateway.dashboard.verdict import Tone, debt_tone, verdict
from gateway.dashboard.watch import HISTORY_S, SAMPLE_S, Power, Watch

NOW, INTERVAL = 1_800_000_000, 10
PRICE = PriceView(NOW, INTERVAL, 200_000, 1_000_000, 1, 1)


def meter(name: str, debt: int = 0, power_w: int | None = 0, heard: int | None = NOW, online: bool = True, role: str = "load"):
    return MeterView(
        meter=name,
        name=name.title(),
        role=role,
        online=online,
        state_time=heard,
        power_w=power_w,
        voltage_dv=None,
        frequency_mhz=None,
        soc_permille=None,
        import_wh=None,
        export_wh=None,
        certified_until=None,
        clock_quality=None,
        clock_uncertainty_ms=None,
        issued=10,
        receipted=10 - debt,
        refused=0,
        balance=0,
    )


def view(now: int, *meters: MeterView) -> View:
    return View("isle", 10, now, NOW, meters, price=PRICE)


def watched(*views: View) -> Watch:
    watch = Watch(views[0])
    for later in views[1:]:
        watch.look(later)
    return watch


def test_nothing_owed_is_good():
    judged = verdict(watched(view(NOW, meter("ada"))))
    assert (judged.tone, judged.headline) == (Tone.GOOD, "Nothing owed")
    assert judged.detail == "Every certificate that was issued is on the ledger."


def test_an_empty_island_is_neither_good_nor_bad():
    assert verdict(watched(view(NOW))).tone is None


def test_a_silent_meter_qualifies_the_good_news():
    detail = verdict(watched(view(NOW, meter("ada", heard=None), meter("bob")))).detail
    assert detail == "As far as is known: Ada cannot be heard."


@pytest.mark.parametrize(("seconds", "tone"), [(0, Tone.WAIT), (3 * INTERVAL, Tone.WAIT), (3 * INTERVAL + 1, Tone.BAD)])
def test_a_debt_turns_bad_after_three_intervals(seconds, tone):
    owing = meter("ada", debt=2, heard=NOW + seconds)
    watch = watched(view(NOW, owing), view(NOW + seconds, owing))
    assert (verdict(watch).tone, debt_tone(watch, owing)) == (tone, tone)


def test_debts_that_come_and_go_never_turn_bad():
    looks = [view(NOW + second, meter("ada", debt=second // 20 % 2, heard=NOW + second)) for second in range(100)]
    watch = Watch(looks[0])
    for look in looks:
        watch.look(look)
        assert verdict(watch).tone is not Tone.BAD


def test_the_longest_debtor_is_named():
    before = view(NOW, meter("ada", debt=1), meter("bob"))
    judged = verdict(watched(before, view(NOW + 4, meter("ada", debt=1), meter("bob", debt=5))))
    assert judged.headline == "6 certificates owed"
    assert judged.detail == "Ada owes 1, for 4 s; 1 other meter too. They are on their way."


@pytest.mark.parametrize(
    ("heard", "online", "silent"),
    [(NOW, True, False), (NOW - 15, True, False), (NOW - 16, True, True), (NOW, False, True), (None, False, True)],
)
def test_silence(heard, online, silent):
    one = meter("ada", heard=heard, online=online)
    assert watched(view(NOW, one)).is_silent(one) is silent


def test_only_meters_that_are_heard_count_as_power():
    units = [meter("ada", power_w=300), meter("bob", power_w=-500), meter("cyd", power_w=9_000, heard=NOW - 60)]
    feeder = meter("feeder", power_w=-200, role="feeder")
    assert watched(view(NOW, *units, feeder)).power() == Power(NOW, given=500, taken=300, feeder=-200)
    assert watched(view(NOW, *units)).power().feeder is None


def test_the_history_is_sampled_and_bounded():
    watch = watched(*[view(NOW + second) for second in range(2 * HISTORY_S)])
    times = [power.time for power in watch.powers]
    assert len(times) == HISTORY_S // SAMPLE_S
    assert {later - earlier for earlier, later in pairwise(times)} == {SAMPLE_S}
