"""MQTT topics: ``sk/v1/<site>/<meter>/up|down/<kind>``. One prefix a meter, for the broker's rules."""

from .fields import RangeError, WireError

ROOT = "sk/v1"
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
UP = ("cert", "event", "state", "health", "time", "log", "want", "rotation")


def is_id(text: object) -> bool:
    """True for a site, meter or ledger name: 1 to 32 of ``[a-z0-9-]``."""
    return isinstance(text, str) and 1 <= len(text) <= 32 and not text.strip(_LETTERS)


def _topic(site: str, meter: str, direction: str, kind: str) -> str:
    if not is_id(site) or not is_id(meter):
        raise RangeError("site and meter are 1 to 32 of [a-z0-9-]")
    return "/".join((ROOT, site, meter, direction, kind))


def up(site: str, meter: str, kind: str) -> str:
    """Topic on which a meter speaks; ``kind`` is one of UP. RangeError for a bad id."""
    return _topic(site, meter, "up", kind)


def down(site: str, meter: str, kind: str) -> str:
    """Topic on which a meter listens; ``kind`` is receipt, cmd or time. RangeError for a bad id."""
    return _topic(site, meter, "down", kind)


def parse_up(topic: str) -> "tuple[str, str, str]":
    """(site, meter, kind) of an ``up`` topic. WireError for anything else."""
    parts = topic.split("/")
    if len(parts) != 6 or "/".join(parts[:2]) != ROOT or parts[4] != "up" or parts[5] not in UP:
        raise WireError("not a topic a meter publishes on")
    if not is_id(parts[2]) or not is_id(parts[3]):
        raise WireError("site and meter are 1 to 32 of [a-z0-9-]")
    return parts[2], parts[3], parts[5]
