"""What the gateway answers over HTTP, in the main thread: uvicorn serves the dashboard and the API behind one gate."""

import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from .access import login
from .access.access import Access
from .access.gate import Gate
from .access.origin import LOOPBACK, is_loopback
from .adapters import files
from .api import app as api
from .core.view import View
from .dashboard import page
from .monitoring import web as monitoring
from .monitoring.vitals import Vitals
from .site import Site

_MOST_CONNECTIONS = 500
_LOOK_TICKS = 600  # of uvicorn, a tenth of a second each


class _Server(uvicorn.Server):
    """uvicorn, saying when it answers, and taking up its certificate when that is renewed."""

    def __init__(self, config: uvicorn.Config, certificate: Path | None, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._certificate = certificate
        self._read = files.version(certificate) if certificate else None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        if counter % _LOOK_TICKS == 0 and self._certificate and files.version(self._certificate) != self._read:
            assert self.config.ssl is not None
            self._read = files.version(self._certificate)
            self.config.ssl.load_cert_chain(self._certificate)
        return await super().on_tick(counter)


def serve(site: Site, view: Callable[[], View], vitals: Vitals, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve HTTP in the main thread until SIGTERM or SIGINT, then return.

    Args:
        view: called about once a second, however many pages are open; it must not block.
        vitals: what /metrics and /health tell.
        host: address to listen on; on one that is not of loopback all is behind TLS, and nobody gets in without a key.
        port: 0 for one that the system chooses.
        on_ready: called with the page's address once it answers.

    Raises:
        OSError: the address cannot be listened on: the caller's fault, or another program's that has the port.
    """
    listener = socket.create_server((host, port))
    certificate = None if is_loopback(host) else site.door.web
    called = site.settings().dashboard.addresses if certificate else [host]
    address = f"http{'s' if certificate else ''}://{called[0]}:{listener.getsockname()[1]}/"
    access = Access(site.api_keys, {*LOOPBACK, *called}, needs_key=certificate is not None)
    web = application(site, view, vitals, access)
    page.mount(web, view)
    config = uvicorn.Config(
        Gate(web, access),
        ws="wsproto",
        log_config=None,
        access_log=False,
        # what a proxy says of the caller would be believed, and anybody can say it
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=2,
        ssl_context_factory=(lambda *_: _tls(certificate)) if certificate else None,
    )
    with _signals_end_here():
        _Server(config, certificate, lambda: on_ready(address)).run(sockets=[listener])


def application(site: Site, view: Callable[[], View], vitals: Vitals, access: Access) -> FastAPI:
    """What is served beside the dashboard, which takes the rest. Its place is behind the gate."""
    web = FastAPI(openapi_url=None)
    web.mount(api.PREFIX, api.build(site, view, vitals))
    web.include_router(login.router(access))
    web.include_router(monitoring.router(view, vitals))
    return web


def _tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate)
    return context


@contextmanager
def _signals_end_here() -> Iterator[None]:
    """uvicorn raises a signal again after it has shut down; the caller has things to close, so it goes no further."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
