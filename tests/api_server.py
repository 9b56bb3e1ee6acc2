"""The gateway's web server without its dashboard, for tests: a site with a little ledger, served on loopback, keys by role."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Genesis
from gateway.access.access import Access
from gateway.access.gate import Gate
from gateway.access.origin import LOOPBACK
from gateway.adapters.broker import free_port
from gateway.core.api_key import Role
from gateway.core.centre import ShadowCentre
from gateway.core.view import MeterView, View
from gateway.inboxes import Inboxes
from gateway.monitoring.vitals import Vitals
from gateway.site import Site, now
from gateway.web import application
from tests.virtual_meter import CENTRE, INTERVAL, SITE, TARIFF
from tests.worlds import Island

MADE = 1_700_000_000


class ApiServer:
    """A site, its keys by role, and the address at which it answers."""

    def __init__(self, root: Path, needs_key: bool = False) -> None:
        self.site = Site(root)
        self.site.create(SITE, INTERVAL, 3 * INTERVAL)
        self.island = Island(self.site.ledger)
        for _ in range(3):
            self.island.run(wind=500, home=200, other=200, now=self.island.wind.t + INTERVAL)
        self.keys = {role: self.site.api_keys.add(f"the-{role}", role, MADE) for role in Role}
        self.access = Access(self.site.api_keys, {*LOOPBACK, "gateway.isle.example"}, needs_key)
        self._clients: dict[Role | None, httpx.Client] = {}
        self.centre: ShadowCentre | None = None
        self.web = application(self.site, self.view, Vitals(root), self.access)
        self.address = f"http://127.0.0.1:{free_port()}"

    def view(self) -> View:
        """A picture, made by hand."""
        wind = MeterView(
            meter="wind-1",
            name="Wind",
            role="wind",
            online=True,
            state_time=None,
            power_w=None,
            voltage_dv=None,
            frequency_mhz=None,
            soc_permille=None,
            import_wh=1000,
            export_wh=3500,
            certified_until=self.island.wind.t,
            clock_quality=2,
            clock_uncertainty_ms=100,
            issued=4,
            receipted=3,
            refused=0,
            balance=0,
        )
        return View(SITE, INTERVAL, self.island.wind.t, MADE, meters=(wind,), refusals={"noise": 2})

    def work(self) -> None:
        """What the worker's thread does with the inboxes."""
        if self.centre is None:
            rules, verifier = Genesis(CENTRE.public, INTERVAL, TARIFF), Verifier()
            self.centre = ShadowCentre(self.island.ledger, CENTRE, SITE, rules, 3 * INTERVAL, verifier, now())
            self.inboxes = Inboxes(self.site, self.centre)
        self.inboxes.take()

    def client(self, role: Role | None = None) -> httpx.Client:
        """Who asks with the key of ``role``, or without one."""
        if role not in self._clients:
            headers = {"authorization": f"Bearer {self.keys[role]}"} if role else {}
            self._clients[role] = httpx.Client(base_url=self.address, headers=headers)
        return self._clients[role]

    @contextmanager
    def running(self) -> Iterator["ApiServer"]:
        """It answers meanwhile."""
        config = uvicorn.Config(
            Gate(self.web, self.access), port=httpx.URL(self.address).port or 0, log_config=None, proxy_headers=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started:
                thread.join(0.01)
            yield self
        finally:
            server.should_exit = True
            thread.join()
