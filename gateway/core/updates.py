"""Which meter is to run which release, and how far it is. The meter's signed events say how it ends."""

from dataclasses import dataclass

from firmware.wire import command, cose, event
from firmware.wire.signer import Signer

from .commands import CommandDesk
from .release import Release
from .telemetry import StateMessage

_AGAIN_S = 30
_GOING = ("accepted", "resumed")
_CONFIRMED, _ON_TRIAL = "confirmed", "on trial"
_REFUSED, _FAILED = 1, 2  # results of a command


@dataclass(frozen=True, slots=True)
class News:
    """What a meter says of an update; ``final`` if nothing will follow, ``good`` if it runs the release for good."""

    meter: str
    version: int
    result: str
    final: bool = False
    good: bool = False


@dataclass(slots=True)
class _Order:
    release: Release
    manifest: bytes
    command: bytes = b""
    """Id of the command that offered it."""
    offer_at: int = 0
    accepted: bool = False


class Updates:
    """One site's updates. All times are Unix seconds.

    A meter is offered its release, as a command, whenever it is online, until it says what becomes of it. One that has
    accepted asks for what it lacks, also after a restart, and needs no further offer.

    Attributes:
        news: what meters have said, oldest first; whoever reads it takes it out.
    """

    def __init__(self, signer: Signer, site: str, desk: CommandDesk) -> None:
        self.news: list[News] = []
        self._signer = signer
        self._site = site
        self._desk = desk
        self._orders: dict[str, _Order] = {}

    def order(self, meter: str, release: Release, now: int) -> None:
        """``meter`` is to run ``release``, whatever was ordered before. RangeError if no meter could."""
        self._orders[meter] = _Order(release, release.manifest(self._signer, self._site, now))

    @property
    def meters(self) -> list[str]:
        """For which there is an order."""
        return list(self._orders)

    def offer(self, meter: str, state: StateMessage, now: int) -> bytes | None:
        """The command to send to ``meter`` now, if any; ``state`` is its last word."""
        order = self._orders[meter]
        if order.accepted or not state.online or order.offer_at - _AGAIN_S <= now < order.offer_at:
            return None
        version = order.release.version
        # a gateway that was started again finds its meters somewhere on the way
        if state.update in [f"version {version} {word}" for word in (*_GOING, _ON_TRIAL)]:
            order.accepted = True
            return None
        if state.version == version:
            self._end(meter, "runs already", good=True)
            return None
        data = self._desk.issue(meter, command.UPDATE, order.manifest, now)
        order.command = cose.parse(data).id
        order.offer_at = now + _AGAIN_S
        return data

    def answer(self, meter: str, want: bytes) -> bytes | None:
        """The chunk that ``meter`` asks for, if it is of its release. WireError if ``want`` is none."""
        order = self._orders.get(meter)
        if order is None:
            return None
        chunk = order.release.answer(want)
        order.accepted = order.accepted or chunk is not None
        return chunk

    def take_event(self, meter: str, one: event.Event) -> None:
        """Take a new event of ``meter``, of whatever kind."""
        order = self._orders.get(meter)
        if one.kind == event.UPDATE:
            version, result = one.details.get(1), one.details.get(2)
            if isinstance(version, int) and isinstance(result, str):
                self._take_result(meter, order, version, result)
        elif one.kind == event.COMMAND and order is not None and one.details.get(1) == order.command:
            if one.details.get(2) == _REFUSED:
                self._end(meter, f"refused: {one.details.get(5)}")
            elif one.details.get(2) == _FAILED:
                order.offer_at = 0

    def _take_result(self, meter: str, order: _Order | None, version: int, result: str) -> None:
        # 0: it could not even be read
        if order is None or version not in (0, order.release.version):
            self.news.append(News(meter, version, result))
        elif result in _GOING:
            order.accepted = True
            self.news.append(News(meter, version, result))
        else:
            self._end(meter, result, good=result == _CONFIRMED)

    def _end(self, meter: str, result: str, good: bool = False) -> None:
        order = self._orders.pop(meter)
        self.news.append(News(meter, order.release.version, result, final=True, good=good))
