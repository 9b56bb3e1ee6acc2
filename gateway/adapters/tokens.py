"""Where enrolment tokens are kept, hashed: one file a meter, so a new token replaces the one before."""

import json
import secrets
from dataclasses import asdict
from pathlib import Path

from ..core import token
from ..core.token import Token
from . import files


class Tokens:
    """The tokens of one site, in a directory of their own."""

    def __init__(self, directory: Path, site: str) -> None:
        self._directory = directory
        self._site = site

    def issue(self, meter: str, now: int) -> str:
        """A new token for ``meter``, to be shown once and kept nowhere."""
        text, kept = token.issue(self._site, meter, secrets.token_bytes(token.SECRET_SIZE), now)
        self._keep(meter, kept)
        return text

    def claim(self, text: str, meter: str, request: bytes, now: int) -> None:
        """Have ``request`` of ``meter`` take the token. TokenRefused if it may not."""
        self._keep(meter, token.claim(text, self._site, meter, self._kept(meter), request, now))

    def spend(self, meter: str) -> None:
        """The request that took the token has its answer: not even that one may come again."""
        kept = self._kept(meter)
        assert kept is not None
        self._keep(meter, Token(kept.digest, kept.expires, kept.claimant, True))

    def _kept(self, meter: str) -> Token | None:
        try:
            return Token(**json.loads(self._path(meter).read_text()))
        except FileNotFoundError:
            return None

    def _keep(self, meter: str, kept: Token) -> None:
        files.write_secret(self._path(meter), json.dumps(asdict(kept)).encode())

    def _path(self, meter: str) -> Path:
        return self._directory / f"{meter}.json"
