"""From a configuration to an ESP32's meter, over fakes of the chip's modules. ``test_hal_esp32.py`` starts it."""
# mypy: ignore-errors

import asyncio
import json

from esp32_fakes import CHIPS, LEVELS, UARTS

from firmware.board_esp32 import open_board
from firmware.hal import esp32, fake_atecc608
from firmware.hal.esp32_network import W5500, Lan8720, Wifi
from firmware.meter.app import Meter
from firmware.meter.board_description import BoardError
from firmware.meter.certifier import signer_of
from firmware.meter.config import Config, Relay
from firmware.meter.store import Store
from firmware.meter.table import ConfigError
from firmware.wire import es256, modbus
from firmware.wire.signer import Signer

SECRET = bytes(31) + b"\x09"
GATEWAY = es256.SoftwareSigner(bytes(31) + b"\x05")
RS485 = {"tx": 17, "rx": 16, "direction": 4}
WIFI = {"kind": "wifi", "ssid": "isle", "password": "secret"}


def config(**board):
    """A configuration whose board section has a Wi-Fi network and ``board``."""
    sections = {"network": WIFI}
    sections.update(board)
    return Config(
        {
            "site": "isle",
            "meter": "wind-1",
            "interval_s": 10,
            "rows": 5,
            "poll_ms": 50,
            "mqtt": {"host": "127.0.0.1", "port": 1, "username": "wind-1", "password": "secret"},
            "gateway_key": GATEWAY.public.hex(),
            "bus": {"kind": "rtu", "path": "uart1", "baud": 9600},
            "devices": [{"unit": 1, "map": "eastron_sdm120", "role": "billing"}],
            "flash": "/meter",
            "board": {key: value for key, value in sections.items() if value is not None},
        }
    )


def opened(relay=None, **board):
    described = config(**board)
    described.relay = relay
    return open_board(described, "/config.json")


def refusal(**board):
    try:
        opened(**board)
    except (ConfigError, BoardError) as error:
        return str(error)
    return None


def test_pins_and_network_are_as_described():
    board = opened(rs485=RS485, led=2)
    board.open_serial("uart1", 9600)
    assert (UARTS[-1].settings["tx"], UARTS[-1].settings["rx"], LEVELS[4]) == (17, 16, 0)
    board.led.shine(True)
    assert LEVELS[2] == 1
    assert isinstance(board.network, Wifi)
    assert board.network._access == ("isle", "secret")
    assert board.signer is None
    assert opened(rs485={"tx": 17, "rx": 16}, relay=Relay("25", "26")).led is None


def test_a_lan8720_is_clocked_by_its_phy_or_by_the_chip():
    plain = {"kind": "lan8720", "mdc": 23, "mdio": 18, "address": 1}
    lan = opened(rs485={"tx": 32, "rx": 33}, network=plain).network
    assert isinstance(lan, Lan8720)
    settings = lan._lan.settings
    assert (settings["mdc"].number, settings["mdio"].number, settings["phy_type"], settings["phy_addr"]) == (23, 18, 1, 1)
    assert settings["power"] is None
    assert "ref_clk" not in settings
    plain.update({"power": 12, "clock": 17})
    settings = opened(rs485={"tx": 32, "rx": 33}, network=plain).network._lan.settings
    assert (settings["power"].number, settings["ref_clk"].number, settings["ref_clk_mode"]) == (12, 17, 3)


def test_a_w5500_is_on_spi():
    chip = {"kind": "w5500", "sck": 12, "mosi": 13, "miso": 14, "cs": 10, "interrupt": 11}
    lan = opened(rs485={"tx": 32, "rx": 33}, network=chip).network
    assert isinstance(lan, W5500)
    settings = lan._lan.settings
    assert settings["spi"].settings == (1, 12, 13, 14)
    assert (settings["cs"].number, settings["int"].number, settings["phy_type"], settings["reset"]) == (10, 11, 2, None)
    chip["reset"] = 9
    assert opened(rs485={"tx": 32, "rx": 33}, network=chip).network._lan.settings["reset"].number == 9


