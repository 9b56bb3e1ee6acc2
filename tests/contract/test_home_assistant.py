"""Home Assistant at a real gateway: it is told of the meters, again when it is born, and of those that are taken back."""

import json
import signal
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner, Result

from gateway.adapters import settings
from gateway.cli import app
from gateway.core import assistant
from tests.contract.test_gateway_process import Bench, until


class Assistant:
    """A client with the reader's certificate that asks for what Home Assistant asks for."""

    def __init__(self, bench: Bench, files: Path) -> None:
        self.received: dict[str, list[bytes]] = {}
        context = ssl.create_default_context(cafile=str(files / "ca.pem"))
        context.load_cert_chain(files / "reader.pem", files / "reader.key")
        self.client = paho.Client(CallbackAPIVersion.VERSION2, "home-assistant")
        self.client.tls_set_context(context)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe("homeassistant/+/+/config", 1)
        self.client.on_subscribe = lambda client, *_: client.publish(assistant.BIRTH, assistant.BORN, 1)
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", bench.site.settings().broker.port)
        self.client.loop_start()

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self.received.setdefault(message.topic, []).append(bytes(message.payload))

    def of(self, meter: str) -> list[bytes]:
        return self.received.get(assistant.config(meter), [])

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def enable(bench: Bench) -> None:
    path = bench.site.root / settings.FILE
    path.write_text(path.read_text() + "\n[home_assistant]\nenabled = true\n")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "site", "")
    yield bench
    bench.close()


def test_it_is_told_of_the_meters_again_and_again(bench: Bench, tmp_path: Path) -> None:
    enable(bench)
    bench.start()
    wind = bench.station("wind-1", 11, "wind")
    bench.site.reader(tmp_path / "files")
    home = Assistant(bench, tmp_path / "files")
    assert until(lambda: home.of("wind-1"))
    document = json.loads(home.of("wind-1")[0])
    assert (document["device"]["name"], document["state_topic"]) == ("Wind-1", "sk/v1/isle/wind-1/up/state")
    # nothing of it is taken for a meter's message
    wind.send(wind.certify())
    assert until(lambda: wind.receipted() == {1})
    assert "noise" not in (bench.site.root / "log").read_text()

    bench.station("house-1", 12, "house")
    assert until(lambda: home.of("house-1"))
    before = len(home.of("wind-1"))
    home.client.publish(assistant.BIRTH, assistant.BORN, 1)
    assert until(lambda: len(home.of("wind-1")) > before)
    bench.site.token("wind-1", "North wind", None, None)
    assert until(lambda: b"North wind" in home.of("wind-1")[-1])

    bench.end(signal.SIGKILL)
    home.received.clear()
    bench.start()
    assert until(lambda: home.of("wind-1") and home.of("house-1"))
    bench.site.revoke("house-1", None, "sold")
    assert until(lambda: home.of("house-1")[-1] == b"")
    assert until(lambda: home.of("wind-1")[-1] != b"")
    home.close()


def test_it_is_off_until_somebody_asks_for_it(bench: Bench, tmp_path: Path) -> None:
    def reader(name: str) -> Result:
        return CliRunner().invoke(app, ["reader", str(bench.site.root), str(tmp_path / name)])

    refused = reader("files")
    assert (refused.exit_code, (tmp_path / "files").exists()) == (1, False)
    assert "set enabled = true under [home_assistant]" in refused.stderr
    enable(bench)
    told = reader("files")
    assert (told.exit_code, "reader.key as its own" in told.stdout) == (0, True)
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "files").iterdir()} == {
        "ca.pem": 0o600,
        "reader.pem": 0o600,
        "reader.key": 0o600,
    }
    assert "is not empty" in reader("files").stderr
