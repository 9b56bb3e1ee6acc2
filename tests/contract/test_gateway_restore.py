"""A site's second life: from its standby nothing receipted is lost, and behind an old copy no second history begins."""

import json
import shutil
import signal
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt import client as paho
from typer.testing import CliRunner, Result

from blockchain_iface.archive import Archive
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.state.entries import Settlement, Sighting
from blockchain_iface.verify import verify
from firmware.wire import certificate, cose, receipt, topics
from gateway.adapters import files, settings
from gateway.adapters.papers import Copies
from gateway.backup import back_up, restore
from gateway.cli import app
from gateway.site import Site, SiteError
from gateway.standby import Standby
from tests.contract.test_gateway_process import INTERVAL, Bench, Station, until
from tests.virtual_meter import CENTRE, SITE, T0, genesis

NOW = 1_800_000_000


class Seeing(Station):
    """A station that remembers the newest head it has a receipt for, and says in its state how many it has."""

    head: tuple[int, bytes] | None = None

    def _on_message(self, client: object, data: object, message: paho.MQTTMessage) -> None:
        if message.topic.endswith("/receipt"):
            _, seq, proof = receipt.unwrap(bytes(message.payload))
            head = self.verifier.check(proof, self.certificates[seq])
            self.head = max(self.head or head, head)
        super()._on_message(client, data, message)

    def certify(self) -> int:
        data = self.meter.certify(3, 0, seen=self.head)
        self.certificates[self.meter.seq] = data
        return self.meter.seq

    def tell(self) -> None:
        state = {"online": True, "seq": self.meter.seq, "receipted": len(self.receipts)}
        self.client.publish(topics.up(self.meter.site, self.meter.meter, "state"), json.dumps(state), 1)


@pytest.fixture
def stick() -> Iterator[Path]:
    """A directory on another filesystem than the test's."""
    path = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "site", "")
    yield bench
    bench.close()


def with_standby(bench: Bench, stick: Path) -> None:
    path = bench.site.root / settings.FILE
    path.write_text(path.read_text() + f'\n[standby]\ndirectory = "{stick}"\n')


def moved(bench: Bench, root: Path) -> None:
    """The stations stay, their gateway is in another place."""
    bench.site = Site(root)
    bench.arguments[3] = str(root)


def load(stations: list[Seeing], goes_on: threading.Event) -> threading.Thread:
    def send() -> None:
        while goes_on.is_set():
            for station in stations:
                station.send(station.certify())
            time.sleep(0.01)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def under_load(bench: Bench) -> list[Seeing]:
    """Stations with some hundred certificates receipted and some on their way, in this moment."""
    stations = [bench.station(name, number, "wind", Seeing) for number, name in enumerate(("wind-1", "wind-2", "wind-3"), 11)]
    for station in stations:
        station.meter.t -= 2000 * INTERVAL
    return stations  # type: ignore[return-value]


def on_ledger(root: Path, type: str) -> list[cose.Statement]:
    statements = [cose.parse(entry.data) for entry in Archive(root).entries()]
    return [statement for statement in statements if statement.type == type]


