"""The operators' page: NiceGUI on FastAPI, with every asset served from this machine."""

import time
from collections.abc import Callable
from pathlib import Path

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


def mount(web: FastAPI, view: Callable[[], View]) -> None:
    """Put the page into ``web``. ``view`` is called about once a second, however many pages are open; it must not block."""
    watch = Watch(view())
    app.timer(_LOOK_S, lambda: watch.look(view()))
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
