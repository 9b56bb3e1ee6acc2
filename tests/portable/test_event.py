import json

from firmware.wire import cbor, clock, cose, es256, event
from firmware.wire.fields import RangeError, WireError

with open("tests/vectors/event.json") as file:
    VECTORS = json.load(file)

METER = es256.SoftwareSigner(bytes.fromhex(VECTORS["meter_secret"]))
EVENTS = VECTORS["events"]


def detail(value):
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


def built(at, **changes):
    values = dict(EVENTS[at]["fields"])
    values["prev"] = bytes.fromhex(EVENTS[at - 1]["id"]) if at else None
    values["clock"] = clock.ClockQuality(*values["clock"])
    values["details"] = {int(key): detail(value) for key, value in values["details"].items()}
    values.update(changes)
    return event.Event(**values)


def refused(call, *arguments):
    try:
        call(*arguments)
    except (RangeError, WireError):
        return True
    return False


def body(at):
    return cbor.decode(cose.parse(bytes.fromhex(EVENTS[at]["bytes"])).payload)


def test_events_are_the_golden_bytes():
    for at, vector in enumerate(EVENTS):
        data = event.issue(METER, "isle", "home-1", built(at))
        assert data.hex() == vector["bytes"]
        statement = cose.parse(data, event.MAX_SIZE)
        assert (statement.issuer, statement.subject, statement.type) == ("isle", "home-1", event.TYPE)
        assert statement.id.hex() == vector["id"]
        assert es256.verify(METER.public, statement.id, statement.signature)
        assert event.decode(statement.payload).encode() == statement.payload


def test_a_decoded_event_says_what_was_recorded():
    said = event.decode(cose.parse(bytes.fromhex(EVENTS[1]["bytes"])).payload)
    assert (said.number, said.boot, said.prev.hex()) == (2, 1, EVENTS[0]["id"])
    assert (said.clock.source, said.clock.uncertainty_ms, said.clock.holdover_s) == (clock.GATEWAY, 40, 12)
    assert (said.time_ms, said.uptime_ms) == (1800000000123, 5123)
    assert (said.kind, said.details) == (event.CLOCK_STEP, {1: 1799999000000, 2: 1800000000120})


def test_fields_out_of_range_are_refused():
    for changes in (
        {"number": 0},
        {"number": 1},
        {"number": 1 << 32},
        {"boot": 0},
        {"prev": None},
        {"prev": b"short"},
        {"time_ms": 0},
        {"time_ms": 1_800_000_000},
        {"time_ms": None},
        {"uptime_ms": -1},
        {"kind": 0},
        {"kind": 256},
        {"clock": clock.NEVER_SET},
        {"clock": clock.ClockQuality(4, 0, 0)},
        {"clock": clock.ClockQuality(1, -1, 0)},
    ):
        assert refused(built(1, **changes).encode), changes


def test_nothing_is_dated_while_the_clock_was_never_set():
    assert refused(built(0, time_ms=1800000000000).encode)
    assert refused(built(0, clock=clock.ClockQuality(clock.NETWORK, 0, 0)).encode)


def test_details_are_small_and_plain():
    for details in (
        {0: 1},
        {-1: 1},
        {256: 1},
        {1: "x" * 257},
        {1: bytes(257)},
        {1: 1 << 63},
        {1: [1] * 17},
        {1: ["text"]},
        {1: [[1]]},
        {1: {1: 1}},
        {1: True},
        {1: "umlaut \xe4"},
        {key: key for key in range(1, 18)},
    ):
        assert refused(built(1, details=details).encode), details


def test_foreign_forms_are_refused():
    for at, value in ((1, "1"), (4, [0, 0]), (4, [0, 0, 0, 0]), (6, None), (7, "boot"), (8, []), (9, 1)):
        changed = body(1)
        changed[at] = value
        assert refused(event.decode, cbor.encode(changed)), at
    for at in range(1, 9):
        changed = body(1)
        del changed[at]
        assert refused(event.decode, cbor.encode(changed)), at


def test_a_kind_of_a_newer_meter_is_taken():
    assert event.decode(built(1, kind=200).encode()).kind == 200


def test_an_event_has_a_size():
    details = dict.fromkeys(range(1, 5), "x" * 256)
    assert refused(event.issue, METER, "isle", "home-1", built(1, details=details))


def test_a_long_silence_stays_in_its_field():
    assert clock.ClockQuality(1, 1 << 40, 1 << 40).fields() == [1, 0xFFFFFFFF, 0xFFFFFFFF]
    assert clock.decode([clock.GATEWAY, 0, 0]).fields() == [clock.GATEWAY, 0, 0]
