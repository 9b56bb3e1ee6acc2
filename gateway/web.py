"""What the gateway answers over HTTP, in the main thread: uvicorn serves the dashboard."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from .core.view import View
from .dashboard import page
from .monitoring.vitals import Vitals
from .monitoring.web import router


class _Server(uvicorn.Server):
    """uvicorn, saying when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


def serve(view: Callable[[], View], vitals: Vitals, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve HTTP in the main thread until SIGTERM or SIGINT, then return.

    Args:
        view: called about once a second, however many pages are open; it must not block.
        vitals: what /metrics and /health tell.
        host: address to listen on; nothing guards the page, so 127.0.0.1 unless the network is trusted.
        port: 0 for one that the system chooses.
        on_ready: called with the page's address once it answers.

    Raises:
        OSError: the address cannot be listened on: the caller's fault, or another program's that has the port.
    """
    listener = socket.create_server((host, port))
    address = f"http://{host}:{listener.getsockname()[1]}/"
    web = FastAPI(openapi_url=None)
    web.include_router(router(view, vitals))
    page.mount(web, view)
    config = uvicorn.Config(web, ws="wsproto", log_config=None, access_log=False, timeout_graceful_shutdown=2)
    with _signals_end_here():
        _Server(config, lambda: on_ready(address)).run(sockets=[listener])


@contextmanager
def _signals_end_here() -> Iterator[None]:
    """uvicorn raises a signal again after it has shut down; the caller has things to close, so it goes no further."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
