"""The course of a scan, on lines that take no time."""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

import pytest

from firmware.wire.fields import RangeError
from firmware.wire.modbus import RtuRead, TcpRead
from hil.devices import sunspec
from hil.devices.device import Device
from hil.devices.registers import MappedDevice
from hil.faults.bus import BusKind, Piece
from hil.links.replayed import ReplayedBus
from hil.links.slaves import Slaves
from tools.bench_bus import station
from tools.meter.errors import PortError
from tools.meter.scan import ports, report
from tools.meter.scan.candidates import Candidate, Fact, matching
from tools.meter.scan.course import ALL_UNITS, FULL, QUICK, SETTINGS, Course
from tools.meter.scan.frame_log import FrameLog
from tools.meter.scan.question import End, Heard, Question, Setting
from tools.meter.scan.run import Stop, run

BATTERY = [sunspec.common("battery", "B-7", 5), sunspec.storage(60_000, 30_000), sunspec.meter("ABC", 30_000)]
LINE = Setting(19200, "E")


class Bus:
    """Devices behind a port; `faults` by unit id. It remembers every frame that left."""

    def __init__(self, devices: Mapping[int, Device], faults: Mapping[int, BusKind] | None = None, late: int = 0) -> None:
        self.slaves = Slaves([station(unit, device) for unit, device in devices.items()], faults)
        self.sent: list[bytes] = []
        self._late, self._owed = late, list[Piece]()
        self.ends_after = 10**9

    def ask(self, question: Question) -> tuple[bytes, bytes, Heard]:
        if len(self.sent) >= self.ends_after:
            raise PortError("the adapter is gone")
        request = RtuRead(question.unit, question.function, question.address, question.count)
        self.sent.append(request.request)
        pieces = self.slaves.answer(request.request) if question.setting == LINE else []
        if pieces and question.unit == self._late and question.wait_s < 1:
            pieces, self._owed = [], pieces
        elif self._owed:
            pieces, self._owed = self._owed, []
        stream = b"".join(piece.data for piece in pieces)

        def receive(count: int, _seconds: float) -> bytes:
            nonlocal stream
            data, stream = stream[:count], stream[count:]
            return data

        return request.request, *ports.listen(request, receive, monotonic() + (0.0005 if stream else 0))


def scanned(bus: Bus, *stages: str) -> Course:
    course = Course(True, stages or (QUICK,))
    assert run(course, bus, None, lambda _: None) is None
    return course


def maps(course: Course) -> dict[int, list[str]]:
    return {found.unit: [c.map for c in matching(found.identity.candidates)] for found in course.state.found}


MAPPED = sorted(path.stem for path in (Path(ports.__file__).parents[3] / "firmware" / "maps").glob("*.json"))


@pytest.mark.parametrize("name", MAPPED)
def test_each_known_map_is_recognised(name: str) -> None:
    found = maps(scanned(Bus({1: MappedDevice(name)})))
    assert name in found[1]
    assert len(found[1]) == 1 or name.startswith("victron_gx"), found


def test_rate_and_parity_are_found_and_all_others_left_alone() -> None:
    course = scanned(Bus({1: MappedDevice("eastron_sdm120"), 100: MappedDevice("eastron_sdm630")}), QUICK, FULL)
    assert maps(course) == {1: ["eastron_sdm120"], 100: ["eastron_sdm630"]}
    assert {found.setting for found in course.state.found} == {LINE}
    assert course.total == len(ALL_UNITS)


def test_sunspec_is_identified_by_its_own_words() -> None:
    course = scanned(Bus({5: sunspec.SunSpecDevice(BATTERY)}))
    identity = course.state.found[0].identity
    assert [model.number for model in identity.models] == [1, 802, 203]
    assert identity.stopped == ""
    assert identity.nameplate == {"manufacturer": "skerry-rig", "model": "battery", "version": "1", "serial": "B-7"}
    assert maps(course) == {5: ["sunspec"]}
    best = identity.candidates[0]
    assert best.reading is not None
    assert best.reading["soc"] == 512


def test_a_unit_that_nobody_expects_is_found_by_the_full_scan_only() -> None:
    bus = {77: MappedDevice("eastron_sdm120")}
    assert maps(scanned(Bus(bus))) == {}
    assert maps(scanned(Bus(bus), QUICK, FULL)) == {77: ["eastron_sdm120"]}


def test_a_device_that_answers_late_is_found_all_the_same() -> None:
    bus = Bus({1: MappedDevice("growatt_mid"), 2: MappedDevice("eastron_sdm120")}, late=2)
    assert maps(scanned(bus)) == {1: ["growatt_mid"], 2: ["eastron_sdm120"]}


@pytest.mark.parametrize("fault", [fault for fault in BusKind if fault not in (BusKind.DELAY, BusKind.SPLIT)])
def test_whatever_a_device_answers_the_scan_goes_on_and_only_reads(fault: BusKind) -> None:
    bus = Bus(
        {1: MappedDevice("eastron_sdm120"), 2: sunspec.SunSpecDevice(BATTERY), 3: MappedDevice("growatt_mid")}, {2: fault}
    )
    found = maps(scanned(bus))
    assert (found[1], found[3]) == (["eastron_sdm120"], ["growatt_mid"])
    assert {frame[1] for frame in bus.sent} == {3, 4}
    assert all(len(frame) == 8 for frame in bus.sent)


