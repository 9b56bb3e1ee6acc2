"""The operators' page: NiceGUI on FastAPI and uvicorn, with every asset served from this machine."""

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from nicegui import app, ui

from gateway.core.view import View

from .books import Books
from .elements import box
from .masthead import Masthead
from .meters import MeterTable
from .power import PowerPicture
from .price import PriceStrip
from .watch import Watch

_STYLES = ("style.css", "tables.css")
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="16" fill="#0f6b66"/>'
    '<path d="M5 21q5.500-11 11-11t11 11z" fill="#f6f4ee"/></svg>'
)
_LOOK_S = 1.0


class _Server(uvicorn.Server):
    """uvicorn, saying when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


def serve(view: Callable[[], View], host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve the dashboard in the main thread until SIGTERM or SIGINT, then return.

    Args:
        view: called about once a second, however many pages are open; it must not block.
        host: address to listen on; nothing guards the page, so 127.0.0.1 unless the network is trusted.
        port: 0 for one that the system chooses.
        on_ready: called with the page's address once it answers.

    Raises:
        OSError: the address cannot be listened on: the caller's fault, or another program's that has the port.
    """
    listener = socket.create_server((host, port))
    address = f"http://{host}:{listener.getsockname()[1]}/"
    watch = Watch(view())
    app.timer(_LOOK_S, lambda: watch.look(view()))
    web = FastAPI(openapi_url=None)
    ui.run_with(
        web,
        root=lambda: _page(watch),
        title=f"{watch.view.site} \N{MIDDLE DOT} skerry",
        favicon=_ICON,
        dark=None,
        language="en-GB",
        tailwind=False,
        show_welcome_message=False,
    )
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


def _page(watch: Watch) -> None:
    for name in _STYLES:
        ui.add_css(Path(__file__).with_name(name))
    with box("main", "page"):
        masthead = Masthead()
        price = PriceStrip()
        power = PowerPicture()
        meters = MeterTable()
        books = Books()

    def refresh() -> None:
        masthead.show(watch, int(time.time()))
        for section in (price, power, meters, books):
            section.show(watch)

    refresh()
    ui.timer(_LOOK_S, refresh)
