"""Where a request comes from, as far as its connection and headers tell. No I/O."""

from collections.abc import Collection, Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""The names by which a browser on this machine calls it."""
_PROXIED = ("forwarded", "via", "x-forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip")
_OF_PROXIES = "1.0"
"""The HTTP version that no browser speaks, and nginx does to what is behind it unless told otherwise."""


def is_loopback(address: str) -> bool:
    """Whether an IP address is of this machine alone."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def is_near(peer: str, headers: Iterable[str], http_version: str) -> bool:
    """Whether the connection itself comes from this machine, and neither its headers, in lower case, nor its version tell of a
    proxy."""
    is_passed_on = http_version == _OF_PROXIES or any(header.startswith(_PROXIED) for header in headers)
    return is_loopback(peer) and not is_passed_on


def is_called(host: str, names: Collection[str]) -> bool:
    """Whether the Host header is one of ``names``, at whatever port.

    A page of another site that has its own name resolve to 127.0.0.1 (DNS rebinding) still calls us by that name.
    """
    try:
        return (urlsplit(f"//{host}").hostname or "") in names
    except ValueError:
        return False


def is_own(origin: str | None, host: str) -> bool:
    """Whether a page of ours asks: the Origin header (RFC 6454), if there is one, has the Host header's name and port."""
    return origin is None or (origin.startswith(("http://", "https://")) and origin.partition("//")[2] == host)
