"""Commands: golden bytes, and strictness about envelope, kind and arguments."""

import json

from firmware.wire import cbor, command, cose, es256, tariff
from firmware.wire.fields import WireError

with open("tests/vectors/command.json") as file:
    VECTORS = json.load(file)

CENTRE = es256.SoftwareSigner(bytes.fromhex(VECTORS["centre_secret"]))
SITE, METER = "isle", "home-1"
MONDAY = 1_799_625_600  # 2027-01-11, midnight UTC


def refused(call, *arguments):
    try:
        call(*arguments)
    except WireError:
        return True
    return False


def arguments_in(vector):
    """Maps have integer keys, and byte strings are hex, as JSON knows neither."""
    value = vector["arguments"]
    if isinstance(value, str):
        return bytes.fromhex(value)
    return {int(key): value[key] for key in value} if isinstance(value, dict) else value


def signed(body, site=SITE, meter=METER, type=command.TYPE):
    return cose.sign(CENTRE, site, meter, type, cbor.encode(body))


def changed(**fields):
    body = {1: 7, 2: command.RELAY, 3: [1], 4: 1_800_000_000, 5: None}
    body.update({int(key[1:]): fields[key] for key in fields})
    return signed(body)


def test_commands_are_the_golden_bytes():
    assert [vector["kind"] for vector in VECTORS["commands"]] == list(range(1, 9))
    for vector in VECTORS["commands"]:
        parts = vector["number"], vector["kind"], arguments_in(vector), vector["issued"], vector["expires"]
        assert command.issue(CENTRE, SITE, METER, *parts).hex() == vector["bytes"], vector["kind"]


def test_what_was_issued_is_read_back():
    for vector in VECTORS["commands"]:
        order = command.parse(bytes.fromhex(vector["bytes"]), SITE, METER)
        assert (order.number, order.kind, order.arguments) == (vector["number"], vector["kind"], arguments_in(vector))
        assert (order.issued, order.expires) == (vector["issued"], vector["expires"])
        assert es256.verify(CENTRE.public, order.id, order.signature)


def test_a_command_is_for_one_meter():
    data = changed()
    assert command.parse(data, SITE, METER).kind == command.RELAY
    assert refused(command.parse, data, SITE, "home-2")
    assert refused(command.parse, data, "reef", METER)
    assert refused(command.parse, signed({1: 7, 2: 2, 3: [1], 4: 0, 5: None}, type="vnd.skerry.cert"), SITE, METER)


def test_an_envelope_is_strict():
    for data in (
        changed(_1=0),
        changed(_1=1 << 63),
        changed(_2=0),
        changed(_2=256),
        changed(_4=-1),
        changed(_5=1_799_999_999),
        changed(_5=b"never"),
        changed(_6=1),
        signed({1: 7, 2: 2, 3: [1], 4: 0}),
        signed([7, 2, [1], 0, None]),
        changed(_3=bytes(command.MAX_SIZE)),
        changed() + b"\x00",
    ):
        assert refused(command.parse, data, SITE, METER), data.hex()


def test_arguments_are_strict():
    hours = [127, 0, 3600]
    for kind, decode, wrong in (
        (command.RESEND, command.resend_of, ([0, 1], [7, 3], [1], [1, 2, 3], [1, 1 << 32], None)),
        (command.RELAY, command.relay_of, ([2], [], [0, 1], 1, None)),
        (command.LIMIT, command.limit_of, ([0, 1], [1, 0], [1, 3601], [1 << 31, 1], [5], 5)),
        (command.CREDIT, command.credit_of, ([2, 1, 1], [0, -1, 1], [0, 1 << 53, 1], [0, 1, 0], [0, 1], None)),
        (
            command.TARIFF,
            command.tariff_of,
            (
                {1: 1, 2: 1, 3: 1, 4: []},
                {1: -1, 2: 1, 3: 1, 4: [], 5: None},
                {1: 1, 2: 1, 3: 1 << 53, 4: [], 5: None},
                {1: 1, 2: 1, 3: 1, 4: [hours] * 5, 5: None},
                {1: 1, 2: 1, 3: 1, 4: [[0, 0, 3600]], 5: None},
                {1: 1, 2: 1, 3: 1, 4: [[127, 86400, 3600]], 5: None},
                {1: 1, 2: 1, 3: 1, 4: [[127, 0, 86401]], 5: None},
                {1: 1, 2: 1, 3: 1, 4: [], 5: 0},
                [],
            ),
        ),
        (
            command.CONFIGURE,
            command.configuration_of,
            ({1: 49}, {1: 60001}, {2: 9}, {2: 86401}, {3: -721}, {3: 841}, {}, {4: 1}, {1: 500, 2: 1}, 500),
        ),
        (command.LOG, command.nothing_of, ([], 1, {})),
        (command.ROTATE, command.nothing_of, ([], 1, {})),
        (command.UPDATE, command.manifest_of, (b"", bytes(command.MAX_MANIFEST + 1), "text", None)),
    ):
        for arguments in wrong:
            assert refused(decode, arguments), (kind, arguments)
            assert refused(command.issue, CENTRE, SITE, METER, 7, kind, arguments, 0), (kind, arguments)


def test_no_limit_and_no_tariff_are_orders_too():
    assert command.limit_of(None) is None
    assert command.tariff_of(None) is None


def test_a_tariff_is_read_back():
    terms = tariff.Tariff(250_000, 5, 7, [(31, 64800, 21600)], 500)
    read = tariff.decode(terms.fields())
    assert read.fields() == terms.fields()
    assert (read.price, read.low, read.emergency, read.friendly, read.reduced_w) == (250_000, 5, 7, [(31, 64800, 21600)], 500)


def test_friendly_hours_of_a_day():
    terms = tariff.Tariff(1, friendly=[(0b0000001, 8 * 3600, 16 * 3600)])
    for hour, friendly in ((7, False), (8, True), (15, True), (16, False), (24 + 9, False), (7 * 24 + 9, True)):
        assert terms.is_friendly(MONDAY + hour * 3600) == friendly, hour


def test_friendly_hours_over_midnight_belong_to_the_evening():
    sunday = tariff.Tariff(1, friendly=[(0b1000000, 18 * 3600, 6 * 3600)])
    for hour, friendly in ((-7, False), (-6, True), (-1, True), (0, True), (5, True), (6, False), (18, False)):
        assert sunday.is_friendly(MONDAY + hour * 3600) == friendly, hour


def test_friendly_hours_may_be_all_day():
    for hours in ((127, 0, 86400), (127, 0, 0)):
        assert all(tariff.Tariff(1, friendly=[hours]).is_friendly(MONDAY + 3600 * hour) for hour in range(170))
