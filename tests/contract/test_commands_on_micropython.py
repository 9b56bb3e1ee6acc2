"""A household's meter on MicroPython with a contact: commands, prepayment, and the power that goes at the wrong moment."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.meter.credit import EXHAUSTED, LOW, OK
from firmware.meter.relay import CLOSED, OPEN
from firmware.wire import command, cose, event, topics
from firmware.wire.tariff import Tariff
from gateway.core.commands import CommandDesk
from hil.plant.island import Reading
from tests.contract.meter_bench import GATEWAY, SITE, STRANGER, Bench, Device, until

HUT = "hut-21"  # comes back 0.6 s after its credit
W = 72_000
WH_PER_S = 20
MICRO_PER_WH = 1000
DONE = 0


class Household(Device):
    """A SunSpec meter behind a contact: a file that says 1 for closed."""

    def __init__(self, contact: Path) -> None:
        self._contact = contact
        self._counting = threading.Lock()
        self._watt_seconds = 0.0
        self._counted_at = time.monotonic()
        super().__init__()

    @property
    def w(self) -> int:
        return W if self._contact.read_text() == "1" else 0

    def register(self) -> int:
        with self._counting:
            now = time.monotonic()
            self._watt_seconds += self.w * (now - self._counted_at)
            self._counted_at = now
            return int(self._watt_seconds / 3600)

    def image(self) -> list[int]:
        reading = Reading(w=self.w, import_wh=self.register(), export_wh=0, dv=2300, mhz=50000, soc=None)
        return self.device.image(reading)


class Home(Bench):
    """The household's meter, and a gateway that commands it."""

    def __init__(self, folder: Path, bus: dict[str, str | int], contact: Path) -> None:
        super().__init__(folder, bus, HUT)
        self.contact = contact
        self.desk = CommandDesk(GATEWAY, SITE)
        document = json.loads(self.config.read_text())
        document["relay"] = {"output": str(contact), "feedback": str(contact)}
        self.config.write_text(json.dumps(document))
        self.public = bytes.fromhex(json.loads(self.identity().stdout)["public"])

    @property
    def is_closed(self) -> bool:
        return self.contact.read_text() == "1"

    def issue(self, kind: int, arguments: object) -> bytes:
        return self.desk.issue(HUT, kind, arguments, int(time.time()))

    def send(self, data: bytes) -> bytes:
        """Publish a command; its id."""
        self.client.publish(topics.down(SITE, HUT, "cmd"), data, 1)
        return cose.parse(data).id

    def order(self, kind: int, arguments: object) -> None:
        """Command the meter, and see that it is done."""
        answers = self.insist(self.issue(kind, arguments))
        assert answers, self.log()
        assert answers[0][2] == DONE

    def bodies(self, kind: int) -> list[dict[int, object]]:
        """Details of the events of one kind, in order; all events are one chain, signed by the meter. None while one misses."""
        whole = sorted(self.events) == list(range(1, len(self.events) + 1))
        return [body.details for body in self.check_events(self.public) if body.kind == kind] if whole else []

    def answers(self, id: bytes) -> list[dict[int, object]]:
        return [details for details in self.bodies(event.COMMAND) if details[1] == id]

    def insist(self, data: bytes) -> list[dict[int, object]]:
        """Send the same command until it is answered; the answers."""
        id = cose.parse(data).id
        for _ in range(50):
            if self.answers(id):
                break
            self.send(data)
            time.sleep(0.2)
        return self.answers(id)

    def credit_states(self) -> list[object]:
        return [details[1] for details in self.bodies(event.CREDIT)]

    def contact_states(self) -> list[object]:
        return [details[1] for details in self.bodies(event.CONTACT)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    contact = tmp_path / "contact"
    contact.write_text("1")
    device = Household(contact)
    home = Home(tmp_path, device.buses["tcp"], contact)
    home.start_meter()
    assert until(lambda: home.received), home.log()
    yield home
    home.close()
    device.close()


def test_the_contact_obeys_the_gateway_and_nobody_else(home: Home) -> None:
    forged = CommandDesk(STRANGER, SITE).issue(HUT, command.RELAY, [0], int(time.time()))
    home.send(forged)
    assert until(lambda: "not the gateway's" in home.log())
    opening = home.issue(command.RELAY, [0])
    id = home.send(opening)
    assert until(lambda: home.answers(id)), home.log()
    assert home.answers(id) == [{1: id, 2: DONE, 3: 0, 4: 0, 5: ""}]
    home.order(command.RELAY, [1])
    assert home.is_closed
    home.send(opening)
    assert until(lambda: "is a replay" in home.log())
    home.order(command.CONFIGURE, {command.POLL_MS: 60})
    assert home.is_closed
    assert len(home.answers(id)) == 1
    assert until(lambda: home.contact_states() == [OPEN, CLOSED])


def test_the_log_comes_in_pieces_and_settings_hold_across_a_power_cut(home: Home) -> None:
    home.order(command.CONFIGURE, {command.HEALTH_S: 10, command.POLL_MS: 300})
    home.kill("meter")
    home.start_meter()
    assert until(lambda: home.states and home.states[-1].get("boot") == 2)
    home.order(command.LOG, None)
    assert until(lambda: home.log_pieces and home.log_pieces[-1][0] == home.log_pieces[-1][1] - 1), home.log()
    assert [number for number, _, _ in home.log_pieces] == list(range(home.log_pieces[0][1]))
    said = b"".join(data for _, _, data in home.log_pieces).decode()
    assert "hut-21 boot 2 " in said
    assert said in home.log()
    assert until(lambda: sum(health.boot == 2 for health in home.health) > 1, 14), "none 10 s after the first"


def test_a_command_is_obeyed_once_and_answered_whenever_the_meter_dies(home: Home) -> None:
    amount, expected = 1_000_000, 0
    for cut, delay in enumerate((0.0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.3)):
        top_up = home.issue(command.CREDIT, [command.ADD, amount, cut + 1])
        home.send(top_up)
        time.sleep(delay)
        home.kill("meter")
        home.start_meter()
        expected += amount
        assert {answer[2] for answer in home.insist(top_up)} == {DONE}, home.log()
    home.order(command.TARIFF, Tariff(0, low=expected).fields())
    assert until(lambda: home.bodies(event.CREDIT)), home.log()
    assert home.bodies(event.CREDIT) == [{1: LOW, 2: expected}]


def test_a_prepaid_household_runs_out_with_the_gateway_away(home: Home) -> None:
    home.order(command.CREDIT, [command.SET, 4 * WH_PER_S * MICRO_PER_WH, 1])
    home.order(command.TARIFF, Tariff(1000 * MICRO_PER_WH, low=2 * WH_PER_S * MICRO_PER_WH).fields())
    home.kill("broker")
    assert until(lambda: not home.is_closed, 15), home.log()
    home.kill("meter")
    home.start_meter()
    time.sleep(2)
    assert not home.is_closed
    home.start_broker()
    assert until(lambda: home.credit_states() == [LOW, EXHAUSTED] and home.contact_states() == [OPEN], 15), home.log()
    home.order(command.CREDIT, [command.ADD, 1 << 40, 2])
    assert until(lambda: home.is_closed), home.log()
    assert until(lambda: home.contact_states() == [OPEN, CLOSED]), home.log()
    assert home.credit_states() == [LOW, EXHAUSTED, OK]
    assert home.bodies(event.CONTACT)[-1] == {1: CLOSED, 2: W, 3: ""}
    assert until(home.settled, 15)
    bodies = home.check_chain(home.public)
    spent = 4 * WH_PER_S - home.bodies(event.CREDIT)[1][2] // MICRO_PER_WH  # type: ignore[operator]
    assert spent in range(4 * WH_PER_S, bodies[-1].closing[0] + 1)
