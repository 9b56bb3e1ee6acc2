"""The top of the page: where one is, what time it is, and whether every certificate is on the ledger."""

from gateway.core.view import View

from .elements import Text, attribute, box, fact
from .verdict import Tone, verdict
from .watch import Watch
from .words import age, clock, count, day

STALE_AFTER_S = 10
"""Age of the core's picture from which the page says that it is old."""


class Masthead:
    """Site and clock, the verdict on delivery debt, and the state of the links."""

    def __init__(self) -> None:
        with box("header", "masthead"):
            with box("div", "place"):
                self._site = Text("h1", mark="site")
                Text("p", "metering and settlement", "quiet")
            with box("div", "time"):
                self._clock = Text("p", mark="clock", classes="clock")
                self._day = Text("p", mark="day", classes="quiet")
                self._stale = Text("p", mark="stale", classes="stale")
        with box("dl", "links"):
            self._broker = fact("Broker", "broker")
            self._head = fact("Ledger", "ledger-head")
            self._running = fact("Gateway", "running")
        with box("section", "verdict", "verdict") as self._verdict:
            self._headline = Text("p", mark="debt", classes="headline")
            self._headline.props["role"] = "status"
            self._detail = Text("p", mark="debt-detail", classes="detail")

    def show(self, watch: Watch, wall_clock: int) -> None:
        """Show the newest view at Unix second ``wall_clock``, which tells a picture that has stopped."""
        view = watch.view
        self._site.show(view.site)
        self._clock.show(clock(wall_clock))
        self._day.show(day(wall_clock))
        behind = wall_clock - view.time
        self._stale.show(f"these figures are {age(behind)} old" if behind > STALE_AFTER_S else "", Tone.BAD)
        judged = verdict(watch)
        attribute(self._verdict, "data-tone", judged.tone)
        self._headline.show(judged.headline)
        self._detail.show(judged.detail)
        self._broker.show(view.broker or "not known")
        self._head.show(_head(view))
        self._running.show(f"running for {age(view.time - view.started)}")


def _head(view: View) -> str:
    if not view.blocks:
        return "no block yet"
    newest = view.blocks[0]
    return f"block {count(newest.height)}, {age(view.time - newest.time)} old"
