"""What every answer tells the browser not to do."""

from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders

_ALWAYS = {
    # NiceGUI puts its scripts and styles into the page, and Vue compiles templates there
    "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


def harden(message: MutableMapping[str, Any], is_private: bool) -> None:
    """Add to an ASGI message that starts an answer; what is private no cache keeps."""
    headers = MutableHeaders(scope=message)
    headers.update(_ALWAYS)
    if is_private:
        headers["cache-control"] = "no-store"
