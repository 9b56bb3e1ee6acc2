"""The operators' page in headless Chromium, before a centre that follows a script (scripted.py)."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium import chromium

ROOT = Path(__file__).parents[2]
QUIET = {"debt": 0, "silent": [], "refusals": {}, "enrolled": 10, "behind": 0}
AWAY = re.compile(r"ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|WebSocket connection to")
"""What a browser has to say of a gateway that is not there."""


class Centre:
    """The scripted centre with its dashboard, in a process that can be killed and started again at the same address."""

    def __init__(self, script: Path) -> None:
        self._script = script
        self.play(QUIET)
        self.start(0)

    def start(self, port: int) -> None:
        command = [sys.executable, "-m", "tests.browser.scripted", str(port), str(self._script)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url, f"the dashboard ended with status {self.process.wait(timeout=10)}"

    def play(self, script: dict[str, object]) -> None:
        """Follow another script from the next look on; replaced in one step, for the centre reads while we write."""
        draft = self._script.with_suffix(".draft")
        draft.write_text(json.dumps(script))
        draft.replace(self._script)

    def kill(self) -> int:
        """SIGKILL; returns the port that was served."""
        self.process.kill()
        self.process.wait(timeout=10)
        return urlsplit(self.url).port or 0


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    centre = Centre(tmp_path_factory.mktemp("centre") / "script.json")
    yield centre
    centre.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


class Witness:
    """Everything that an open page asks for, and every complaint in its console."""

    def __init__(self, page: Page) -> None:
        self.hosts: set[str | None] = set()
        self.complaints: list[str] = []
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname))
        page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).hostname))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type in ("error", "warning") else None)


@pytest.fixture
def page(centre: Centre, browser: Browser) -> Iterator[Page]:
    """The open dashboard on a tablet; at the end, nothing was fetched from elsewhere and nothing was complained of."""
    centre.play(QUIET)
    page = browser.new_page(viewport={"width": 1180, "height": 820})
    page.set_default_timeout(10_000)
    witness = Witness(page)
    page.goto(centre.url)
    yield page
    page.close()
    # a data: URL, the icon, has no host
    assert witness.hosts - {None} == {"127.0.0.1"}
    assert [line for line in witness.complaints if not AWAY.search(line)] == []
    assert centre.process.poll() is None


def shows(page: Page, mark: str, text: str | re.Pattern[str], seconds: float = 8) -> None:
    expect(page.get_by_test_id(mark)).to_have_text(text, timeout=seconds * 1000)


def test_the_page_shows_what_the_centre_shows(page):
    shows(page, "site", "isle")
    shows(page, "debt", "Nothing owed")
    shows(page, "broker", "mosquitto, connected")
    shows(page, "ledger-head", re.compile(r"^block 1,2\d\d, \d s old$"))
    shows(page, "price", "0.1432")
    shows(page, "mu", "0.870")
    shows(page, "supply", "1.320 kWh")
    shows(page, "demand", "1.148 kWh")
    shows(page, "why", "Supply exceeds demand: sellers receive 0.870 of the price.")
    shows(page, "balanced", "balanced")
    shows(page, "recovered", "5.000000")
    expect(page.get_by_test_id("refusals")).to_be_hidden()
    expect(page.locator("[data-testid=blocks] tbody tr:visible")).to_have_count(8)
    expect(page.get_by_test_id("settlements-1")).to_contain_text("provisional, 2 silent")


def test_every_meter_has_a_row_and_the_feeder_is_last(page):
    expect(page.locator("tr.meter")).to_have_count(11)
    expect(page.locator("tr.meter").last).to_have_attribute("data-testid", "meter-feeder")
    shows(page, "meter-wind-1-power", re.compile(r"^giving \d\.\d\d kW$"))
    shows(page, "meter-wind-1-heard", "0 s ago")
    shows(page, "meter-wind-1-export", "out 9,480.133 kWh")
    shows(page, "meter-wind-1-clock", "authenticated \N{PLUS-MINUS SIGN}12 ms")
    shows(page, "meter-wind-1-issued", "1,200")
    shows(page, "meter-wind-1-balance", "12.345678")
    shows(page, "meter-purifier-1-clock", "network \N{PLUS-MINUS SIGN}1 s")
    shows(page, "meter-feeder-power", re.compile(r"^(coming in|going out) "))
    shows(page, "meter-feeder-balance", "\N{EN DASH}")


def test_figures_change_without_a_reload(page):
    page.evaluate("window.sameDocument = true")
    ages, power = page.get_by_test_id("running"), page.get_by_test_id("power-given")
    before = ages.text_content(), power.text_content()
    expect(ages).not_to_have_text(before[0], timeout=4000)
    expect(power).not_to_have_text(before[1], timeout=8000)
    assert page.evaluate("window.sameDocument")
    expect(page.locator("[data-testid=chart] svg path[stroke='var(--give)']")).not_to_have_count(0)


def test_a_debt_is_shown_and_clears(page, centre):
    centre.play(QUIET | {"debt": 3})
    shows(page, "debt", "3 certificates owed")
    shows(page, "debt-detail", re.compile(r"^Wind turbine 2 owes 3, for \d+ s\. They are on their way\.$"))
    expect(page.get_by_test_id("verdict")).to_have_attribute("data-tone", "wait")
    shows(page, "meter-wind-2-debt", "3")
    centre.play(QUIET)
    shows(page, "debt", "Nothing owed")
    shows(page, "meter-wind-2-debt", "0")
    expect(page.get_by_test_id("verdict")).to_have_attribute("data-tone", "good")


def test_silence_and_refusals_are_marked(page, centre):
    centre.play(QUIET | {"silent": ["home-1"], "refusals": {"clone": 1, "unknown-key": 4}})
    shows(page, "meter-home-1-heard", re.compile(r"^offline for \d+ min$"))
    expect(page.get_by_test_id("meter-home-1")).to_have_attribute("data-state", "silent")
    expect(page.get_by_test_id("meter-home-2")).to_have_attribute("data-state", "heard")
    shows(page, "refusal-reasons", "unknown key 4 \N{MIDDLE DOT} clone 1")
    shows(page, "debt-detail", "As far as is known: Household 1 cannot be heard.")


def test_a_meter_appears_when_it_is_enrolled(page, centre):
    centre.play(QUIET | {"enrolled": 9})
    expect(page.get_by_test_id("meter-home-2")).to_have_count(0)
    centre.play(QUIET)
    shows(page, "meter-home-2-issued", "1,209")
    expect(page.locator("tr.meter").last).to_have_attribute("data-testid", "meter-feeder")


def test_a_picture_that_stands_still_is_called_old(page, centre):
    shows(page, "stale", "")
    centre.play(QUIET | {"behind": 90})
    shows(page, "stale", "these figures are 1 min old")


def test_an_open_page_survives_the_gateways_death(page, centre):
    shows(page, "debt", "Nothing owed")
    port = centre.kill()
    expect(page.locator("#popup")).to_be_visible()
    centre.play(QUIET | {"debt": 7})
    centre.start(port)
    shows(page, "debt", "7 certificates owed", 20)
    expect(page.locator("#popup")).to_be_hidden()
    centre.play(QUIET)
    shows(page, "debt", "Nothing owed")


@pytest.mark.parametrize("width", [400, 820, 1180])
def test_nothing_sticks_out_sideways(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    expect(page.get_by_test_id("meter-feeder-balance")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_dark_follows_the_system(page):
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(paper) != light
    assert page.evaluate("getComputedStyle(document.querySelector('.page')).color") == "rgb(232, 236, 232)"


def test_tables_are_named_and_headed_for_screen_readers(page):
    table = page.get_by_role("table", name="Meters")
    titles = table.get_by_role("columnheader").all_text_contents()
    assert titles[:4] == ["Meter", "Power now", "Heard", "Certified energy"]
    expect(page.locator("main :is(table, thead, tbody, tr, th, td):not([role])")).to_have_count(0)
    row = table.get_by_role("row", name=re.compile("^Wind turbine 1"))
    assert row.get_by_role("cell").count() == len(titles) - 1
    expect(page.get_by_role("status")).to_contain_text("Nothing owed")
    expect(page.get_by_role("img", name="Power over the last 5 minutes, in kilowatts")).to_be_visible()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order_with_a_page_open(tmp_path, browser, number):
    centre = Centre(tmp_path / "script.json")
    page = browser.new_page()
    page.goto(centre.url)
    shows(page, "debt", "Nothing owed")
    centre.process.send_signal(number)
    assert centre.process.wait(timeout=5) == 0
    page.close()
