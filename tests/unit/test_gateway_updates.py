"""Releases at the gateway: archives, the orders that meters follow, and what people see of it."""

import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Rejected
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Genesis
from firmware.version import VERSION
from firmware.wire import command, cose, event, manifest, topics
from gateway import updating
from gateway.adapters import releases
from gateway.adapters.releases import ReleaseError
from gateway.cli import app
from gateway.core.centre import Message, Publish, ShadowCentre
from gateway.core.release import Release
from gateway.site import Site, SiteError
from tests.virtual_meter import CENTRE, INTERVAL, SITE, T0, TARIFF, VirtualMeter
from tools import release as tool

NOW = T0 + 1000
TWO = Release(2, "unix", {"firmware/main.py": b"m" * 2500, "firmware/__init__.py": b""})


class Bench:
    """A shadow centre, and a meter that is to run release 2."""

    def __init__(self, path: Path) -> None:
        self.meter = VirtualMeter("wind-1", 11)
        self.path = path
        self.open()
        self.centre.enrol(self.meter.request, "wind", NOW)
        self.centre.update("wind-1", TWO, NOW)

    def open(self) -> None:
        verifier = Verifier()
        ledger = EmbeddedLedger(self.path, CENTRE, SITE, verifier)
        self.centre = ShadowCentre(ledger, CENTRE, SITE, Genesis(CENTRE.public, INTERVAL, TARIFF), 30, verifier, NOW)

    def send(self, kind: str, payload: bytes) -> list[Publish]:
        return self.centre.on_messages([Message(topics.up(SITE, "wind-1", kind), payload)], NOW)

    def state(self, **fields: object) -> None:
        self.send("state", json.dumps({"online": True, **fields}).encode())

    def offers(self, now: int = NOW) -> list[command.Command]:
        out = self.centre.on_tick(now)
        assert all(one.topic == topics.down(SITE, "wind-1", "cmd") for one in out)
        return [command.parse(one.payload, SITE, "wind-1") for one in out]

    def says(self, result: str, version: int = 2) -> bytes:
        data = self.meter.record(event.UPDATE, details={1: version, 2: result})
        self.send("event", data)
        return data

    def news(self) -> list[tuple[str, bool, bool]]:
        news, self.centre.updates.news = self.centre.updates.news, []
        return [(one.result, one.final, one.good) for one in news]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "ledger.sqlite")


def test_a_meter_is_offered_its_release_once_it_is_there(bench: Bench) -> None:
    assert bench.offers() == []
    bench.state(version=1)
    (offer,) = bench.offers()
    found = manifest.decode(cose.parse(command.manifest_of(offer.arguments)))
    assert (offer.kind, found.version, found.target, found.size) == (command.UPDATE, 2, "unix", len(TWO.contents[0]))
    assert bench.offers(NOW + 29) == []
    (again,) = bench.offers(NOW + 30)
    assert again.number > offer.number
    assert again.arguments == offer.arguments


def test_an_offer_waits_for_the_command_before_it(bench: Bench) -> None:
    bench.state(version=1)
    relay = bench.centre.command("wind-1", command.RELAY, [0], NOW, NOW + 60)
    bench.centre.dispatch.add("order", "wind-1", relay)
    assert [order.kind for order in bench.offers()] == [command.RELAY]
    bench.send("event", bench.meter.record(event.COMMAND, details={1: cose.parse(relay).id, 2: 0, 3: 0, 4: 0, 5: ""}))
    assert [order.kind for order in bench.offers()] == [command.UPDATE]


def test_only_an_enrolled_meter_is_updated(bench: Bench) -> None:
    with pytest.raises(Rejected, match="house-9 is not enrolled"):
        bench.centre.update("house-9", TWO, NOW)


@pytest.mark.parametrize("word", ["accepted", "resumed"])
def test_one_that_has_accepted_is_left_to_ask_and_ends_with_its_own_word(bench: Bench, word: str) -> None:
    bench.state(version=1)
    bench.offers()
    bench.says(word)
    assert bench.news() == [(word, False, False)]
    assert bench.offers(NOW + 600) == []
    bench.says("confirmed")
    assert bench.news() == [("confirmed", True, True)]
    assert bench.centre.updates.meters == []


@pytest.mark.parametrize(("result", "version"), [("refused: the signature is not the gateway's", 0), ("rolled back: no", 2)])
def test_what_did_not_work_is_over(bench: Bench, result: str, version: int) -> None:
    bench.says(result, version)
    assert bench.news() == [(result, True, False)]
    assert bench.centre.updates.meters == []


def test_an_old_event_ends_nothing(bench: Bench) -> None:
    bench.says("confirmed", 1)
    assert bench.news() == [("confirmed", False, False)]
    bench.centre.update("wind-1", TWO, NOW)
    old = bench.says("rolled back: no")
    bench.centre.update("wind-1", TWO, NOW)
    bench.news()
    # its receipt was lost, so it comes again
    assert [one.topic for one in bench.send("event", old)] == [topics.down(SITE, "wind-1", "receipt")]
    assert (bench.news(), bench.centre.updates.meters) == ([], ["wind-1"])


