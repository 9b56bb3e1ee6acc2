"""A meter's configuration: JSON, checked strictly, so that a slip stops the installation and not the billing.

Every key is required unless it has a default here; a key that is not known is an error.
"""

from ..wire import sntp
from .table import ConfigError, Table

BAUDS = (9600, 19200, 38400, 57600, 115200)
MAX_DEVICES = 8
_HEX = "0123456789abcdef"


class Device:
    """A Modbus device: ``unit`` id 0..247, ``map`` is ``sunspec`` or a file's name in ``maps``."""

    __slots__ = ("billing", "map", "unit")

    def __init__(self, unit: int, map: str, billing: bool) -> None:
        self.unit = unit
        self.map = map
        self.billing = billing


class Bus:
    """Where the devices are. ``kind`` "tcp": host and port; "rtu": path of the line and its baud rate."""

    __slots__ = ("baud", "host", "kind", "path", "port")

    def __init__(self, kind: str, host: str = "", port: int = 0, path: str = "", baud: int = 0) -> None:
        self.kind = kind
        self.host = host
        self.port = port
        self.path = path
        self.baud = baud


class Tls:
    """``ca``: who signed the broker's certificate; ``certificate``: the answer to this meter's request. Both in PEM."""

    __slots__ = ("ca", "certificate")

    def __init__(self, ca: bytes, certificate: bytes) -> None:
        self.ca = ca
        self.certificate = certificate


class Broker:
    """The MQTT broker and this meter's account there; ``tls`` is None on a line that nobody else can reach.

    ``username`` and ``password`` are None where the certificate in ``tls`` says who we are.
    """

    __slots__ = ("host", "password", "port", "tls", "username")

    def __init__(self, host: str, port: int, username: "str | None", password: "str | None", tls: "Tls | None" = None) -> None:
        self.host = host
        self.port = port
        self.username = username
        self.password = password
        self.tls = tls


class Relay:
    """The contact that connects the supply: the line that drives it, and the one on which it answers, None without."""

    __slots__ = ("feedback", "output")

    def __init__(self, output: str, feedback: "str | None") -> None:
        self.output = output
        self.feedback = feedback


class TimeServer:
    """An SNTP server: IPv4 address and UDP port."""

    __slots__ = ("host", "port")

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port


class Config:
    """A whole configuration, valid.

    Attributes:
        site, meter: ids, see wire.topics.is_id.
        interval_s: length of an interval, 1..86,400 s, a multiple of ``rows`` (1..60).
        poll_ms: pause between two polls, 50..60,000 ms.
        gateway_key: public key whose receipts free a certificate, 64 bytes X || Y.
        devices: one of them is billing.
        flash: path of the flash file.
        relay: None for a meter that cannot switch.
        ntp: whom to ask for the time besides the gateway; None for nobody.
        board: what the board is like, unchecked: see board_description; None if nothing is said.
        utc_offset_min: minutes that local time is ahead of UTC, -720..840.
    """

    __slots__ = (
        "board",
        "bus",
        "devices",
        "flash",
        "gateway_key",
        "interval_s",
        "meter",
        "mqtt",
        "ntp",
        "poll_ms",
        "relay",
        "rows",
        "site",
        "utc_offset_min",
    )

    def __init__(self, document: object) -> None:
        """Raises ConfigError for anything but a valid configuration."""
        top = Table(document, "")
        self.site = top.id("site")
        self.meter = top.id("meter")
        self.interval_s = top.integer("interval_s", 1, 86400)
        self.rows = top.integer("rows", 1, 60)
        if self.interval_s % self.rows:
            raise ConfigError(f"rows: {self.interval_s} s do not divide into {self.rows} rows of whole seconds")
        self.poll_ms = top.integer("poll_ms", 50, 60000)
        self.gateway_key = _key(top.text("gateway_key"))
        self.mqtt = _broker(top.table("mqtt"))
        self.bus = _bus(top.table("bus"))
        self.devices = _devices(top.take("devices"))
        self.flash = top.text("flash")
        self.relay = _relay(top.table("relay")) if top.has("relay") else None
        self.ntp = _time_server(top.table("ntp")) if top.has("ntp") else None
        self.board = top.take("board") if top.has("board") else None
        self.utc_offset_min = top.integer("utc_offset_min", -720, 840) if top.has("utc_offset_min") else 0
        top.finish()


def _key(text: str) -> bytes:
    if len(text) != 128 or not all(letter in _HEX for letter in text):
        raise ConfigError("gateway_key: 128 digits of 0-9 and a-f are expected; the gateway prints its key")
    return bytes.fromhex(text)


def _broker(table: Table) -> Broker:
    host, port = table.text("host"), table.integer("port", 1, 65535)
    tls = _tls(table.table("tls")) if table.has("tls") else None
    username = password = None
    if tls is None or table.has("username") or table.has("password"):
        username, password = table.text("username"), table.text("password")
    table.finish()
    return Broker(host, port, username, password, tls)


def _time_server(table: Table) -> TimeServer:
    server = TimeServer(table.address("host"), table.integer("port", 1, 65535) if table.has("port") else sntp.PORT)
    table.finish()
    return server


def _tls(table: Table) -> Tls:
    tls = Tls(table.certificate("ca"), table.certificate("cert"))
    table.finish()
    return tls


def _bus(table: Table) -> Bus:
    kind = table.text("kind")
    if kind == "tcp":
        bus = Bus(kind, host=table.text("host"), port=table.integer("port", 1, 65535))
    elif kind == "rtu":
        bus = Bus(kind, path=table.text("path"), baud=table.integer("baud", BAUDS[0], BAUDS[-1]))
        if bus.baud not in BAUDS:
            raise ConfigError(f"bus.baud: one of {BAUDS} is expected")
    else:
        raise ConfigError('bus.kind: "tcp" or "rtu" is expected')
    table.finish()
    return bus


def _relay(table: Table) -> Relay:
    relay = Relay(table.text("output"), table.text("feedback") if table.has("feedback") else None)
    table.finish()
    return relay


def _devices(value: object) -> "list[Device]":
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_DEVICES:
        raise ConfigError(f"devices: a list of 1 to {MAX_DEVICES} devices is expected")
    devices = [_device(Table(item, f"devices[{index}]")) for index, item in enumerate(value)]
    if len({device.unit for device in devices}) != len(devices):
        raise ConfigError("devices: every device needs a unit id of its own")
    if sum([device.billing for device in devices]) != 1:
        raise ConfigError('devices: exactly one needs "role": "billing"')
    return devices


def _device(table: Table) -> Device:
    unit, map, role = table.integer("unit", 0, 247), table.text("map"), table.text("role")
    if role not in ("billing", "auxiliary"):
        raise ConfigError('devices: role "billing" or "auxiliary" is expected')
    if not all(letter.islower() or letter.isdigit() or letter == "_" for letter in map):
        raise ConfigError('devices: map "sunspec" or the name of a file in firmware/maps, without .json, is expected')
    table.finish()
    return Device(unit, map, role == "billing")
