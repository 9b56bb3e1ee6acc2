"""The ESP32's network interfaces. Nothing here waits: connecting goes on in the chip while the meter meters."""

import machine
import network

_WORDS = {
    network.STAT_IDLE: "idle",
    network.STAT_CONNECTING: "no address was given in time",
    network.STAT_WRONG_PASSWORD: "the access point refuses the password",
    network.STAT_NO_AP_FOUND: "the access point is not heard",
    network.STAT_ASSOC_FAIL: "the access point takes no more stations",
    network.STAT_BEACON_TIMEOUT: "the access point has fallen silent",
    network.STAT_HANDSHAKE_TIMEOUT: "the access point does not finish its handshake: perhaps the password is wrong",
}


class Wifi:
    """A station of the access point ``ssid``."""

    def __init__(self, ssid: str, password: str) -> None:
        self._access = ssid, password
        self._wlan = network.WLAN(network.STA_IF)
        self._start()

    def _start(self) -> None:
        self._wlan.active(True)
        # the driver's own endless retries would hide why there is no connection; sleep costs seconds of latency
        self._wlan.config(reconnects=0, pm=network.WLAN.PM_NONE)

    def connect(self) -> None:
        self._wlan.connect(*self._access)

    def disconnect(self) -> None:
        self._wlan.disconnect()

    def restart(self) -> None:
        self._wlan.active(False)
        self._start()

    def connected(self) -> bool:
        return self._wlan.isconnected()

    def rssi(self) -> "int | None":
        return self._wlan.status("rssi") if self.connected() else None

    def status(self) -> str:
        status = self._wlan.status()
        return _WORDS.get(status, f"status {status}")


class Ethernet:
    """A cable: what all controllers have in common."""

    def __init__(self, lan: network.LAN) -> None:
        self._lan = lan

    def connect(self) -> None:
        self._lan.active(True)

    def disconnect(self) -> None:
        self._lan.active(False)

    def restart(self) -> None:
        self._lan.active(False)

    def connected(self) -> bool:
        return self._lan.isconnected()

    def rssi(self) -> "int | None":
        return None

    def status(self) -> str:
        linked = self._lan.status() == network.ETH_CONNECTED
        return "no address was given in time" if linked else "no cable, or nobody at its end"


class Lan8720(Ethernet):
    """A LAN8720 on the Ethernet controller of the ESP32 itself; later chips have none.

    ``mdc``, ``mdio``, ``power``: GPIO numbers, ``power`` None if the PHY is always on; ``address``: the PHY's, 0..31.
    ``clock``: GPIO at which the ESP32 gives the PHY its clock; None if the PHY gives it to GPIO 0, as on most boards.
    """

    def __init__(self, mdc: int, mdio: int, address: int, power: "int | None" = None, clock: "int | None" = None) -> None:
        given = {} if clock is None else {"ref_clk": machine.Pin(clock), "ref_clk_mode": machine.Pin.OUT}
        lan = network.LAN(
            0,
            mdc=machine.Pin(mdc),  # type: ignore[call-arg]  # of this port
            mdio=machine.Pin(mdio),
            power=None if power is None else machine.Pin(power),
            phy_type=network.PHY_LAN8720,
            phy_addr=address,
            **given,
        )
        super().__init__(lan)


class W5500(Ethernet):
    """A W5500 on the second SPI controller. All are GPIO numbers; ``reset`` None if the board does that."""

    def __init__(self, sck: int, mosi: int, miso: int, cs: int, interrupt: int, reset: "int | None" = None) -> None:
        spi = machine.SPI(1, sck=machine.Pin(sck), mosi=machine.Pin(mosi), miso=machine.Pin(miso))
        lan = network.LAN(
            0,
            spi=spi,  # type: ignore[call-arg]  # of this port
            cs=machine.Pin(cs),
            int=machine.Pin(interrupt),
            reset=None if reset is None else machine.Pin(reset),
            phy_type=network.PHY_W5500,
            phy_addr=0,
        )
        super().__init__(lan)
