"""What Home Assistant is told of the meters: by its own schema, at the right moments, with templates that work."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import jsonschema_rs
import pytest

from gateway.core import assistant
from gateway.core.centre import Message
from gateway.core.discovery import Discovery
from gateway.core.view import MeterView, View
from tests.unit.test_health import picture

SCHEMA = jsonschema_rs.validator_for(json.loads((Path(__file__).parents[1] / "vectors" / "home_assistant.json").read_text()))
STATE: dict[str, object] = {
    "online": True,
    "pending": 2,
    "w": -3000,
    "dv": 2304,
    "mhz": 50012,
    "soc": 655,
    "import_wh": 17,
    "export_wh": 9,
}


def view(**changes: object) -> View:
    """With a battery, which is as ``changes`` say, and a silent house."""
    whole = picture()
    battery = replace(whole.meters[0], meter="battery-1", name="Bättery", role="storage")
    return replace(whole, meters=(replace(battery, **changes), whole.meters[1]))  # type: ignore[arg-type]


def told(discovery: Discovery, picture: View) -> dict[str, bytes]:
    return {one.topic: one.payload for one in discovery.due(picture)}


def document(meter: str = "battery-1") -> dict[str, Any]:
    return dict(json.loads(told(Discovery("isle"), view())[f"homeassistant/device/{meter}/config"]))


@pytest.mark.parametrize("meter", ["battery-1", "house-1"])
def test_the_payload_is_what_home_assistant_documents(meter: str) -> None:
    assert [error.message for error in SCHEMA.iter_errors(document(meter))] == []
    assert ("charge" in document(meter)["components"]) == (meter == "battery-1")


def test_the_schema_finds_what_home_assistant_would_refuse() -> None:
    good = document()
    power = good["components"]["power"]
    for wrong in (
        {key: value for key, value in good.items() if key != "origin"},
        {**good, "device": {"name": "no identifier"}},
        {**good, "state_topic": "sk/v1/isle/+/up/state"},
        {**good, "components": {"power": {**power, "unit_of_measurement": "Wh"}}},
        {**good, "components": {"power": {**power, "platform": "switch"}}},
        {**good, "components": {"power": {**power, "device_class": "energy", "unit_of_measurement": "Wh"}}},
    ):
        assert not SCHEMA.is_valid(wrong)


def rendered(state: dict[str, object]) -> dict[str, str]:
    components = document()["components"]
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701 - no HTML
    return {key: environment.from_string(one["value_template"]).render(value_json=state) for key, one in components.items()}


def test_the_templates_give_values_in_the_units_they_name() -> None:
    assert rendered(STATE) == {
        "power": "-3000",
        "voltage": "230.4",
        "frequency": "50.012",
        "import": "17",
        "export": "9",
        "pending": "2",
        "charge": "65.5",
    }


@pytest.mark.parametrize("state", [{"online": False}, dict.fromkeys(STATE, None)], ids=["last will", "nothing read yet"])
def test_what_is_not_known_is_none_and_not_zero(state: dict[str, object]) -> None:
    assert set(rendered(state).values()) == {"None"}


def test_who_is_there_follows_the_last_will() -> None:
    template = jinja2.Template(document()["availability_template"])
    assert template.render(value_json={"online": True}) == "online"
    assert template.render(value_json={"online": False}) == "offline"


def test_it_is_told_once_and_what_changed_and_all_after_a_birth() -> None:
    discovery = Discovery("isle")
    topics = {f"homeassistant/device/{meter}/config" for meter in ("battery-1", "house-1")}
    assert told(discovery, view()).keys() == topics
    assert told(discovery, view(power_w=5)) == {}
    assert list(told(discovery, view(name="Other"))) == ["homeassistant/device/battery-1/config"]
    assert discovery.hears(Message(assistant.BIRTH, b"offline"))
    assert told(discovery, view(name="Other")) == {}
    assert discovery.hears(Message(assistant.BIRTH, b"online"))
    assert told(discovery, view()).keys() == topics
    assert not discovery.hears(Message("sk/v1/isle/wind-1/up/state", b"online"))


def test_who_is_revoked_or_replaced_is_taken_back() -> None:
    discovery, topic = Discovery("isle"), "homeassistant/device/battery-1/config"
    told(discovery, view())
    assert told(discovery, view(revoked=True)) == {topic: b""}
    other: tuple[MeterView, ...] = view(meter="battery-2").meters
    discovery.again()
    told(discovery, view())
    news = told(discovery, replace(view(), meters=other))
    assert news[topic] == b""
    assert news["homeassistant/device/battery-2/config"]
    # one that was revoked before the gateway began
    assert told(Discovery("isle"), view(revoked=True))[topic] == b""
