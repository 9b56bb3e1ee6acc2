"""A meter's configuration in TOML: what is wrong with it is said by name and line; secrets and answers come from elsewhere."""

import json
from typing import Any

import pytest

from tools.meter.provision.config import Mistake, answered, checked, read, wants_password, with_password

TEXT = """\
site = "isle"
meter = "home-1"
interval_s = 900
rows = 15
poll_ms = 1000

[bus]
kind = "rtu"
path = "uart1"
baud = 9600

[[devices]]
unit = 1
map = "sunspec"
role = "billing"

[board.rs485]
tx = 32
rx = 33

[board.network]
kind = "wifi"
ssid = "island"
"""
ANSWER: dict[str, Any] = {
    "site": "isle",
    "meter": "home-1",
    "gateway_key": "ab" * 64,
    "mqtt": {"host": "10.0.0.1", "port": 8883, "username": "u", "password": "p"},
}


def config(text: str, platform: str = "esp32") -> Any:
    document = read(text, "home-1.toml")
    return json.loads(checked(with_password(document, "secret"), text, "home-1.toml", platform))


def test_a_right_one_becomes_what_the_meter_reads() -> None:
    found = config(TEXT)
    assert found["board"]["network"] == {"kind": "wifi", "ssid": "island", "password": "secret"}
    assert (found["flash"], found["devices"]) == ("meter", [{"unit": 1, "map": "sunspec", "role": "billing"}])
    whole = answered(read(TEXT, "home-1.toml"), json.dumps(ANSWER).encode())
    assert (whole["gateway_key"], whole["mqtt"]) == (ANSWER["gateway_key"], ANSWER["mqtt"])


def test_a_password_is_asked_for_where_there_is_one() -> None:
    assert wants_password(read(TEXT, ""))
    assert not wants_password(with_password(read(TEXT, ""), "secret"))
    assert not wants_password(read(TEXT.replace('"wifi"', '"lan8720"'), ""))
    assert not wants_password(read('site = "isle"', ""))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("rows = 15", "rows = 7", "line 4: rows: 900 s do not divide"),
        ("baud = 9600", "baud = 1200", r"line 10: bus\.baud: a whole number"),
        ('role = "billing"', 'role = "auxiliary"', "devices: exactly one needs"),
        ("tx = 32", "tx = 33", "board: GPIO 33 is named twice"),
        ("rx = 33", "rx = 99", r"line 19: board\.rs485\.rx"),
        ("poll_ms = 1000", "polls = 1", "poll_ms: is missing"),
        ("interval_s = 900", "interval_s = ", "Invalid value .at line 3"),
        ("poll_ms = 1000", 'gateway_key = "00"', "line 5: gateway_key comes from the gateway's answer"),
    ],
)
def test_a_mistake_is_named_with_its_place(old: str, new: str, complaint: str) -> None:
    with pytest.raises(Mistake, match=complaint) as mistake:
        config(TEXT.replace(old, new))
    assert str(mistake.value).startswith("home-1.toml")
    assert "secret" not in str(mistake.value)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (ANSWER | {"meter": "home-2"}, "the answer is for meter home-2, the configuration for home-1"),
        (ANSWER | {"site": "other"}, "the answer is for site other"),
        ({"token": "x"}, "no answer of a gateway"),
        ([], "no answer of a gateway"),
    ],
)
def test_another_meters_answer_is_refused(answer: object, complaint: str) -> None:
    with pytest.raises(Mistake, match=complaint):
        answered(read(TEXT, "home-1.toml"), json.dumps(answer).encode())