def test_it_says_at_which_register_the_search_stopped_and_why() -> None:
    device = sunspec.SunSpecDevice(BATTERY)
    device._still = device._still[:-4]  # the chain has no end
    found = scanned(Bus({1: device})).state.found[0]
    end = 40_000 + len(device._still) // 2
    assert found.identity.stopped == f"the model header at {end} cannot be read"
    disturbed = scanned(Bus({1: MappedDevice("eastron_sdm120")}, {1: BusKind.EXCEPTION})).state.found[0].identity
    reasons = {candidate.map: candidate.against for candidate in disturbed.candidates}
    assert reasons["huawei_luna2000"] == "function 3, register 37760: exception 4: the device failed while it read"


def test_an_aborted_scan_goes_on_where_it_was() -> None:
    devices = {1: MappedDevice("eastron_sdm120"), 3: MappedDevice("growatt_mid"), 99: MappedDevice("eastron_sdm630")}
    whole = Bus(devices)
    expected = maps(scanned(whole, QUICK, FULL))
    for cut in range(1, len(whole.sent), 113):
        first = Bus(devices)
        first.ends_after = cut
        course = Course(True)
        stop = run(course, first, None, lambda _: None)
        assert stop == Stop(stop.place if stop else "", "the adapter is gone")
        second = Bus(devices)
        course = Course(True, state=course.state)
        assert run(course, second, None, lambda _: None) is None
        assert maps(course) == expected
        # what was done is not done again, but for the device at which it stopped
        assert len(first.sent) + len(second.sent) < len(whole.sent) + 60


def test_a_device_that_refuses_the_holes_between_its_registers_is_read_without_them() -> None:
    bus = Bus({1: MappedDevice("eastron_sdm120")})
    whole = bus.slaves.answer
    refusal = [Piece(bytes([1, 0x84, 2, 0xC2, 0xC1]))]
    bus.slaves.answer = lambda request: refusal if request[5] > 6 and request[0] == 1 else whole(request)  # type: ignore[method-assign]
    assert maps(scanned(bus)) == {1: ["eastron_sdm120"]}


def test_the_place_is_named() -> None:
    bus = Bus({})
    bus.ends_after = 1
    stop = run(Course(True), bus, None, lambda _: None)
    assert stop == Stop(f"quick scan, unit 1 at {SETTINGS[1]}", "the adapter is gone")


def test_a_gateway_without_a_path_is_no_device() -> None:
    course = Course(False, (QUICK,))
    questions = course.questions()
    question = next(questions)
    units = set()
    try:
        while True:
            units.add(question.unit)
            question = questions.send(Heard(End.REFUSED, code=11))
    except StopIteration:
        pass
    assert course.state.found == []
    assert 247 in units


def test_maps_that_fit_alike_stay_open() -> None:
    a, b, c = (Candidate(name, name, "", (Fact(points, ""),)) for name, points in (("a", 9), ("b", 8), ("c", 7)))
    assert [candidate.map for candidate in matching([c, b, a])] == ["a", "b"]
    assert matching([Candidate("z", "z", "", (Fact(3, ""),))]) == ()
    assert matching([]) == ()


@pytest.mark.parametrize("function", [f for f in range(256) if f not in (3, 4)])
def test_no_request_can_be_made_that_writes(function: int) -> None:
    with pytest.raises(RangeError):
        RtuRead(1, function, 0, 1)
    with pytest.raises(RangeError):
        TcpRead(1, 1, function, 0, 1)


def test_only_such_requests_are_ever_sent() -> None:
    """By the code: two places send, and both send a request of the codec's."""
    sent = []
    for path in sorted(Path(ports.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                target = ast.unparse(node.func)
                if target.endswith((".send", ".sendall", ".sendto", ".write")) and "_file" not in target:
                    sent.append((path.name, ast.unparse(node)))
    sent = [entry for entry in sent if entry[0] not in ("identify.py", "run.py")]
    assert sent == [
        ("ports.py", "self._port.write(request.request)"),
        ("ports.py", "line.sendall(request.request)"),
    ]


def test_the_log_answers_again_what_the_line_answered(tmp_path: Path) -> None:
    path = tmp_path / "frames.jsonl"
    first, again = Course(True, (QUICK,)), Course(True, (QUICK,))
    with FrameLog(path, "/dev/ttyUSB0", "rtu") as log:
        assert run(first, Bus({3: MappedDevice("growatt_mid")}), log, lambda _: None) is None
    _, *exchanges = map(json.loads, path.read_text().splitlines())
    bus = Bus({})
    bus.slaves.answer = ReplayedBus(path, str(LINE)).answer  # type: ignore[method-assign]
    assert run(again, bus, None, lambda _: None) is None
    assert maps(first) == {3: ["growatt_mid"]}
    assert again.state == first.state
    assert len(exchanges) == len(bus.sent)


def test_json_has_the_reasons() -> None:
    course = scanned(Bus({1: MappedDevice("eastron_sdm120")}))
    document = json.loads(report.as_json(course, None))
    (device,) = document["devices"]
    assert device["maps"] == ["eastron_sdm120"]
    assert device["setting"] == {"baud": 19200, "parity": "E"}
    best, second = device["identity"]["candidates"][:2]
    assert best["points"] >= second["points"] + 2
    assert "a mains voltage" in json.dumps(best["facts"])
    assert document["stopped"] is None
