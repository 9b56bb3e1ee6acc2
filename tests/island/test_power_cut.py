import pytest

from .conftest import WatchedRun


def test_nothing_is_lost_or_counted_twice(cut: WatchedRun) -> None:
    figures = cut.figures
    assert cut.status == 0, cut.output
    assert (figures["lost"], figures["double_counted"], figures["debt_at_end"], figures["faults"]) == (0, 0, 0, [])
    assert figures["certificates_issued"] == figures["receipted"] > 0
    assert figures["ledger_verified"] is True
    assert figures["balance_error"] == 0


def test_energy_is_certified_and_settled_whole(cut: WatchedRun) -> None:
    figures = cut.figures
    assert figures["plant_wh"] == figures["certified_wh"] == figures["settled_wh"] > 0
    assert figures["feeder_plant_wh"] == figures["feeder_certified_wh"]


def test_everybody_was_cut_off_again_and_again(cut: WatchedRun) -> None:
    victims = [outage["victim"] for outage in cut.figures["power_cuts"]]
    assert victims.count("gateway") >= 2
    assert victims.count("broker") >= 2
    assert len(set(victims) - {"gateway", "broker"}) >= 5


def test_dead_seconds_are_reported_apart(cut: WatchedRun) -> None:
    dead = {one["meter"]: one["dead_s"] for one in cut.figures["per_meter"]}
    assert cut.figures["meter_dead_seconds"] == pytest.approx(sum(dead.values()), abs=0.01)
    outages = dict.fromkeys(dead, 0.0)
    for outage in cut.figures["power_cuts"]:
        if outage["victim"] in outages:
            outages[outage["victim"]] += outage["down_s"]
    assert dead == pytest.approx(outages, abs=0.01)
    assert sum(dead.values()) > 10


def test_the_dashboard_lives_through_the_gateways_deaths(cut: WatchedRun) -> None:
    heights = [sighting.height for sighting in cut.sightings]
    assert heights == sorted(heights)
    deaths = sum(1 for outage in cut.figures["power_cuts"] if outage["victim"] == "gateway")
    assert deaths >= 2
    # the page was opened once, before the first death, and still showed the last blocks after the last one
    assert heights[0] < cut.figures["blocks"] * 0.4
    assert heights[-1] > cut.figures["blocks"] * 0.9
    assert len({sighting.newest_settlement for sighting in cut.sightings}) > 5
    assert len({sighting.receipted for sighting in cut.sightings}) > 5


def test_the_dashboard_shows_the_debt_come_and_go(cut: WatchedRun) -> None:
    debts = [sighting.debt for sighting in cut.sightings]
    assert debts[-1] == "Nothing owed"
    assert len(set(debts)) > 1
