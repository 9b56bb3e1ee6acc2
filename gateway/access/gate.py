"""The gate before everything that the gateway answers over HTTP: is it called by its own name, by a page of its own, by whom?

The API wants a key with every request and takes no cookie, so that no page of another site can use a browser's session.
Everything else takes a key, a session, or, where the server listens on loopback alone, nothing from who is on this machine.
"""

from collections.abc import MutableMapping
from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..core.api_key import ApiKey
from . import login, origin
from .access import Access, WrongKey
from .headers import harden
from .problem import problem

API = "/api/"
MAX_BODY = 1 << 22
"""Bytes of a request, above the largest release."""
_VITAL = ("/health", "/metrics")
"""Whoever watches over this machine asks for these from here."""


class Gate:
    """ASGI middleware. Whose key it was, the applications behind find in ``request.state.key``."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI 3.0."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        is_api = scope["path"].startswith(API)

        async def answer(message: Message) -> None:
            if message["type"].endswith("http.response.start"):
                harden(message, is_api)
            await send(message)

        refusal = self._stranger(asked) or self._too_large(asked) or self._admit(asked, is_api)
        if refusal is not None:
            await refusal(scope, receive, answer)
        elif scope["type"] == "websocket":
            await self._app(scope, self._while_let_in(asked, receive, send), answer)
        else:
            await self._app(scope, receive, answer)

    def _stranger(self, asked: HTTPConnection) -> Response | None:
        """Refuse who calls us by another name, or asks from another site's page."""
        host = asked.headers.get("host", "")
        if not origin.is_called(host, self._access.names):
            return problem(421, "This server has another name: see [dashboard] addresses in site.toml.")
        if not origin.is_own(asked.headers.get("origin"), host):
            return problem(403, "A page of another site asks.")
        return None

    def _too_large(self, asked: HTTPConnection) -> Response | None:
        if "transfer-encoding" in asked.headers:
            return problem(411, "Say how long the body is.")
        length = asked.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY:
            return problem(413, f"At most {MAX_BODY} bytes are taken.")
        return None

    def _admit(self, asked: HTTPConnection, is_api: bool) -> Response | None:
        scheme, _, text = asked.headers.get("authorization", "").partition(" ")
        key: ApiKey | None = None
        if scheme.lower() == "bearer":
            try:
                key = self._access.by_key(text.strip(), peer(asked))
            except WrongKey as wrong:
                return refused(wrong)
        elif not is_api:
            key = self._access.by_session(asked.cookies.get(login.COOKIE, ""))
        asked.state.key = key
        if key is not None or self._is_open(asked, is_api):
            return None
        if not is_api and "text/html" in asked.headers.get("accept", ""):
            return RedirectResponse(login.PATH, 303)
        return problem(401, "Show a key: Authorization: Bearer skerry_...", {"www-authenticate": "Bearer"})

    def _is_open(self, asked: HTTPConnection, is_api: bool) -> bool:
        if is_api:
            return False
        path = asked.scope["path"]
        is_near = origin.is_near(peer(asked), asked.headers.keys(), asked.scope["http_version"])
        return path == login.PATH or (is_near and (path in _VITAL or not self._access.needs_key))

    def _while_let_in(self, asked: HTTPConnection, receive: Receive, send: Send) -> Receive:
        """An open page ends when its key or session does: at the latest with its next sign of life."""

        async def received() -> MutableMapping[str, Any]:
            message = await receive()
            if message["type"] == "websocket.receive" and self._admit(asked, False) is not None:
                await send({"type": "websocket.close", "code": 1008})
                return {"type": "websocket.disconnect", "code": 1008}
            return message

        return received


def peer(asked: HTTPConnection) -> str:
    """The address of the connection itself, whatever headers say."""
    return asked.client.host if asked.client else ""


def refused(wrong: WrongKey) -> Response:
    """The answer to a wrong key."""
    if wrong.again_s:
        return problem(429, "Too many wrong keys came from this address.", {"retry-after": str(wrong.again_s)})
    return problem(401, "This is nobody's key.", {"www-authenticate": 'Bearer error="invalid_token"'})
