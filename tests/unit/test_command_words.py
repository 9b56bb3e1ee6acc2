"""Commands in words: what each means, and that nothing else passes for one."""

import pytest

from firmware.wire import command
from gateway.core.command_words import WordsError, parse

TOP_UP = 17


@pytest.mark.parametrize(
    ("words", "kind", "arguments"),
    [
        ("relay open", command.RELAY, [0]),
        ("relay close", command.RELAY, [1]),
        ("limit 2300 30", command.LIMIT, [2300, 30]),
        ("limit none", command.LIMIT, None),
        ("credit set 1.5", command.CREDIT, [0, 1_500_000, TOP_UP]),
        ("credit add 2", command.CREDIT, [1, 2_000_000, TOP_UP]),
        ("tariff price=0.25", command.TARIFF, {1: 250_000, 2: 0, 3: 0, 4: [], 5: None}),
        (
            "tariff price=0.25 low=5 emergency=1 reduced_w=500 friendly=12345@18:00-06:00 friendly=67@00:00-24:00",
            command.TARIFF,
            {1: 250_000, 2: 5_000_000, 3: 1_000_000, 4: [[31, 64800, 21600], [96, 0, 86400]], 5: 500},
        ),
        ("tariff none", command.TARIFF, None),
        ("configure poll_ms=500 utc_offset_min=-570 health_s=installed", command.CONFIGURE, {1: 500, 3: -570, 2: None}),
        ("resend 3 7", command.RESEND, [3, 7]),
        ("log", command.LOG, None),
        ("rotate", command.ROTATE, None),
    ],
)
def test_words_are_commands(words: str, kind: int, arguments: object) -> None:
    assert parse(words.split(), TOP_UP) == (kind, arguments)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "reboot",
        "relay",
        "relay toggle",
        "relay open close",
        "limit 2300",
        "limit x 3",
        "credit add",
        "credit take 5",
        "credit add five",
        "tariff",
        "tariff low=5",
        "tariff price=1 lowest=5",
        "tariff price=1 friendly=0@18:00-06:00",
        "tariff price=1 friendly=1@18-6",
        "configure interval_s=5",
        "configure poll_ms=fast",
        "resend 3",
        "rotate now",
        "log now",
    ],
)
def test_nothing_else_is(words: str) -> None:
    with pytest.raises(WordsError):
        parse(words.split(), TOP_UP)
