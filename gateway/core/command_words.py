"""Commands in words, as people order them: what is signed follows from the words alone.

    relay open|close                           the supply's contact
    limit 2300 30 | limit none                 W, and seconds for which more may be drawn
    credit add|set TOKENS                      prepaid credit; counted once
    tariff price=0.25 [low=5] [emergency=1] [reduced_w=500] [friendly=12345@18:00-06:00 ...] | tariff none
    configure [poll_ms=500] [health_s=60] [utc_offset_min=660]        "installed" for what the configuration says
    resend FIRST LAST                          certificates
    log                                        the newest lines of its log
    rotate                                     a new key in the place of the meter's own

Tokens have up to six decimals, prices are tokens a kWh. Friendly hours name days by digits, 1 for Monday, and local time.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation

from firmware.wire import command
from firmware.wire.tariff import Tariff

MICRO = 1_000_000
_SETTINGS = {"poll_ms": command.POLL_MS, "health_s": command.HEALTH_S, "utc_offset_min": command.UTC_OFFSET_MIN}


class WordsError(ValueError):
    """The words are no command: their author's fault. The message says what belongs there."""


def parse(words: Sequence[str], top_up: int) -> tuple[int, object]:
    """Kind and arguments (see firmware.wire.command) of ``words``; ``top_up`` numbers a credit. WordsError if they are none."""
    verb, *rest = words or ("",)
    if verb not in _VERBS:
        raise WordsError(f"{verb!r} is no command: {', '.join(_VERBS)} are")
    try:
        return _VERBS[verb](rest, top_up)
    except (IndexError, KeyError, ValueError) as error:
        reason = str(error) if isinstance(error, WordsError) else f"{verb}: these words do not belong to it"
        raise WordsError(reason) from None


def micro_tokens(text: str) -> int:
    """Decimal tokens as whole micro-tokens. WordsError if they are none."""
    try:
        amount = Decimal(text) * MICRO
    except InvalidOperation:
        raise WordsError(f"{text!r} is no number of tokens: write it like 12.5") from None
    if not amount.is_finite() or amount != int(amount):
        raise WordsError(f"{text} is no number of tokens with at most six decimals")
    return int(amount)


def _relay(words: list[str], _: int) -> tuple[int, object]:
    (word,) = words
    return command.RELAY, [("open", "close").index(word)]


def _limit(words: list[str], _: int) -> tuple[int, object]:
    if words == ["none"]:
        return command.LIMIT, None
    watts, seconds = map(int, words)
    return command.LIMIT, [watts, seconds]


def _credit(words: list[str], top_up: int) -> tuple[int, object]:
    how, tokens = words
    return command.CREDIT, [("set", "add").index(how), micro_tokens(tokens), top_up]


def _tariff(words: list[str], _: int) -> tuple[int, object]:
    if words == ["none"]:
        return command.TARIFF, None
    pairs = [_pair(word) for word in words]
    terms = {key: value for key, value in pairs if key != "friendly"}
    if not terms.keys() <= {"price", "low", "emergency", "reduced_w"}:
        raise WordsError(f"tariff: {', '.join(terms)}: price, low, emergency, reduced_w and friendly are known")
    tariff = Tariff(
        micro_tokens(terms["price"]),
        micro_tokens(terms.get("low", "0")),
        micro_tokens(terms.get("emergency", "0")),
        [_hours(value) for key, value in pairs if key == "friendly"],
        int(terms["reduced_w"]) if "reduced_w" in terms else None,
    )
    return command.TARIFF, tariff.fields()


def _hours(text: str) -> tuple[int, int, int]:
    days, _, span = text.partition("@")
    start, end = (_second(time) for time in span.split("-"))
    return sum(1 << int(day) - 1 for day in set(days)), start, end


def _second(time: str) -> int:
    hour, minute = map(int, time.split(":"))
    return 3600 * hour + 60 * minute


def _configure(words: list[str], _: int) -> tuple[int, object]:
    pairs = [_pair(word) for word in words]
    return command.CONFIGURE, {_SETTINGS[key]: None if value == "installed" else int(value) for key, value in pairs}


def _resend(words: list[str], _: int) -> tuple[int, object]:
    first, last = map(int, words)
    return command.RESEND, [first, last]


def _log(words: list[str], _: int) -> tuple[int, object]:
    if words:
        raise WordsError("log: nothing more is expected")
    return command.LOG, None


def _rotate(words: list[str], _: int) -> tuple[int, object]:
    if words:
        raise WordsError("rotate: nothing more is expected")
    return command.ROTATE, None


def _pair(word: str) -> tuple[str, str]:
    key, _, value = word.partition("=")
    return key, value


_VERBS: dict[str, Callable[[list[str], int], tuple[int, object]]] = {
    "relay": _relay,
    "limit": _limit,
    "credit": _credit,
    "tariff": _tariff,
    "configure": _configure,
    "resend": _resend,
    "log": _log,
    "rotate": _rotate,
}
