"""What every route works with, and what it is told of its caller."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from blockchain_iface.archive import Archive
from blockchain_iface.state.state import State

from ..adapters.actor import Actor
from ..core.api_key import ApiKey
from ..core.view import View
from ..monitoring.vitals import Vitals
from ..site import Site


class Missing(Exception):
    """What was asked for is not here. The message says what."""


class Forbidden(Exception):
    """The caller's role does not cover what was asked. The message says which one does."""


@dataclass(frozen=True)
class Desk:
    """A site, its newest picture, how its gateway is doing, and its ledger to be read."""

    site: Site
    name: str
    """The site's."""
    view: Callable[[], View]
    vitals: Vitals
    prefix: str
    """Where the API is mounted."""

    def site_of(self, caller: ApiKey) -> Site:
        """The site as ``caller`` changes it: it is in their name that the ledger records it."""
        return Site(self.site.root, Actor(caller.name, caller.role.value))

    @contextmanager
    def archive(self) -> Iterator[Archive]:
        """The ledger's file, to be read in this thread. Unavailable before there is one."""
        archive = Archive(self.site.ledger)
        try:
            yield archive
        finally:
            archive.close()

    def state(self, archive: Archive) -> State:
        """What the site's entries add up to."""
        return State(archive.state(), self.name)


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _caller(request: Request) -> ApiKey:
    key: ApiKey = request.state.key  # the gate lets nobody in without one
    return key


AtDesk = Annotated[Desk, Depends(_desk)]
Caller = Annotated[ApiKey, Depends(_caller)]
