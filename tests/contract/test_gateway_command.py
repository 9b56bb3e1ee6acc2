"""`skerry gateway command` as a person uses it: a running gateway, a meter that obeys, a gateway that is killed in between."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt import client as paho

from blockchain_iface.archive import Archive
from blockchain_iface.state.state import State
from firmware.wire import command, event, topics
from gateway.cli.conventions import KEY
from gateway.core.api_key import Role
from tests.contract.test_gateway_process import ROOT, Bench, Station, until
from tests.door_keys import DoorKey
from tests.virtual_meter import SITE, VirtualMeter


class House(Station):
    """A meter that answers each new command with an event, unless it is mute; ``heard`` holds what came, as it came."""

    def __init__(self, meter: VirtualMeter, key: DoorKey, answer: Path) -> None:
        self.heard: list[bytes] = []
        self.mute = False
        super().__init__(meter, key, answer)

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        if not message.topic.endswith("/cmd"):
            return
        data = bytes(message.payload)
        is_new = data not in self.heard
        self.heard.append(data)
        if not self.mute and is_new:
            self.answer(data)

    def answer(self, data: bytes) -> None:
        order = command.parse(data, SITE, self.meter.meter)
        refusal = "" if order.kind == command.RELAY else "not today"
        details = {1: order.id, 2: 1 if refusal else 0, 3: 0, 4: 7, 5: refusal}
        told = self.meter.record(event.COMMAND, details=details, time_ms=int(time.time() * 1000))
        self.client.publish(topics.up(SITE, self.meter.meter, "event"), told, 1)


class Desk(Bench):
    """A site, its gateway, its command line, and a house."""

    def command(self, *words: str, meter: str = "house-1") -> "subprocess.Popen[str]":
        arguments = [sys.executable, "-m", "gateway", "command", str(self.site.root), meter, *words]
        return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def house(self) -> House:
        house = self.station("house-1", 12, "house", House)
        assert isinstance(house, House)
        return house


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "site", "whichever is here")
    desk.start()
    yield desk
    desk.close()


def test_the_signed_answer_is_shown(desk: Desk) -> None:
    house = desk.house()
    done = desk.command("relay", "open")
    out, error = done.communicate(timeout=20)
    assert done.returncode == 0, error
    assert out.startswith("house-1: done, contact open, 7 W\nevent ")
    # on the ledger: who ordered it, the command, and the answer that belongs to it
    state = State(Archive(desk.site.root).state(), SITE)
    ((_, ordered),) = state.commands.items()
    assert (ordered.meter, ordered.answer) == ("house-1", bytes.fromhex(out.split()[-1]))
    assert [name for name, _ in state.actions.items()][-1] in {
        path.stem for path in (desk.site.root / "orders" / "done").iterdir()
    }
    refused = desk.command("--json", "limit", "2000", "30")
    out, _ = refused.communicate(timeout=20)
    answer = json.loads(out)
    assert (refused.returncode, answer["result"], answer["reason"]) == (1, "refused", "not today")
    assert len(house.heard) == 2


def test_a_killed_gateway_sends_the_same_command_again(desk: Desk) -> None:
    house = desk.house()
    house.mute = True
    waiting = desk.command("relay", "open")
    assert until(lambda: house.heard)
    desk.end(signal.SIGKILL)
    first = house.heard.pop()
    house.mute = False
    desk.start()
    out, error = waiting.communicate(timeout=30)
    assert (waiting.returncode, out.split(",")[0]) == (0, "house-1: done"), error
    assert set(house.heard) == {first}
    assert not list((desk.site.root / "commands").glob("*.cbor"))


def test_a_second_persons_word_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.house()
    desk.station("house-2", 13, "house", House)
    key = desk.site.api_keys.add("bert", Role.OPERATOR, int(time.time()) - 60)
    assert desk.command("relay", "open").wait(20) == 0
    waiting = desk.command("relay", "open", meter="house-2")
    assert until(desk.site.held)
    (held,) = desk.site.held()
    monkeypatch.setenv(KEY, key)
    approve = [sys.executable, "-m", "gateway", "approve", str(desk.site.root), held]
    said = subprocess.run(approve, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)
    assert (said.returncode, said.stdout) == (0, f"{held} goes out.\n"), said.stderr
    out, error = waiting.communicate(timeout=20)
    assert (waiting.returncode, out.split(",")[0]) == (0, "house-2: done"), error
    assert f"a second person has to approve this: skerry gateway approve {desk.site.root} {held}" in error


def test_what_nobody_could_obey_is_refused_at_once(desk: Desk) -> None:
    _, error = desk.command("relay", "open").communicate(timeout=20)
    assert "house-1 is not enrolled here" in error
    desk.house()
    for words, reason in ((("relay", "ajar"), "these words do not belong"), (("reboot",), "is no command")):
        wrong = desk.command(*words)
        _, error = wrong.communicate(timeout=20)
        assert (wrong.returncode, reason in error) == (1, True), error
    unable = desk.command("limit", "0", "30")
    _, error = unable.communicate(timeout=20)
    assert (unable.returncode, "W: 0 is outside" in error) == (1, True), error
