"""Where a request comes from, as far as its connection and headers tell. No I/O."""

from collections.abc import Collection, Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""The names by which a browser on this machine calls it."""
_PROXIED = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"})


def is_loopback(address: str) -> bool:
    """Whether an IP address is of this machine alone."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def is_near(peer: str, headers: Iterable[str]) -> bool:
    """Whether the connection itself comes from this machine, and none of its headers (in lower case) says it was passed on."""
    return is_loopback(peer) and _PROXIED.isdisjoint(headers)


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
