"""Telling who asks: by the key itself, by a session that a key began, or by nothing but being on this machine."""

import secrets
import time
from collections.abc import Collection

import structlog

from ..adapters.api_keys import ApiKeyError, ApiKeys
from ..core import api_key
from ..core.api_key import ApiKey
from ..core.attempts import Attempts
from ..core.sessions import Sessions

_log = structlog.get_logger()


class WrongKey(Exception):
    """The key is nobody's: its bearer's fault. ``again_s``: seconds to wait after too many, else 0."""

    def __init__(self, again_s: int) -> None:
        super().__init__("too many wrong keys" if again_s else "this is nobody's key")
        self.again_s = again_s


class Access:
    """Who may come in.

    Attributes:
        names: by which the server is called, in Host headers.
        needs_key: false where who is on this machine may look at the dashboard without one.
    """

    def __init__(self, keys: ApiKeys, names: Collection[str], needs_key: bool) -> None:
        self.names = names
        self.needs_key = needs_key
        self._keys = keys
        self._sessions = Sessions()
        self._attempts = Attempts()

    def by_key(self, text: str, peer: str) -> ApiKey:
        """Whose key this is, shown from address ``peer``. WrongKey, and once within the limit a line in the log."""
        found = api_key.holder(text, self._known())
        if found is not None:
            return found
        again_s = self._attempts.fail(peer, time.monotonic())
        if not again_s:
            _log.warning("somebody showed a wrong key", peer=peer)
        raise WrongKey(again_s)

    def log_in(self, text: str, peer: str) -> str:
        """The cookie of a new session. WrongKey."""
        key = self.by_key(text, peer)
        cookie = secrets.token_urlsafe(32)
        self._sessions.begin(cookie, key.digest, int(time.time()))
        return cookie

    def by_session(self, cookie: str) -> ApiKey | None:
        """Whose session this is, as long as it lasts and its key is there."""
        digest = self._sessions.key_of(cookie, int(time.time()))
        return next((key for key in self._known() if key.digest == digest), None)

    def log_out(self, cookie: str) -> None:
        """End the session."""
        self._sessions.end(cookie)

    def _known(self) -> list[ApiKey]:
        """All keys; nobody's is known while their file is damaged."""
        try:
            return self._keys.all()
        except ApiKeyError as error:
            _log.error("nobody gets in with a key", reason=str(error))
            return []
