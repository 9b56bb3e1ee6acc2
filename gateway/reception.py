"""The reception: takes applications from the inbox, has them put on the ledger, and answers with what the meter needs.

The answer's keys are those of a meter's configuration: {"site", "meter", "gateway_key", "mqtt": {"host", "port", "tls": {"ca",
"cert"}}}. Nothing in it is secret.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import structlog

from blockchain_iface.ledger import Rejected

from .adapters import keystore
from .adapters.door import DoorKeyTaken
from .adapters.registry_rows import Unit
from .core import application
from .core.application import Application, ApplicationRefused
from .core.centre import ShadowCentre
from .core.token import TokenRefused
from .site import Site, now

_log = structlog.get_logger()


class Reception:
    """Enrols whoever comes with a valid token."""

    def __init__(self, site: Site, centre: ShadowCentre) -> None:
        self._site = site
        self._centre = centre
        self._settings = site.settings()
        self._public = keystore.load(site.keys).public.hex()

    def take(self, path: Path, data: bytes, units: Mapping[str, Unit]) -> None:
        """Deal with one application, unless it has to wait for the ledger: it stays where it is. Unavailable: bring it again.

        The token is claimed before the ledger is asked and spent after the answer is written: a crash in between
        lets the same application, and no other, come again.
        """
        inbox = self._site.enrolments
        try:
            one = application.parse(data, self._settings.site)
            unit = units.get(one.meter)
            if unit is None:
                raise ApplicationRefused(f"registry.json does not say what {one.meter} is: ask the operator for a token")
            with self._site.editing():
                self._site.tokens.claim(one.token, one.meter, data, now())
                answer = self._admit(one, unit)
                if answer is None:
                    return
                inbox.done(path, answer)
                self._site.tokens.spend(one.meter)
        except (ApplicationRefused, TokenRefused, DoorKeyTaken, Rejected) as error:
            reason = error.reason if isinstance(error, Rejected) else str(error)
            inbox.refuse(path, reason)
            _log.warning("an enrolment is refused", file=path.name, reason=reason)
        else:
            _log.info("admitted", meter=one.meter, role=unit.role, fingerprint=one.fingerprint.hex())

    def _admit(self, one: Application, unit: Unit) -> bytes | None:
        """The answer; None until the ledger has taken the key for good."""
        door = self._site.door
        door.check(one.meter, one.door_key)
        if not self._centre.enrol(one.request, unit.role, now(), one.takeover):
            return None
        if one.takeover is not None:
            door.revoke(one.takeover.old, now())
        broker = self._settings.broker
        tls = {"ca": door.ca.read_text(), "cert": door.issue(one.meter, one.door_key, now())}
        mqtt = {"host": broker.addresses[0], "port": broker.port, "tls": tls}
        answer = {"site": self._settings.site, "meter": one.meter, "gateway_key": self._public, "mqtt": mqtt}
        return json.dumps(answer, indent=2).encode()
