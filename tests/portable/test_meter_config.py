"""Configuration: what is accepted, and that every refusal names its key."""

import json

from firmware.meter.board_description import Linux
from firmware.meter.config import Config
from firmware.meter.table import ConfigError


def document():
    return {
        "site": "isle",
        "meter": "wind-1",
        "interval_s": 10,
        "rows": 5,
        "poll_ms": 500,
        "mqtt": {"host": "127.0.0.1", "port": 1883, "username": "wind-1", "password": "secret"},
        "gateway_key": "ab" * 64,
        "bus": {"kind": "tcp", "host": "127.0.0.1", "port": 15020},
        "devices": [
            {"unit": 1, "map": "sunspec", "role": "billing"},
            {"unit": 2, "map": "eastron_sdm120", "role": "auxiliary"},
        ],
        "flash": "wind-1.lfs",
    }


def refusal(change):
    """The message with which the document, after ``change``, is refused; None if it is accepted."""
    changed = json.loads(json.dumps(document()))
    change(changed)
    try:
        Config(changed)
    except ConfigError as error:
        return str(error)
    return None


def with_(**sections):
    changed = document()
    changed.update(sections)
    return changed


def put(*path_and_value):
    def change(table):
        for key in path_and_value[:-2]:
            table = table[key]
        table[path_and_value[-2]] = path_and_value[-1]

    return change


def test_a_valid_document():
    config = Config(document())
    assert (config.site, config.meter, config.interval_s, config.rows, config.poll_ms) == ("isle", "wind-1", 10, 5, 500)
    assert (config.mqtt.host, config.mqtt.port, config.mqtt.username) == ("127.0.0.1", 1883, "wind-1")
    assert (config.bus.kind, config.bus.host, config.bus.port) == ("tcp", "127.0.0.1", 15020)
    assert [(device.unit, device.map, device.billing) for device in config.devices] == [
        (1, "sunspec", True),
        (2, "eastron_sdm120", False),
    ]
    assert config.gateway_key == b"\xab" * 64


def test_a_contact_is_for_who_has_one():
    assert Config(document()).relay is None
    changed = document()
    changed["relay"] = {"output": "17"}
    relay = Config(changed).relay
    assert (relay.output, relay.feedback) == ("17", None)
    changed["relay"]["feedback"] = "27"
    assert Config(changed).relay.feedback == "27"
    assert "relay.output: is missing" in refusal(put("relay", {}))
    assert "relay.pin: is not known" in refusal(put("relay", {"output": "17", "pin": 17}))


def test_the_islands_time():
    assert Config(document()).utc_offset_min == 0
    changed = document()
    changed["utc_offset_min"] = -570
    assert Config(changed).utc_offset_min == -570
    assert "from -720 to 840" in refusal(put("utc_offset_min", 841))


def test_a_serial_bus():
    changed = document()
    changed["bus"] = {"kind": "rtu", "path": "/dev/ttyUSB0", "baud": 19200}
    bus = Config(changed).bus
    assert (bus.kind, bus.path, bus.baud) == ("rtu", "/dev/ttyUSB0", 19200)


def test_a_time_server_is_an_address():
    assert Config(document()).ntp is None
    for table, port in (({"host": "192.0.2.1"}, 123), ({"host": "192.0.2.1", "port": 1123}, 1123)):
        ntp = Config(with_(ntp=table)).ntp
        assert (ntp.host, ntp.port) == ("192.0.2.1", port)
    for table, named in (
        ({}, "ntp.host: is missing"),
        ({"host": "pool.ntp.org"}, "ntp.host: an IPv4 address"),
        ({"host": "192.0.2.256"}, "ntp.host: an IPv4 address"),
        ({"host": "192.0.2"}, "ntp.host: an IPv4 address"),
        ({"host": "192.0.2."}, "ntp.host: an IPv4 address"),
        ({"host": "192.0.2.1", "port": 0}, "ntp.port: "),
        ({"host": "192.0.2.1", "key": 1}, "ntp.key: is not known"),
    ):
        assert named in refusal(put("ntp", table))


