"""Enrolment tokens: an operator's word that one meter may join one site, once, within a quarter of an hour.

A token reads ``site.meter.secret``, the secret 128 random bits. Only its SHA-256 is kept.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace

from firmware.wire.topics import is_id

LIFE_S = 900
SECRET_SIZE = 16


class TokenRefused(Exception):
    """The token does not admit this request: its bearer's fault, or their slowness. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token: its digest (hex), when it ends (Unix seconds), and the digest of the request that took it."""

    digest: str
    expires: int
    claimant: str = ""
    spent: bool = False


def issue(site: str, meter: str, secret: bytes, now: int) -> tuple[str, Token]:
    """The text for the bearer, and what to keep of it. ``secret``: SECRET_SIZE random bytes."""
    text = f"{site}.{meter}.{base64.b32encode(secret).decode().rstrip('=').lower()}"
    return text, Token(_digest(text), now + LIFE_S)


def claim(text: str, site: str, meter: str, kept: Token | None, request: bytes, now: int) -> Token:
    """What to keep of the token from now on: taken by ``request``. The same request may claim it again after a crash.

    Raises:
        TokenRefused: it is none, of another site or meter, unknown, used, or expired.
    """
    parts = text.split(".")
    if len(parts) != 3 or not all(map(is_id, parts[:2])):
        raise TokenRefused("this is no enrolment token: one reads site.meter.secret")
    if parts[0] != site:
        raise TokenRefused(f"the token is for site {parts[0]}, this is {site}: carry it there, or ask here for another")
    if parts[1] != meter:
        raise TokenRefused(f"the token is for {parts[1]}, the request is of {meter}: ask for a token for {meter}")
    if kept is None or not hmac.compare_digest(kept.digest, _digest(text)):
        raise TokenRefused("the token was never issued, or a newer one has replaced it: ask the operator for another")
    claimant = hashlib.sha256(request).hexdigest()
    if kept.claimant:
        if kept.spent or not hmac.compare_digest(kept.claimant, claimant):
            raise TokenRefused("the token has been used: ask the operator for another")
        return kept
    # further ahead than its life: the clock was set back
    if not 0 < kept.expires - now <= LIFE_S:
        raise TokenRefused(f"the token has expired, it lives {LIFE_S // 60} minutes: ask the operator for another")
    return replace(kept, claimant=claimant)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
