"""What the ledger's entries have brought about, as lines of the log: one for each, as loud as its kind deserves."""

import logging
from collections.abc import Mapping
from dataclasses import asdict

import structlog

from blockchain_iface.state.happenings import CloneFound, Happening, KeyLeaked, Priced, Revoked, Sighted, Traded

_log = structlog.get_logger()
_LEVELS: Mapping[type, int] = {
    Priced: logging.DEBUG,
    Traded: logging.DEBUG,
    Revoked: logging.WARNING,
    CloneFound: logging.ERROR,
    KeyLeaked: logging.ERROR,
    Sighted: logging.ERROR,
}
_WORDS: Mapping[type, str] = {
    CloneFound: "two statements have one number: the meter's key is in two places, and the proof is on record",
    KeyLeaked: "a key has signed twice with one nonce: anybody can work it out, exchange the meter; the proof is on record",
    Sighted: "a meter saw another history of this ledger: it is on record, and an auditor should know",
}


def log(happening: Happening) -> None:
    """One line."""
    kind = type(happening)
    said = {name: _readable(value) for name, value in asdict(happening).items()}
    _log.log(_LEVELS.get(kind, logging.INFO), _WORDS.get(kind, kind.__name__.lower()), **said)


def _readable(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    return tuple(map(_readable, value)) if isinstance(value, tuple) else value
