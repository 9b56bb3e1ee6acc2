"""A real meter process on MicroPython: real Modbus, a real broker, and a gateway played by the test."""

import json
import os
import subprocess
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from firmware.hal.block_file import BLOCK_SIZE
from firmware.meter import record
from firmware.wire import command, cose, enrolment, es256, event, topics
from firmware.wire.fields import u32
from tests.contract.meter_bench import (
    GATEWAY,
    METER,
    MICROPYTHON,
    ROOT,
    SITE,
    START_WH,
    STRANGER,
    WH_PER_S,
    Bench,
    Device,
    until,
)


@pytest.fixture
def bench(tmp_path: Path, device: Device) -> Iterator[Bench]:
    bench = Bench(tmp_path, device.buses["tcp"])
    yield bench
    bench.close()


@pytest.fixture
def public(bench: Bench) -> bytes:
    return bytes.fromhex(json.loads(bench.identity().stdout)["public"])


def test_the_identity_is_made_once_and_proves_itself(bench: Bench) -> None:
    first, second = bench.identity(), bench.identity()
    assert first.stdout == second.stdout
    printed = json.loads(first.stdout)
    statement = cose.parse(bytes.fromhex(printed["request"]))
    key = enrolment.public_of(statement)
    assert (printed["meter"], printed["public"]) == (METER, key.hex())
    assert es256.verify(key, statement.id, statement.signature)


def test_a_flash_has_one_user(bench: Bench) -> None:
    bench.start_meter()
    assert until(lambda: bench.received)
    refused = bench.identity()
    assert refused.returncode == 1
    assert "already running" in refused.stdout


def test_a_wrong_configuration_is_refused_in_words(bench: Bench) -> None:
    bench.config.write_text(bench.config.read_text().replace('"rows": 1', '"rows": 0'))
    refused = bench.identity()
    assert refused.returncode == 2
    assert "rows: a whole number from 1 to 60" in refused.stdout


