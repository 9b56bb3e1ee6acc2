"""Telling Home Assistant which meters there are, so that they appear there. It reads the meters' own state messages.

One message a meter (home-assistant.io/integrations/mqtt, "Device discovery payload"), not retained: it is sent again whenever
Home Assistant says that it is born, and a broker that keeps it would bring back the meters of yesterday.
"""

import json
from typing import Any

from firmware.wire import topics

from . import assistant
from .centre import Message, Publish
from .view import MeterView, View

_SAID = "{{{{ value_json.{0} | default(none) }}}}"
_TENTH = "{{{{ (value_json.{0} / 10) if value_json.{0} is number else none }}}}"
_MILLI = "{{{{ (value_json.{0} / 1000) if value_json.{0} is number else none }}}}"
_SENSORS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("power", "Power", _SAID.format("w"), {"device_class": "power", "unit_of_measurement": "W"}),
    ("voltage", "Voltage", _TENTH.format("dv"), {"device_class": "voltage", "unit_of_measurement": "V"}),
    ("frequency", "Frequency", _MILLI.format("mhz"), {"device_class": "frequency", "unit_of_measurement": "Hz"}),
    ("import", "Energy taken", _SAID.format("import_wh"), {"device_class": "energy", "unit_of_measurement": "Wh"}),
    ("export", "Energy given", _SAID.format("export_wh"), {"device_class": "energy", "unit_of_measurement": "Wh"}),
    ("pending", "Certificates without receipt", _SAID.format("pending"), {"entity_category": "diagnostic"}),
)
_CHARGE = ("charge", "Charge", _TENTH.format("soc"), {"device_class": "battery", "unit_of_measurement": "%"})


class Discovery:
    """What Home Assistant has been told of one site's meters."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._told: dict[str, bytes] = {}

    def hears(self, message: Message) -> bool:
        """Whether ``message`` is Home Assistant's. After its birth it is told everything again."""
        if message.topic != assistant.BIRTH:
            return False
        if message.payload == assistant.BORN:
            self.again()
        return True

    def again(self) -> None:
        """Whatever was told may be lost."""
        self._told = {}

    def due(self, view: View) -> list[Publish]:
        """What is new: a meter, a name; a meter that was revoked or replaced is taken back."""
        wanted = dict.fromkeys(self._told, b"")
        wanted |= {meter.meter: b"" if meter.revoked else self._payload(meter) for meter in view.meters}
        news = {meter: payload for meter, payload in wanted.items() if self._told.get(meter) != payload}
        self._told |= news
        return [Publish(assistant.config(meter), payload) for meter, payload in news.items()]

    def _payload(self, meter: MeterView) -> bytes:
        device = f"skerry-{self._site}-{meter.meter}"
        state = topics.up(self._site, meter.meter, "state")
        sensors = (*_SENSORS, _CHARGE) if meter.role == "storage" else _SENSORS
        document = {
            "device": {"identifiers": [device], "name": meter.name, "manufacturer": "skerry", "model": f"{meter.role} meter"},
            "origin": {"name": "skerry"},
            "components": {sensor[0]: _component(device, *sensor) for sensor in sensors},
            "state_topic": state,
            "availability_topic": state,
            "availability_template": "{{ 'online' if value_json.online else 'offline' }}",
            "qos": 1,
        }
        return json.dumps(document, separators=(",", ":")).encode()


def _component(device: str, key: str, name: str, template: str, more: dict[str, str]) -> dict[str, Any]:
    is_energy = more.get("device_class") == "energy"
    return {
        "platform": "sensor",
        "unique_id": f"{device}-{key}",
        "name": name,
        "value_template": template,
        "state_class": "total_increasing" if is_energy else "measurement",
        **more,
    }
