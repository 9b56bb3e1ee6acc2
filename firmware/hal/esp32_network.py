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
    """A LAN8720 on the chip's own Ethernet controller, clocked by its PHY on GPIO 0, as on most boards.

    ``mdc``, ``mdio``, ``power``: GPIO numbers, ``power`` None if the PHY is always on; ``address``: the PHY's, 0..31.
    """

    def __init__(self, mdc: int, mdio: int, power: "int | None", address: int) -> None:
        self._lan = network.LAN(
            0,
            mdc=machine.Pin(mdc),  # type: ignore[call-arg]  # of this port
            mdio=machine.Pin(mdio),
            power=None if power is None else machine.Pin(power),
            phy_type=network.PHY_LAN8720,
            phy_addr=address,
        )

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