@pytest.mark.parametrize("kind", ["tcp", "rtu"])
def test_a_kilowatt_hour_on_either_line(tmp_path: Path, device: Device, kind: str) -> None:
    bench = Bench(tmp_path, device.buses[kind])
    try:
        key = bytes.fromhex(json.loads(bench.identity().stdout)["public"])
        bench.start_meter()
        assert until(lambda: len(bench.received) >= 3 and bench.settled()), bench.log()
        end = device.register()
        bodies = bench.check_chain(key)
        # or pulling the adapter's plug would end the meter
        assert bench.terminal() == 0
    finally:
        bench.close()
    assert START_WH <= bodies[0].opening[0] < bodies[-1].closing[0] <= end
    assert bodies[1].closing[0] - bodies[1].opening[0] in range(WH_PER_S * 7 // 10, WH_PER_S * 13 // 10)
    assert bodies[1].rows[0][1:4] == (0, 72_000, 2300)
    assert (bodies[1].status, bodies[1].dt, bodies[2].seen and bodies[2].seen[0]) == (0, 1, 1)
    assert bench.states[-1]["soc"] is None
    assert bench.states[-1]["bus_errors"] == 0


def test_half_a_reply_does_not_stop_the_meter(tmp_path: Path) -> None:
    device, line = os.openpty()
    tty.setraw(line)
    bench = Bench(tmp_path, {"kind": "rtu", "path": os.ttyname(line), "baud": 115200})

    def answer_by_halves() -> None:
        with suppress(OSError):
            while request := os.read(device, 256):
                os.write(device, request[:2])

    answering = threading.Thread(target=answer_by_halves)
    answering.start()
    try:
        bench.start_meter()
        assert until(lambda: bench.states and bench.states[-1].get("bus_errors")), bench.log()
        assert "timeout" in bench.log()
    finally:
        bench.close()
        os.close(line)
        answering.join()
        os.close(device)


def test_power_cuts_lose_and_repeat_nothing(bench: Bench, device: Device, public: bytes) -> None:
    bench.answering = False
    for cut, delay in enumerate((0.25, 0.6, 1.05, 1.3, 0.9, 2.1)):
        bench.answering = cut >= 3
        bench.start_meter()
        time.sleep(delay)
        bench.kill("meter")
    bench.answering = True
    bench.start_meter()
    # a meter that owes nothing says so before its first certificate
    assert until(lambda: bench.settled() and bench.newest().boot == cut + 2), bench.log()
    bodies = bench.check_chain(public)
    assert len({body.boot for body in bodies}) > 1
    assert device.register() - bodies[-1].closing[0] < 3 * WH_PER_S
    assert until(lambda: bench.events and max(bench.events) == len(bench.events)), bench.log()
    events = bench.check_events(public)
    assert {body.kind for body in events} == {event.BOOT}
    boots = [body.boot for body in events]
    assert boots == sorted(set(boots))
    assert boots[-1] == bodies[-1].boot
    assert events[-1].details == {1: "start", 2: 0}


def test_certificates_come_again_until_their_receipt(bench: Bench, public: bytes) -> None:
    bench.answering = False
    bench.start_meter()
    assert until(lambda: len(bench.received.get(1, ())) >= 2), bench.log()
    bench.answer(1, STRANGER)
    assert until(lambda: "refused: receipt" in bench.log())
    assert bench.states[-1]["receipted"] == 0
    bench.answering = True
    bench.answer(1)
    assert until(bench.settled), bench.log()
    bench.check_chain(public)


def test_the_gateway_can_ask_again(bench: Bench) -> None:
    bench.answering = False
    bench.start_meter()
    assert until(lambda: 1 in bench.received)
    before = len(bench.received[1])
    bench.client.publish(topics.down(SITE, METER, "cmd"), command.issue(GATEWAY, SITE, METER, 1, command.RESEND, [1, 1], 0), 1)
    assert until(lambda: len(bench.received[1]) > before, within_s=1.5), bench.log()


def test_the_broker_may_die(bench: Bench, public: bytes) -> None:
    bench.start_meter()
    assert until(lambda: len(bench.received) >= 1)
    bench.kill("broker")
    time.sleep(2.2)
    assert bench.processes["meter"].poll() is None
    bench.start_broker()
    assert until(lambda: len(bench.received) >= 4 and bench.settled()), bench.log()
    bench.check_chain(public)
    assert "boot 2" not in bench.log()


def test_the_meter_says_how_it_is_doing(bench: Bench) -> None:
    bench.start_meter()
    assert until(lambda: bench.health), bench.log()
    health = bench.health[0]
    assert (health.boot, health.reset, health.rssi, health.refused, health.link_error) == (1, "start", None, 0, "")
    assert [(one.unit, one.errors) for one in health.bus] == [(1, {})]
    assert 20_000 < health.heap_free < 1 << 20
    assert 0 <= health.store_percent < 10
    assert health.uptime_s < 8


def test_the_last_will_says_that_the_meter_is_gone(bench: Bench) -> None:
    bench.start_meter()
    assert until(lambda: bench.states)
    bench.kill("meter")
    assert until(lambda: bench.states[-1] == {"online": False})


def test_no_secret_is_logged(bench: Bench) -> None:
    bench.start_meter()
    assert until(lambda: bench.received)
    assert "secret" not in bench.log()


def flip_in_data_blocks(flash: Path, statement: bytes) -> None:
    """Lose a bit of a statement in blocks that begin with a segment's first record: none of LittleFS's own."""
    content = bytearray(flash.read_bytes())
    for block in range(0, len(content), BLOCK_SIZE):
        begins_a_segment = content[block + 3 : block + record.HEAD] == u32(1)
        start = content.find(statement, block, block + BLOCK_SIZE)
        if begins_a_segment and start >= 0:
            content[start] ^= 1
    flash.write_bytes(content)


def test_a_damaged_certificate_is_reported_and_stays_in_the_debt(bench: Bench) -> None:
    bench.answering = False
    bench.start_meter()
    assert until(lambda: 4 in bench.received)  # a smaller file LittleFS keeps among its own
    bench.kill("meter")
    sent = len(bench.received[1])
    flip_in_data_blocks(bench.folder / "wind-1.lfs", bench.received[1][0])
    bench.answering = True
    bench.start_meter()
    assert until(lambda: "flash: 1 damaged" in bench.log()), bench.log()
    assert until(lambda: bench.states[-1].get("pending") == 1), bench.log()
    assert len(bench.received[1]) == sent


def test_the_store_keeps_its_word_at_every_flash_operation() -> None:
    script = [str(MICROPYTHON), "-X", "heapsize=64M", "-m", "tests.contract.flash_power_cut"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines()[-1].startswith("cuts"), done.stdout + done.stderr
