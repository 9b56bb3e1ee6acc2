"""The ESP32's hal on MicroPython, over fakes of its modules. ``test_hal_esp32.py`` starts it."""
# mypy: ignore-errors

import asyncio
import time

from esp32_fakes import LEVELS, MACHINE, UARTS, WATCHDOGS, Rtc, Uart

from firmware.hal import esp32
from firmware.hal.esp32_network import Lan8720, Wifi
from firmware.meter.config import Bus
from firmware.meter.link import RtuLink
from firmware.wire import modbus
from firmware.wire.clock import NETWORK, UNSET


def board():
    return esp32.Board(esp32.Pins(tx=17, rx=16, direction=4, led=2), Wifi("isle", "secret"))


def refuses(call, *arguments):
    try:
        call(*arguments)
    except OSError:
        return True
    return False


def test_files_lie_on_the_partition():
    files = board().files
    files.write("boot", b"1")
    files.append("boot", b"2")
    assert board().files.read("boot") == b"12"
    assert files.names("q") == []
    files.write("q/s1", b"x")
    assert files.names("q") == ["s1"]
    before = files.free()
    files.write("q/s2", bytes(5000))
    assert before - files.free() == 8192
    files.remove("q/s2")
    assert refuses(files.read, "q/s2")


def test_the_line_is_8n1_on_its_pins_and_drives_while_it_writes():
    line = board().open_serial("uart1", 9600)
    uart = UARTS[-1]
    wanted = {"number": 1, "baud": 9600, "bits": 8, "parity": None, "stop": 1, "tx": 17, "rx": 16, "rxbuf": 512, "timeout": 0}
    assert uart.settings == wanted
    assert LEVELS[4] == 0

    async def talk():
        line.direction.transmit()
        await line.write(b"ask")
        while not line.direction.sent():
            pass
        line.direction.receive()
        uart.incoming = b"answer"
        return await line.read(3), await line.read(9)

    assert asyncio.run(talk()) == (b"ans", b"wer")
    assert uart.sent == [(b"ask", 1)]
    assert (LEVELS[4], uart.unsent) == (0, -1)
    uart.incoming = b"late"
    assert (line.discard(), line.discard()) == (True, False)
    line.close()
    assert not uart.open


def test_the_meters_own_bus_reads_over_it():
    reply = bytes((5, 3, 2, 0x12, 0x34))
    reply += modbus.crc16(reply).to_bytes(2, "little")

    def write(uart, data):
        uart.sent.append((bytes(data), LEVELS.get(4)))
        uart.incoming = reply
        return len(data)

    Uart.write, kept = write, Uart.write
    try:
        link = RtuLink(board(), Bus("rtu", path="uart2", baud=115200))
        assert asyncio.run(link.read(5, 3, 0, 1)) == (0x1234,)
    finally:
        Uart.write = kept
    assert (UARTS[-1].sent[0][1], LEVELS[4]) == (1, 0)


def test_the_consoles_uart_is_no_bus():
    assert refuses(board().open_serial, "uart0", 9600)
    assert refuses(board().open_serial, "/dev/ttyS0", 9600)


def test_the_watchdog_is_fed():
    watchdog = board().watchdog(60)
    watchdog.feed()
    assert (WATCHDOGS[-1].timeout, WATCHDOGS[-1].meals) == (60000, 1)


def test_the_reset_reason_is_said_in_words():
    assert board().reset_reason() == "watchdog"
    MACHINE.reset_cause = lambda: 9
    assert board().reset_reason() == "cause 9"
    MACHINE.reset_cause = lambda: 3


def test_a_clock_that_nobody_set_is_not_believed():
    clock = board().clock
    assert abs(clock.wall_ms() - time.time() * 1000) < 2000
    assert clock.quality() == NETWORK
    esp32._SET_SINCE_S, kept = 1 << 40, esp32._SET_SINCE_S
    assert clock.quality() == UNSET
    esp32._SET_SINCE_S = kept
    first = clock.ticks_ms()
    time.sleep(0.003)
    assert first + 3 <= clock.ticks_ms() <= first + 500


def test_the_clock_is_set():
    board().clock.set(1_800_000_000_250)
    assert Rtc.told == (2027, 1, 15, 4, 8, 0, 0, 250_000)


def test_the_chips_own_heap_counts():
    assert board().heap_free() > 500_000_000


def test_randomness_is_the_systems():
    assert len(board().random(32)) == 32
    assert board().random(32) != board().random(32)


def test_the_contact_follows_its_pin_and_answers_on_another():
    contact = board().open_relay("25", "26")
    LEVELS[26] = 1
    contact.set(True)
    assert (LEVELS[25], contact.closed()) == (1, False)
    LEVELS[26] = 0
    assert contact.closed()
    contact.set(False)
    assert LEVELS[25] == 0
    assert board().open_relay("25", None).closed() is None


def test_the_led_shines():
    board().led.shine(True)
    assert LEVELS[2] == 1
    assert esp32.Board(esp32.Pins(17, 16), Wifi("isle", "secret")).led is None


def test_wifi_leaves_retrying_to_us():
    wifi = Wifi("isle", "secret")
    wifi.connect()
    wifi.disconnect()
    wifi.restart()
    calls = wifi._wlan.calls
    assert calls[:2] == calls[5:] == [("active", True), ("config", 0, 0)]
    assert calls[2:5] == [("connect", "isle", "secret"), ("disconnect",), ("active", False)]


def test_wifi_says_what_is_wrong():
    wifi = Wifi("isle", "secret")
    wifi._wlan.state = 202
    assert (wifi.connected(), wifi.rssi(), wifi.status()) == (False, None, "the access point refuses the password")
    wifi._wlan.state = 777
    assert wifi.status() == "status 777"
    wifi._wlan.state = 1010
    assert (wifi.connected(), wifi.rssi()) == (True, -67)


def test_ethernet():
    lan = Lan8720(23, 18, 1, 12)
    assert lan._lan.settings["mdc"].number == 23
    assert lan._lan.settings["power"].number == 12
    lan.connect()
    lan.disconnect()
    lan.restart()
    assert lan._lan.calls == [True, False, False]
    assert (lan.connected(), lan.rssi(), lan.status()) == (False, None, "no cable, or nobody at its end")
    lan._lan.state = 3
    assert lan.status() == "no address was given in time"
    lan._lan.state = 5
    assert lan.connected()


def test_the_board_hands_on_its_network_and_console():
    wifi = Wifi("isle", "secret")
    one = esp32.Board(esp32.Pins(17, 16), wifi)
    assert one.network is wifi
    asyncio.run(one.console.write(b"console\n"))