def test_a_machine_that_burns_under_load_takes_nothing_receipted_with_it(bench: Bench, stick: Path, tmp_path: Path) -> None:
    with_standby(bench, stick)
    bench.start()
    stations, goes_on = under_load(bench), threading.Event()
    goes_on.set()
    thread = load(stations, goes_on)
    assert until(lambda: all(len(station.receipts) > 60 for station in stations))
    bench.end(signal.SIGKILL)
    shutil.rmtree(bench.site.root)
    goes_on.clear()
    thread.join()
    held = {station.meter.meter: dict(station.receipts) for station in stations}

    restore(stick, tmp_path / "new", NOW)
    moved(bench, tmp_path / "new")
    bench.start()
    assert until(lambda: all(station.client.is_connected() for station in stations))
    for station in stations:
        station.tell()
    assert until(lambda: not bench.site.restored.exists())
    for station in stations:
        station.send(*station.certificates)
    assert until(lambda: all(station.receipted() == set(station.certificates) for station in stations), 30)
    for station in stations:
        news = station.certify()
        station.send(news)
        assert until(lambda: news in station.receipted())  # noqa: B023
        # the very receipts of before
        assert all(set(station.receipts[seq]) == set(proofs) for seq, proofs in held[station.meter.meter].items())

    assert until(lambda: on_ledger(bench.site.root, Settlement.TYPE))
    bench.end(signal.SIGTERM)
    for root in (bench.site.root, stick):
        assert verify(Archive(root)).entries
        certificates = [statement.id for statement in on_ledger(root, certificate.TYPE)]
        assert len(certificates) == len(set(certificates)) == sum(len(station.certificates) for station in stations)
        # no meter saw another history
        assert on_ledger(root, Sighting.TYPE) == []
        settled = [statement.payload for statement in on_ledger(root, Settlement.TYPE)]
        assert len(settled) == len(set(settled))


def test_behind_a_copy_that_is_too_old_nothing_goes_on(bench: Bench, tmp_path: Path) -> None:
    bench.start()
    stations, goes_on, archive = under_load(bench), threading.Event(), tmp_path / "site.tar"
    goes_on.set()
    thread = load(stations, goes_on)
    assert until(lambda: all(len(station.receipts) > 20 for station in stations))
    assert back_up(bench.site, archive, NOW) > 60
    goes_on.clear()
    thread.join()
    assert archive.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site", "site.tar"]
    assert until(lambda: all(station.receipted() == set(station.certificates) for station in stations))
    bench.end(signal.SIGTERM)
    entries = restore(archive, tmp_path / "old", NOW)
    missing = {
        station.meter.meter: len(station.receipts)
        - sum(statement.subject == station.meter.meter for statement in on_ledger(tmp_path / "old", certificate.TYPE))
        for station in stations
    }
    assert any(missing.values())
    moved(bench, tmp_path / "old")
    bench.arguments[2] = f"from gateway import restoring\nrestoring.PATIENCE_S = 1\n{bench.arguments[2]}"
    bench.launch()
    assert bench.process is not None
    assert until(lambda: all(station.client.is_connected() for station in stations))
    for station in stations:
        station.tell()
    assert bench.process.wait(15) != 0
    said = (bench.site.root / "log").read_text()
    for meter, count in missing.items():
        assert not count or f"{meter}: {count} certificates" in said
    assert Archive(tmp_path / "old").count() == entries
    assert bench.site.restored.exists()


def test_a_backup_behind_which_nothing_was_receipted_goes_on_when_all_are_heard(bench: Bench, tmp_path: Path) -> None:
    bench.start()
    stations = under_load(bench)
    for station in stations:
        station.send(station.certify())
    assert until(lambda: all(station.receipted() == {1} for station in stations))
    back_up(bench.site, tmp_path / "site.tar", NOW)
    bench.end(signal.SIGKILL)
    restore(tmp_path / "site.tar", tmp_path / "new", NOW)
    moved(bench, tmp_path / "new")
    bench.start()
    one, *others = stations
    assert until(lambda: all(station.client.is_connected() for station in stations))
    for station in others:
        station.tell()
    number = one.certify()
    one.send(number)
    assert until(lambda: f"silent=['{one.meter.meter}']" in (bench.site.root / "log").read_text())
    assert not one.receipts.get(number)
    one.tell()
    assert until(lambda: not bench.site.restored.exists())
    one.send(number)
    assert until(lambda: number in one.receipted())


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    site = Site(tmp_path / "site")
    site.create(SITE, 10, 30)
    ledger = EmbeddedLedger(site.ledger, CENTRE, SITE)
    ledger.submit([genesis()], T0)
    ledger.close()
    back_up(site, tmp_path / "site.tar", NOW)
    return tmp_path / "site.tar"