def test_a_linux_board_may_have_no_clock():
    assert Linux(Config(document()).board).clock
    assert not Linux(Config(with_(board={"clock": False})).board).clock
    for wrong in ({"clock": 0}, {"clock": True, "led": 2}):
        named = ""
        try:
            Linux(Config(with_(board=wrong)).board)
        except ConfigError as error:
            named = str(error)
        assert named.startswith("board."), wrong


def test_a_missing_key_is_named():
    for key in document():
        assert refusal(lambda table, key=key: table.pop(key)).startswith(key + ": ")
    assert refusal(lambda table: table["mqtt"].pop("port")).startswith("mqtt.port: ")
    assert refusal(lambda table: table["devices"][1].pop("map")).startswith("devices[1].map: ")


def test_an_unknown_key_is_named():
    assert refusal(put("interval", 10)).startswith("interval: is not known")
    assert refusal(put("bus", "baud", 9600)).startswith("bus.baud: is not known")
    assert refusal(put("devices", 0, "name", "x")).startswith("devices[0].name: is not known")


def test_wrong_values_are_refused():
    for change in (
        put("site", "Isle"),
        put("meter", ""),
        put("meter", 7),
        put("interval_s", 0),
        put("interval_s", 10.0),
        put("interval_s", True),
        put("interval_s", 86401),
        put("rows", 61),
        put("rows", 3),
        put("rows", True),
        put("poll_ms", 10),
        put("gateway_key", "ab" * 63),
        put("gateway_key", "xy" * 64),
        put("mqtt", "port", 65536),
        put("mqtt", "host", ""),
        put("mqtt", []),
        put("bus", "kind", "usb"),
        put("bus", {"kind": "rtu", "path": "/dev/ttyUSB0", "baud": 12345}),
        put("devices", []),
        put("devices", [document()["devices"][0]] * 9),
        put("devices", 1, "unit", 1),
        put("devices", 1, "unit", 248),
        put("devices", 1, "role", "billing"),
        put("devices", 0, "role", "auxiliary"),
        put("devices", 0, "role", "main"),
        put("devices", 0, "map", "../secret"),
        put("devices", 0, "map", 7),
        put("flash", ""),
    ):
        assert refusal(change)


def test_the_document_must_be_an_object():
    for wrong in ([], None, "x", 1):
        try:
            Config(wrong)
        except ConfigError:
            continue
        raise AssertionError(wrong)


def test_a_refusal_shows_no_password():
    assert "secret" not in refusal(put("mqtt", "password", ["secret"]))


CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def test_tls_is_two_certificates():
    changed = document()
    changed["mqtt"]["tls"] = {"ca": CERTIFICATE, "cert": CERTIFICATE + "x"}
    tls = Config(changed).mqtt.tls
    assert (tls.ca, tls.certificate) == (CERTIFICATE.encode(), CERTIFICATE.encode() + b"x")
    assert Config(document()).mqtt.tls is None


def test_half_a_tls_section_is_refused():
    assert "mqtt.tls.cert: is missing" in refusal(put("mqtt", "tls", {"ca": CERTIFICATE}))
    assert "mqtt.tls.key: is not known" in refusal(put("mqtt", "tls", {"ca": CERTIFICATE, "cert": CERTIFICATE, "key": "x"}))
    assert "mqtt.tls.ca: a certificate" in refusal(put("mqtt", "tls", {"ca": "ca.pem", "cert": CERTIFICATE}))


def test_a_client_certificate_makes_an_account_unnecessary_but_not_half_of_one():
    changed = document()
    changed["mqtt"] = {"host": "127.0.0.1", "port": 8883, "tls": {"ca": CERTIFICATE, "cert": CERTIFICATE}}
    mqtt = Config(changed).mqtt
    assert (mqtt.username, mqtt.password) == (None, None)
    changed["mqtt"]["username"] = "wind-1"
    assert "mqtt.password: is missing" in refusal(put("mqtt", changed["mqtt"]))
    del changed["mqtt"]["tls"]
    del changed["mqtt"]["username"]
    assert "mqtt.username: is missing" in refusal(put("mqtt", changed["mqtt"]))
