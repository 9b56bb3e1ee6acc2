"""The bus master on MicroPython, on a serial line at its real pace: how well it uses the line, and who suffers for whom."""

from collections.abc import Iterator
from threading import Timer

import pytest

from hil.devices.registers import MappedDevice
from hil.faults.bus import BusKind
from hil.links.paced import PacedLine
from hil.links.slaves import Slaves
from tools.bench_bus import measure, run_master, station

pytestmark = pytest.mark.paced

METER = "eastron_sdm120"
# those that keep a request waiting until its time is up
LONG = {BusKind.SILENCE: "timeout", BusKind.DELAY: "timeout", BusKind.TRUNCATED: "timeout", BusKind.UNIT: "unit"}
SHORT = {
    BusKind.CRC: "crc",
    BusKind.FUNCTION: "function",
    BusKind.LENGTH: "length",
    BusKind.EXCEPTION: "exception",
    BusKind.NONSENSE: "nonsense",
}
UNITS = range(1, len(SHORT) + 3)


@pytest.fixture
def bus() -> Iterator[tuple[PacedLine, Slaves]]:
    slaves = Slaves([station(unit, MappedDevice(METER)) for unit in UNITS])
    line = PacedLine(115_200, slaves.answer)
    yield line, slaves
    line.close()


@pytest.mark.parametrize("baud", [9_600, 115_200])
def test_the_line_is_used_nine_tenths_of_the_time(baud: int) -> None:
    efficiency = 0.0
    for _ in range(3):  # other processes may have disturbed one
        figures = measure(baud, 2.0)
        assert figures.errors == 0
        # never less silence than the standard asks for
        assert figures.silence_us >= (4010 if baud == 9_600 else 1750)
        efficiency = max(efficiency, figures.efficiency)
        if efficiency >= 0.9:
            break
    assert efficiency >= 0.9


@pytest.mark.parametrize("fault", LONG)
def test_a_device_that_keeps_the_line_waiting_starves_nobody(bus: tuple[PacedLine, Slaves], fault: BusKind) -> None:
    line, slaves = bus
    slaves.faults[2] = fault
    first, faulty, last = run_master(line, 4.5, dict.fromkeys((1, 2, 3), METER))["devices"]
    assert (faulty["readings"], faulty["status"], faulty["errors"]) == (0, LONG[fault], {LONG[fault]: 3})
    for healthy in (first, last):
        assert healthy["errors"] == {}
        # three seconds were spent waiting; in what is left a round takes about 40 ms
        assert healthy["readings"] > 12


def test_every_wrong_answer_is_counted_as_what_it_is(bus: tuple[PacedLine, Slaves]) -> None:
    line, slaves = bus
    slaves.faults.update(zip(UNITS[1:], SHORT, strict=False))
    first, *faulty, last = run_master(line, 1.5, dict.fromkeys(UNITS, METER))["devices"]
    assert [device["status"] for device in faulty] == list(SHORT.values())
    for device in faulty:
        assert device["readings"] == 0
        assert list(device["errors"]) == [device["status"]]
        # whoever talks nonsense costs the line no more than any other, so it is not left alone
        assert device["errors"][device["status"]] == 3 or device["status"] == "nonsense"
    for healthy in (first, last):
        assert healthy["errors"] == {}
        assert healthy["readings"] > 5


def test_a_device_that_heals_is_read_again(bus: tuple[PacedLine, Slaves]) -> None:
    line, slaves = bus
    slaves.faults[2] = BusKind.CRC
    healing = Timer(1.0, slaves.faults.clear)
    healing.start()
    _, healed = run_master(line, 3.0, dict.fromkeys((1, 2), METER))["devices"]
    healing.join()
    assert (healed["status"], healed["errors"]) == ("ok", {"crc": 3})
    assert healed["readings"] > 5
