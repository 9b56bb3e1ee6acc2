"""The running gateway: broker, worker and dashboard, started and stopped together."""

import errno
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType
from typing import TypeVar

import structlog

from blockchain_iface.engines.opening import Engine
from blockchain_iface.ledger import Unavailable

from .adapters import broker_rules, files
from .adapters.broker import Broker, find_mosquitto
from .adapters.mqtt import Link
from .core import assistant
from .core.authority import GATEWAY
from .core.view import View
from .monitoring.vitals import Vitals
from .site import Site
from .systemd import notify
from .trouble import Trouble
from .worker import Worker

_log = structlog.get_logger()
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
_PATIENCE_S = 1.0
T = TypeVar("T")

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
        SettingsError, KeyFileError, OtherSite, BrokerError, Corrupt: it cannot run; the message says why.
    """
    site = Site(root)
    site.settings()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ExitStack() as held:
            _patiently(lambda: held.enter_context(files.locked(site.lock, wait=False)))
            _run(site, serve, engine)
    except BlockingIOError:
        raise AlreadyRunning(f"the gateway of {root} runs already") from None
    except KeyboardInterrupt:
        pass


def _run(site: Site, serve: Serve, engine: Engine | None) -> None:
    vitals = Vitals(site.root)
    broker, link, worker = _patiently(lambda: _prepared(site, engine, vitals))
    broker.start()
    try:
        worker.start()
        dashboard = site.settings().dashboard
        serve(worker.view, vitals, dashboard.host, dashboard.port, worker.dashboard_ready)
    except KeyboardInterrupt:
        pass
    finally:
        _log.info("stopping")
        notify.tell(notify.STOPPING)
        worker.stop()
        link.stop()
        broker.stop()
        with suppress(OSError):
            site.running.unlink(missing_ok=True)
    if worker.failure is not None:
        raise worker.failure


def _prepared(site: Site, engine: Engine | None, vitals: Vitals) -> tuple[Broker, Link, Worker]:
    site.running.unlink(missing_ok=True)
    settings = site.settings()
    site.renew_door()
    host, port, door = settings.broker.host, settings.broker.port, site.door
    broker = Broker(site.broker, settings.site, host, port, door, find_mosquitto())
    heard = [f"{broker_rules.site_topics(settings.site).removesuffix('#')}+/up/#"]
    if settings.home_assistant.enabled:
        heard.append(assistant.BIRTH)
    link = Link(settings.broker.near, port, GATEWAY, door.ca, door.link, heard)
    return broker, link, Worker(site, broker, link, engine or settings.engine, vitals)


def _patiently(step: Callable[[], T]) -> T:
    """``step``, again and again while the disk is full, may only be read, or fails: nobody has to start us when it is well."""
    trouble = Trouble("the gateway cannot begin, trying again", "the gateway can begin")
    while True:
        try:
            result = step()
        except (OSError, Unavailable) as error:
            if isinstance(error, OSError) and error.errno not in _DISK:
                raise
            trouble.goes_on(error)
        else:
            trouble.ends()
            return result
        time.sleep(_PATIENCE_S)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM ends us in order, as Ctrl-C does."""
    raise KeyboardInterrupt
