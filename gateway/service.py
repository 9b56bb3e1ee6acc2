"""The running gateway: broker, worker and dashboard, started and stopped together."""

import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import structlog

from blockchain_iface.engines.opening import Engine

from .adapters import broker_rules, files
from .adapters.broker import Broker, find_mosquitto
from .adapters.mqtt import Link
from .core.authority import GATEWAY
from .core.view import View
from .monitoring.vitals import Vitals
from .site import Site
from .worker import Worker

_log = structlog.get_logger()

Serve = Callable[[Callable[[], View], Vitals, str, int, Callable[[str], None]], None]
"""serve(view, vitals, host, port, on_ready): show the picture until SIGTERM or SIGINT; tell ``on_ready`` the address."""


class AlreadyRunning(Exception):
    """Another gateway has this site. Stop it first, or leave it to its work."""


def run(root: Path, serve: Serve, engine: Engine | None = None) -> None:
    """Run the gateway of the site in ``root`` until SIGTERM or SIGINT. Call it from the main thread.

    Args:
        engine: what orders the ledger's entries, if not as the settings say.
    Raises:
        AlreadyRunning: another process runs it.
        SettingsError, KeyFileError, OtherSite, BrokerError, Corrupt, Unavailable: it cannot run; the message says why.
    """
    site = Site(root)
    site.settings()
    try:
        with files.locked(site.lock, wait=False):
            _run(site, serve, engine)
    except BlockingIOError:
        raise AlreadyRunning(f"the gateway of {root} runs already") from None


def _run(site: Site, serve: Serve, engine: Engine | None) -> None:
    signal.signal(signal.SIGTERM, _interrupt)
    site.running.unlink(missing_ok=True)
    settings = site.settings()
    site.renew_door()
    host, port, door = settings.broker.host, settings.broker.port, site.door
    broker = Broker(site.broker, settings.site, host, port, door, find_mosquitto())
    heard = f"{broker_rules.site_topics(settings.site).removesuffix('#')}+/up/#"
    link = Link(settings.broker.near, port, GATEWAY, door.ca, door.link, heard)
    vitals = Vitals(site.root)
    try:
        worker = Worker(site, broker, link, engine or settings.engine, vitals)
    except KeyboardInterrupt:
        return
    broker.start()
    try:
        worker.start()
        serve(worker.view, vitals, settings.dashboard.host, settings.dashboard.port, worker.dashboard_ready)
    except KeyboardInterrupt:
        pass
    finally:
        _log.info("stopping")
        worker.stop()
        link.stop()
        broker.stop()
        site.running.unlink(missing_ok=True)
    if worker.failure is not None:
        raise worker.failure


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM ends us in order, as Ctrl-C does."""
    raise KeyboardInterrupt