def test_a_command_that_was_refused_is_over_and_one_that_the_power_took_is_sent_again(bench: Bench) -> None:
    bench.state(version=1)
    (offer,) = bench.offers()
    for result, reason in ((2, "the power was lost"), (1, "too many updates at once")):
        details = {1: offer.id, 2: result, 3: None, 4: None, 5: reason}
        bench.send("event", bench.meter.record(event.COMMAND, details=details))
        if result == 2:
            (offer,) = bench.offers()
    assert bench.news() == [("refused: too many updates at once", True, False)]


def test_a_gateway_that_starts_again_finds_its_meters_on_the_way(bench: Bench) -> None:
    for word in ("accepted", "resumed", "on trial"):
        bench.state(version=2 if word == "on trial" else 1, update=f"version 2 {word}")
        assert bench.offers() == []
        assert bench.news() == []
        bench.centre.update("wind-1", TWO, NOW)
    bench.state(version=2, update="version 2 confirmed")
    assert bench.offers() == []
    assert bench.news() == [("runs already", True, True)]


def test_chunks_are_served_to_whom_they_are_for(bench: Bench) -> None:
    fetched = [b"", b"", b""]
    while True:
        index = next((index for index, size in enumerate(map(len, TWO.contents)) if len(fetched[index]) < size), None)
        if index is None:
            break
        (one,) = bench.send("want", manifest.want(2, index, len(fetched[index])))
        assert (one.topic, len(one.payload) < 1100) == (topics.down(SITE, "wind-1", "chunk"), True)
        _, _, _, piece = manifest.parse_chunk(one.payload)
        fetched[index] += piece
    assert tuple(fetched) == TWO.contents
    assert fetched[2] == b"m" * 2500
    for nothing in (manifest.want(3, 0, 0), manifest.want(2, 3, 0), manifest.want(2, 2, 2500)):
        assert bench.send("want", nothing) == []
    bench.send("want", b"noise")
    assert bench.centre.view(NOW, {}, "").refusals == {"bad-state": 1}
    # and it needs no offer any more
    bench.state(version=1)
    assert bench.offers() == []


def test_an_archive_goes_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    releases.write(path, TWO)
    assert releases.parse(path.read_bytes()) == TWO
    with zipfile.ZipFile(path) as archive:
        # no time in it: the same release makes the same bytes
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no release.json"),
        ({"release.json": "{}"}, "Field required"),
        ({"release.json": '{"version": 2, "target": "unix"}', "../a.py": ""}, "leads out of the slot"),
        ({"release.json": '{"version": 2, "target": "unix"}', "a.py": "x" * (manifest.MAX_FILE + 1)}, "more than 262144 bytes"),
        ({"release.json": '{"version": 2, "target": "unix"}', **{f"a{n}.py": "" for n in range(257)}}, "more than 256 files"),
    ],
)
def test_what_no_meter_could_take_is_refused(tmp_path: Path, files: dict[str, str], words: str) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with pytest.raises(ReleaseError, match=words):
        releases.parse(path.read_bytes())
    with pytest.raises(ReleaseError):
        releases.parse(path.read_bytes()[:-30])
    with pytest.raises(ReleaseError, match="more than"):
        releases.parse(bytes(releases.MAX_SIZE + 1))


def test_the_checkout_makes_a_release() -> None:
    made = tool.release("esp32")
    assert (made.version, made.target) == (VERSION, "esp32")
    assert tool.version('"""Text."""\n\nVERSION = 27\n') == 27
    assert {"firmware/main.mpy", "firmware/wire/cbor.mpy", "firmware/maps/sunspec_models.json"} & set(made.files)
    assert made.contents[0].count(b"\n") == len(made.files)
    with pytest.raises(ValueError, match="a line"):
        tool.version("# VERSION = 1")


def test_an_order_lies_in_the_inbox_and_is_followed_to_its_end(tmp_path: Path) -> None:
    site = Site(tmp_path / "site")
    site.create(SITE, 10, 30)
    site.token("wind-1", "Wind", "wind", None)
    archive = tmp_path / "two.zip"
    releases.write(archive, TWO)
    with pytest.raises(SiteError, match="house-9 is no meter of this site: it has wind-1"):
        site.update(archive.read_bytes(), ["wind-1", "house-9"])
    assert site.update(archive.read_bytes(), ["wind-1"]) == 2
    inbox = site.updates
    ((path, data),) = inbox.news()
    assert (path, data) == (inbox.path("wind-1"), archive.read_bytes())
    assert list(inbox.news()) == []
    site.update(archive.read_bytes(), ["wind-1"])
    assert len(list(inbox.news())) == 1

    bench = Bench(site.ledger)
    after = updating.newest(site)
    bench.says("accepted")
    bench.says("rolled back: no")
    inbox.refuse(path, "rolled back: no")
    assert list(updating.follow(site, ["wind-1"], after)) == ["wind-1: version 2 accepted", "wind-1: version 2 rolled back: no"]
    assert inbox.reason(path) == "rolled back: no"
    site.update(archive.read_bytes(), ["wind-1"])
    assert inbox.reason(path) is None


def test_without_a_ledger_the_command_says_what_is_missing(tmp_path: Path) -> None:
    Site(tmp_path / "site").create(SITE, 10, 30)
    releases.write(tmp_path / "two.zip", TWO)
    done = CliRunner().invoke(app, ["update", str(tmp_path / "site"), str(tmp_path / "two.zip"), "wind-1"])
    assert (done.exit_code, "there is no ledger" in done.stderr) == (1, True)