def test_a_secure_element_is_the_meters_key():
    for address in (None, 0x35):
        chip = fake_atecc608.Chip(SECRET, address or 0x60)
        CHIPS[:] = [chip]
        kept, esp32.Clock.ticks_ms = esp32.Clock.ticks_ms, lambda _, chip=chip: chip.ticks_ms()
        try:
            pins = {"sda": 21, "scl": 22}
            board = opened(rs485=RS485, atecc608=dict(pins, address=address) if address else pins)
            signer = signer_of(Store(board.files), board)
            assert signer is board.signer
            assert signer.public == es256.public_from_secret(SECRET)
            assert board.signer._i2c.settings == (0, 22, 21, 100_000)
            signature = signer.sign(bytes(32))
        finally:
            esp32.Clock.ticks_ms = kept
        assert es256.verify(signer.public, bytes(32), signature)
        assert not board.files.names("") or "key" not in board.files.names("")


def test_without_one_the_key_is_on_the_flash():
    board = opened(rs485=RS485)
    signer = signer_of(Store(board.files), board)
    assert isinstance(signer, Signer)
    assert signer.public == signer_of(Store(board.files), board).public


def test_a_secure_element_that_is_not_there_is_said_in_words():
    class Nobody:
        def writeto(self, *_):
            raise OSError(19)

    CHIPS[:] = [Nobody()]
    assert "no secure element" in refusal(rs485=RS485, atecc608={"sda": 21, "scl": 22})


def test_a_wrong_description_is_refused_by_name():
    for board, named in (
        ({"rs485": {"tx": 17}}, "board.rs485.rx: is missing"),
        ({"rs485": {"tx": 17, "rx": 49}}, "board.rs485.rx: a whole number"),
        ({"rs485": {"tx": 17, "rx": 16, "de": 4}}, "board.rs485.de: is not known"),
        ({"rs485": RS485, "led": "2"}, "board.led: a whole number"),
        ({"rs485": RS485, "led": 4}, "GPIO 4 is named twice"),
        ({"rs485": RS485, "lamp": 2}, "board.lamp: is not known"),
        ({"rs485": RS485, "network": None}, "board.network: is missing"),
        ({"rs485": RS485, "network": {"kind": "lte"}}, "board.network.kind: "),
        ({"rs485": RS485, "network": {"kind": "wifi", "ssid": "isle"}}, "board.network.password: is missing"),
        ({"rs485": RS485, "network": {"kind": "lan8720", "mdc": 23, "mdio": 18}}, "board.network.address: is missing"),
        ({"rs485": RS485, "network": {"kind": "w5500", "sck": 1, "mosi": 2, "miso": 3, "cs": 4}}, "board.network.interrupt: "),
        ({"rs485": RS485, "network": dict(WIFI, address=1)}, "board.network.address: is not known"),
        ({"rs485": RS485, "atecc608": {"sda": 21, "scl": 22, "address": 7}}, "board.atecc608.address: "),
        ({"rs485": RS485, "atecc608": {"sda": 21, "scl": 16}}, "GPIO 16 is named twice"),
        ({"rs485": RS485, "relay": Relay("25", "16")}, "GPIO 16 is named twice"),
        ({"rs485": RS485, "relay": Relay("gpio25", None)}, 'not "gpio25"'),
        ({"rs485": RS485, "relay": Relay("25", "49")}, 'not "49"'),
        ({}, "board.rs485: is missing"),
    ):
        assert named in str(refusal(**board)), (board, refusal(**board))


def test_a_whole_meter_reads_its_device_over_the_described_pins():
    requests = []

    def write(uart, data):
        requests.append(bytes(data))
        reply = bytes((1, data[1], 2 * data[5])) + bytes(2 * data[5])
        uart.incoming = reply + modbus.crc16(reply).to_bytes(2, "little")
        return len(data)

    def load_map(name):
        with open(f"firmware/maps/{name}.json") as file:
            return json.load(file)

    async def live():
        meter = Meter(config(rs485=RS485, led=2), opened(rs485=RS485, led=2), load_map)
        task = asyncio.create_task(meter.run())
        for _ in range(500):
            await asyncio.sleep(0.01)
            if len(requests) > 3:
                break
        task.cancel()
        return meter

    UARTS.clear()
    kind, kept = esp32.machine.UART, esp32.machine.UART.write
    kind.write = write
    try:
        meter = asyncio.run(live())
    finally:
        kind.write = kept
    assert len(requests) > 3
    assert meter._devices[0].errors == {}
