"""API keys: by which the gateway knows who asks. One person, or one machine, has one key and one role.

A key reads ``skerry_`` and 160 random bits in base32: a secret scanner finds it by ``skerry_[a-z2-7]{32}``. Only its SHA-256 is
kept. A slow hash makes guessing dear where people choose the secret; nobody guesses 160 random bits at any speed.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "skerry_"
SECRET_SIZE = 20


class Role(StrEnum):
    """What a key is for. Each one may do all that those before it may."""

    VIEWER = "viewer"
    """Reads."""
    OPERATOR = "operator"
    """Runs the site: meters, commands, recharges, names, contacts."""
    ADMINISTRATOR = "administrator"
    """Gives and takes keys, pays out, changes the meters' firmware."""

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what ``needed`` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key: whose it is, what for, its digest (hex), and when it was made (Unix seconds)."""

    name: str
    role: Role
    digest: str
    created: int


def issue(name: str, role: Role, secret: bytes, now: int) -> tuple[str, ApiKey]:
    """The text for the holder, and what to keep of it. ``secret``: SECRET_SIZE random bytes."""
    text = PREFIX + base64.b32encode(secret).decode().lower()
    return text, ApiKey(name, role, _digest(text), now)


def holder(text: str, keys: Iterable[ApiKey]) -> ApiKey | None:
    """Whose key ``text`` is; None if it is nobody's. How long that takes says nothing about the keys."""
    digest, found = _digest(text), None
    for key in keys:
        if hmac.compare_digest(key.digest, digest):
            found = key
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
