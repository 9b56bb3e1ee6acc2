"""A site's second place, on another disk: blocks come there by the ledger's own store, all other papers by this."""

import time
from pathlib import Path

from .adapters.papers import Copies
from .site import Site, SiteError
from .trouble import Trouble

_PAUSE_S = 1.0


class Standby:
    """Keeps a site's papers in its second place."""

    def __init__(self, site: Site, directory: Path) -> None:
        """SiteError if ``directory`` is not there, or no better than the site's own disk."""
        if not directory.is_dir():
            raise SiteError(f"[standby] {directory} is not there: put the disk back, or take [standby] out of site.toml")
        if directory.stat().st_dev == site.root.stat().st_dev:
            raise SiteError(f"[standby] {directory} is on the site's own disk: is the other one mounted there?")
        self._copies = Copies(site.root, directory)
        self._refreshed = time.monotonic()
        self._next = 0.0
        self._trouble = Trouble("the standby takes nothing, trying again", "the standby is up to date again")

    @property
    def age_s(self) -> float:
        """Seconds since the papers were complete there."""
        return time.monotonic() - self._refreshed

    def refresh(self) -> None:
        """Bring the papers up to date, at most once a second. What cannot be is logged and tried again."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _PAUSE_S
        try:
            self._copies.refresh()
        except OSError as error:
            self._trouble.goes_on(error)
        else:
            self._refreshed = time.monotonic()
            self._trouble.ends()
