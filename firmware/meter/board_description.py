"""What a meter's board is like: the ``board`` section of its configuration, checked as strictly. Data only; no I/O."""

from .table import ConfigError, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .config import Relay

_PINS = 48  # the highest GPIO number of any ESP32
_PHYS = {"lan8720": (("mdc", "mdio"), ("power", "clock")), "w5500": (("sck", "mosi", "miso", "cs", "interrupt"), ("reset",))}


class BoardError(Exception):
    """The board is not as described, or out of order: the installation's fault. The message says what to do."""


class Linux:
    """A computer with an operating system, such as a Raspberry Pi: ``{"clock": false, "atecc608": {"path": "/dev/i2c-1"}}``.

    Attributes:
        clock: whether something keeps its clock right, as NTP or a clock chip does. True if nothing is said.
        element: I2C bus of a secure element and its address, see ``_address``; None without.
    """

    def __init__(self, section: object) -> None:
        """``section``: None if there is none. ConfigError if it is wrong."""
        self.clock = True
        self.element: tuple[str, int | None] | None = None
        if section is None:
            return
        table = Table(section, "board")
        if table.has("clock"):
            self.clock = table.boolean("clock")
        if table.has("atecc608"):
            chip = table.table("atecc608")
            self.element = chip.text("path"), _address(chip)
            chip.finish()
        table.finish()


class Esp32:
    """An ESP32. All numbers but addresses are GPIOs, none of them twice; what is in brackets may be left out.

        [rs485] {tx, rx, [direction]}    [led]    [atecc608] {sda, scl, [address]}
        network {kind: "wifi", ssid, password}
             or {kind: "lan8720", mdc, mdio, address, [power], [clock]}
             or {kind: "w5500", sck, mosi, miso, cs, interrupt, [reset]}

    Attributes:
        pins: what hal.esp32.Pins takes.
        wifi: network name and password, or None.
        ethernet: kind and what its class in hal.esp32_network takes, or None.
        address: of the secure element, see ``_address``.
    """

    def __init__(self, section: object, relay: "Relay | None") -> None:
        """``section``: None if there is none; ``relay``: its lines are GPIO numbers here. ConfigError if either is wrong."""
        if section is None:
            raise ConfigError("board: is missing; it says what the ESP32's pins are connected to")
        table = Table(section, "board")
        self.wifi: tuple[str, str] | None = None
        self.ethernet: tuple[str, dict[str, int]] | None = None
        self.address: int | None = None
        self.pins: dict[str, int] = {}
        if table.has("rs485"):
            self.pins = _pins(table.table("rs485"), ("tx", "rx"), ("direction",))
        if table.has("led"):
            self.pins["led"] = table.integer("led", 0, _PINS)
        if table.has("atecc608"):
            chip = table.table("atecc608")
            self.address = _address(chip)
            self.pins.update(_pins(chip, ("sda", "scl"), ()))
        used = list(self.pins.values()) + self._take_network(table.table("network")) + _lines(relay)
        table.finish()
        for pin in used:
            if used.count(pin) > 1:
                raise ConfigError(f"board: GPIO {pin} is named twice")

    def _take_network(self, table: Table) -> "list[int]":
        """Returns the pins that it uses."""
        kind = table.text("kind")
        if kind == "wifi":
            self.wifi = table.text("ssid"), table.text("password")
            table.finish()
            return []
        if kind not in _PHYS:
            raise ConfigError('board.network.kind: "wifi", "lan8720" or "w5500" is expected')
        address = {"address": table.integer("address", 0, 31)} if kind == "lan8720" else {}
        pins = _pins(table, *_PHYS[kind])
        address.update(pins)
        self.ethernet = kind, address
        return list(pins.values())


def _pins(table: Table, required: "tuple[str, ...]", optional: "tuple[str, ...]") -> "dict[str, int]":
    """GPIO numbers by name, and nothing else."""
    names = list(required) + [name for name in optional if table.has(name)]
    pins = {name: table.integer(name, 0, _PINS) for name in names}
    table.finish()
    return pins


def _lines(relay: "Relay | None") -> "list[int]":
    """GPIO numbers of the relay's lines."""
    lines = [line for line in (relay.output, relay.feedback) if line is not None] if relay else []
    for line in lines:
        if not line.isdigit() or int(line) > _PINS:
            raise ConfigError(f'relay: on an ESP32 a line is a GPIO number in quotes, as "25", not "{line}"')
    return [int(line) for line in lines]


def _address(chip: Table) -> "int | None":
    """A chip's I2C address, 8..119; None for the one that it is made with."""
    return chip.integer("address", 8, 119) if chip.has("address") else None