def test_a_restored_site_has_its_papers(archive: Path, tmp_path: Path) -> None:
    assert restore(archive, tmp_path / "new", NOW) == 1
    for name in ("site.toml", "keys/gateway.pem", "keys/door/authority.pem", "keys/door/crl.pem"):
        assert (tmp_path / "new" / name).read_bytes() == (tmp_path / "site" / name).read_bytes()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    with pytest.raises(SiteError, match="is not empty"):
        restore(archive, tmp_path / "new", NOW)
    with pytest.raises(SiteError, match="is there already"):
        back_up(Site(tmp_path / "site"), archive, NOW)


@pytest.mark.parametrize("wound", ["flipped", "cut off", "empty", "a member more", "one that climbs out"])
def test_a_damaged_backup_is_refused_and_leaves_nothing(archive: Path, tmp_path: Path, wound: str) -> None:
    data = bytearray(archive.read_bytes())
    if wound == "flipped":
        data[data.index(b"interval_s = 10")] ^= 1
    elif wound == "cut off":
        del data[len(data) // 2 :]
    elif wound == "empty":
        data.clear()
    archive.write_bytes(data)
    if wound in ("a member more", "one that climbs out"):
        (tmp_path / "x").write_text("x")
        with tarfile.open(archive, "a") as tar:
            tar.add(tmp_path / "x", "tokens/x" if wound == "a member more" else "../../x")
    with pytest.raises(SiteError, match=r"site\.tar is"):
        restore(archive, tmp_path / "new", NOW)
    assert not (tmp_path / "new").exists()
    assert not (tmp_path.parent / "x").exists()
    assert not list(tmp_path.glob(".*"))


def test_papers_follow_what_happens_to_them(tmp_path: Path) -> None:
    site, target = tmp_path / "site", tmp_path / "stick"
    target.mkdir()
    for name in (
        "a.json",
        "orders/1.json",
        "broker/acl",
        "gateway.json",
        "ledger.sqlite-wal",
        "edit.lock",
        "orders/.2.json.new",
    ):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(name)
    (target / "orders").mkdir()
    (target / "orders" / "gone.json").write_text("of before")
    copies = Copies(site, target)

    def copied() -> dict[str, str]:
        return {str(path.relative_to(target)): path.read_text() for path in target.rglob("*") if path.is_file()}

    copies.refresh()
    assert copied() == {"a.json": "a.json", "orders/1.json": "orders/1.json"}
    files.write(site / "a.json", b"other")
    files.move(site / "orders" / "1.json", site / "orders" / "done")
    copies.refresh()
    assert copied() == {"a.json": "other", "orders/done/1.json": "orders/1.json"}


def test_a_standby_is_on_another_disk_and_there(tmp_path: Path, stick: Path) -> None:
    site = Site(tmp_path)
    with pytest.raises(SiteError, match="is not there: put the disk back"):
        Standby(site, tmp_path / "nowhere")
    with pytest.raises(SiteError, match="is on the site's own disk"):
        Standby(site, tmp_path)
    standby = Standby(site, stick)
    (tmp_path / "a.json").touch()
    standby.refresh()
    assert (stick / "a.json").exists()
    assert standby.age_s < 1


@pytest.mark.usefixtures("archive")
def test_the_commands(tmp_path: Path) -> None:
    def run(*words: str) -> Result:
        return CliRunner().invoke(app, words)

    assert "keep it as you keep those" in run("backup", str(tmp_path / "site"), str(tmp_path / "two.tar")).stdout
    done = run("restore", str(tmp_path / "two.tar"), str(tmp_path / "new"))
    assert (done.exit_code, "with 1 entries" in done.stdout) == (0, True)
    assert run("accept", str(tmp_path / "new")).exit_code == 0
    assert not Site(tmp_path / "new").restored.exists()
