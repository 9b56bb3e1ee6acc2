"""The gateway's signed word on the time.

    question, on up/time = echo, 8 random bytes
    answer, on down/time = statement vnd.skerry.time, body {1: Unix ms, 2: uncertainty ms, 3: echo}

The echo ties an answer to the question it was given to, so that nobody can replay an old one. It was given between question
and arrival, which bounds its age whatever the line did in either direction.
"""

from . import cbor, cose
from .clock import EARLIEST_S, LATEST_S
from .fields import WireError, bytes_of, map_of, uint_of
from .signer import Signer

TYPE = "vnd.skerry.time"
MAX_SIZE = 256
ECHO_SIZE = 8


class Answer:
    """``time_ms``: Unix milliseconds, right to ``uncertainty_ms``; ``echo``: of the question; ``statement``: unchecked."""

    __slots__ = ("echo", "statement", "time_ms", "uncertainty_ms")

    def __init__(self, statement: cose.Statement, time_ms: int, uncertainty_ms: int, echo: bytes) -> None:
        self.statement = statement
        self.time_ms = time_ms
        self.uncertainty_ms = uncertainty_ms
        self.echo = echo


def answer(signer: Signer, site: str, meter: str, time_ms: int, uncertainty_ms: int, echo: bytes) -> bytes:
    """The signed answer to ``meter``."""
    body = cbor.encode({1: time_ms, 2: uncertainty_ms, 3: echo})
    return cose.sign(signer, site, meter, TYPE, body)


def parse_answer(data: bytes, site: str, meter: str) -> Answer:
    """An answer addressed to ``meter``. The caller checks ``statement``'s signature with the gateway's key. WireError."""
    statement = cose.parse(data, MAX_SIZE)
    if (statement.issuer, statement.subject, statement.type) != (site, meter, TYPE):
        raise WireError("not an answer for this meter")
    body = map_of(cbor.decode(statement.payload, 2), "time", (1, 2, 3))
    return Answer(
        statement,
        uint_of(body[1], "time", 1000 * EARLIEST_S, 1000 * LATEST_S),
        uint_of(body[2], "uncertainty", 0, 0xFFFFFFFF),
        bytes_of(body[3], "echo", ECHO_SIZE),
    )
