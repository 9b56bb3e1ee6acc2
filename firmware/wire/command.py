"""Commands from the gateway to one meter: signed statements, so that a broker cannot invent them.

    body = {1: number, 2: kind, 3: arguments, 4: issued at, 5: expires at / null}     times in Unix seconds

A meter obeys a number once, and after it only higher ones: what is recorded and played back has no effect. The statement's id
is what the event that answers it carries.

    RESEND     [first, last]                        send these certificates again
    RELAY      [0 open / 1 close]                   the supply's contact
    LIMIT      [W, s] / null                        open it when more than W are drawn for s seconds; null: never
    CREDIT     [0 set / 1 add, micro-tokens, n]     n is above that of every CREDIT before, or nothing is counted
    TARIFF     a prepaid tariff (see tariff) / null null: nothing is counted down
    CONFIGURE  {?1: poll ms, ?2: s between health messages, ?3: minutes that local time is ahead of UTC}     null: as installed
    UPDATE     manifest                             a signed statement of its own
    LOG        null                                 send the newest lines of the log (see log_piece)
    ROTATE     null                                 make a new key and hand over to it (see rotation)
"""

from . import cbor, cose, tariff
from .fields import WireError, list_of, map_of, uint_of
from .signer import Signer

TYPE = "vnd.skerry.command"
MAX_SIZE = 2048
MAX_MANIFEST = 1536
RESEND, RELAY, LIMIT, CREDIT, TARIFF, CONFIGURE, UPDATE, LOG, ROTATE = range(1, 10)
SET, ADD = 0, 1
POLL_MS, HEALTH_S, UTC_OFFSET_MIN = range(1, 4)
SETTINGS = {POLL_MS: ("poll ms", 50, 60000), HEALTH_S: ("health s", 10, 86400), UTC_OFFSET_MIN: ("UTC offset", -720, 840)}
_NUMBER = (1 << 63) - 1
_SEQ = 0xFFFFFFFF
_LATEST = 1 << 33


class Command:
    """A command's envelope. ``id`` and ``signature`` are the statement's; ``arguments`` are for the kind's ``..._of``.

    ``number`` is 1..2^63 - 1; ``issued`` and ``expires`` are Unix seconds, the latter None for never.
    """

    __slots__ = ("arguments", "expires", "id", "issued", "kind", "number", "signature")

    def __init__(self, statement: cose.Statement, body: "dict[int, object]") -> None:
        """WireError if the body is none of a command."""
        self.id = statement.id
        self.signature = statement.signature
        self.number = uint_of(body[1], "number", 1, _NUMBER)
        self.kind = uint_of(body[2], "kind", 1, 0xFF)
        self.arguments = body[3]
        self.issued = uint_of(body[4], "issued at", 0, _LATEST)
        self.expires = None if body[5] is None else uint_of(body[5], "expires at", self.issued, _LATEST)


def issue(
    signer: Signer, site: str, meter: str, number: int, kind: int, arguments: object, at: int, expires: "int | None" = None
) -> bytes:
    """A signed command of one of the kinds above. WireError if a meter would refuse it."""
    _DECODERS[kind](arguments)
    data = cose.sign(signer, site, meter, TYPE, cbor.encode({1: number, 2: kind, 3: arguments, 4: at, 5: expires}))
    parse(data, site, meter)
    return data


def parse(data: bytes, site: str, meter: str) -> Command:
    """The command in ``data``, addressed to ``meter``; WireError if it is another's or none.

    The caller checks ``signature`` over ``id`` with the gateway's key before it believes a word. Arguments and kind are looked
    at after that: a command that is the gateway's and cannot be obeyed is answered, not dropped.
    """
    statement = cose.parse(data, MAX_SIZE)
    if (statement.issuer, statement.subject, statement.type) != (site, meter, TYPE):
        raise WireError("not a command for this meter")
    return Command(statement, map_of(cbor.decode(statement.payload, 5), "command", (1, 2, 3, 4, 5)))


def resend_of(arguments: object) -> "tuple[int, int]":
    """First and last certificate of a RESEND. WireError, here and below, if the arguments are wrong."""
    first, last = list_of(arguments, "range", 2, 2)
    low = uint_of(first, "first", 1, _SEQ)
    return low, uint_of(last, "last", low, _SEQ)


def relay_of(arguments: object) -> bool:
    """Whether a RELAY is to close the contact."""
    return uint_of(list_of(arguments, "contact", 1, 1)[0], "contact", 0, 1) == 1


def limit_of(arguments: object) -> "tuple[int, int] | None":
    """Watts and seconds of a LIMIT, None for no limit."""
    if arguments is None:
        return None
    watts, delay = list_of(arguments, "limit", 2, 2)
    return uint_of(watts, "W", 1, tariff.MOST_W), uint_of(delay, "delay", 1, 3600)


def credit_of(arguments: object) -> "tuple[int, int, int]":
    """SET or ADD, micro-tokens, and the number of the top-up."""
    operation, amount, count = list_of(arguments, "credit", 3, 3)
    return (
        uint_of(operation, "operation", SET, ADD),
        uint_of(amount, "amount", 0, tariff.MOST),
        uint_of(count, "top-up", 1, _NUMBER),
    )


def tariff_of(arguments: object) -> "tariff.Tariff | None":
    """The tariff of a TARIFF, None for no prepayment."""
    return None if arguments is None else tariff.decode(arguments)


def configuration_of(arguments: object) -> "dict[int, int | None]":
    """The settings that a CONFIGURE changes, in the ranges of SETTINGS; None for what was installed."""
    settings = map_of(arguments, "configuration", (), tuple(SETTINGS))
    if not settings:
        raise WireError("configuration: it changes nothing")
    return {key: None if value is None else uint_of(value, *SETTINGS[key]) for key, value in settings.items()}


def manifest_of(arguments: object) -> bytes:
    """The bytes that an UPDATE hands on."""
    if not isinstance(arguments, bytes) or not 0 < len(arguments) <= MAX_MANIFEST:
        raise WireError(f"manifest: 1 to {MAX_MANIFEST} bytes are expected")
    return arguments


def nothing_of(arguments: object) -> None:
    """LOG and ROTATE say no more."""
    if arguments is not None:
        raise WireError("no arguments are expected")


_DECODERS = {
    RESEND: resend_of,
    RELAY: relay_of,
    LIMIT: limit_of,
    CREDIT: credit_of,
    TARIFF: tariff_of,
    CONFIGURE: configuration_of,
    UPDATE: manifest_of,
    LOG: nothing_of,
    ROTATE: nothing_of,
}
