"""A site's directory, and what people do to it: begin it, enrol meters, order recharges. Works while the gateway runs.

site.toml      what the owner decides                 ledger.sqlite   the only truth
registry.json  the names people give                  broker/         the broker's files
keys/          the gateway's key and password         credentials/    what a technician carries to each meter
enrol/ orders/ inboxes of the running gateway         gateway.json    addresses and process ids while it runs
witness/       heads of other ledgers cosigned last
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Genesis
from firmware.wire import cose, enrolment
from firmware.wire.fields import WireError
from firmware.wire.topics import is_id

from .adapters import broker_rules, files, keystore, settings
from .adapters.broker import free_port
from .adapters.inbox import Inbox
from .adapters.orders import Order
from .adapters.registry import Registry, Unit
from .adapters.settings import Settings


class SiteError(Exception):
    """What was asked cannot be done to this site: the asker's fault. The message says why and what to do."""


@dataclass(frozen=True)
class Enrolled:
    """What ``enrol`` did: the key's fingerprint (8 bytes, hex) and where the meter's credentials lie."""

    meter: str
    fingerprint: str
    credentials: Path


@dataclass(frozen=True)
class Site:
    """The places in a site's directory."""

    root: Path

    @property
    def keys(self) -> Path:
        """The gateway's secrets."""
        return self.root / "keys"

    @property
    def ledger(self) -> Path:
        """The ledger file."""
        return self.root / "ledger.sqlite"

    @property
    def broker(self) -> Path:
        """The broker's files."""
        return self.root / "broker"

    @property
    def passwords(self) -> Path:
        """The broker's password file."""
        return self.broker / "passwd"

    @property
    def running(self) -> Path:
        """Addresses and process ids while the gateway runs."""
        return self.root / "gateway.json"

    @property
    def lock(self) -> Path:
        """Held by the running gateway."""
        return self.root / "gateway.lock"

    @property
    def registry(self) -> Registry:
        """The names of meters."""
        return Registry(self.root / "registry.json")

    @property
    def enrolments(self) -> Inbox:
        """Where requests wait for the gateway."""
        return Inbox(self.root / "enrol", ".cbor")

    @property
    def orders(self) -> Inbox:
        """Where recharges and recoveries wait for the gateway."""
        return Inbox(self.root / "orders", ".json")

    def settings(self) -> Settings:
        """What ``site.toml`` says. SettingsError if it is not valid."""
        return settings.load(self.root / settings.FILE)

    def broker_password(self) -> str:
        """The gateway's own password on the broker."""
        return (self.keys / "broker-password").read_text()

    def create(self, name: str, interval_s: int, deadline_s: int) -> None:
        """Begin a new site: settings with free ports, the gateway's key, its place on the broker.

        Raises:
            SiteError: there is one already, or the name is none.
        """
        path = self.root / settings.FILE
        if path.exists():
            raise SiteError(f"{self.root} holds a site already: choose another directory")
        if not is_id(name):
            raise SiteError(f"{name!r} is no site's name: use 1 to 32 of a-z, 0-9 and -")
        self.root.mkdir(parents=True, exist_ok=True)
        keystore.create(self.keys)
        password = broker_rules.new_password()
        files.write_secret(self.keys / "broker-password", password.encode())
        broker_rules.set_password(self.passwords, broker_rules.GATEWAY, password)
        # last, so that a directory with settings is a whole one
        files.write(path, settings.document(name, interval_s, deadline_s, free_port(), free_port()).encode())
        self.settings()

    def genesis(self, public: bytes) -> Genesis:
        """The first entry that the settings ask for."""
        current = self.settings()
        return Genesis(public, current.interval_s, current.tariff.tariff())

    def enrol(self, request: bytes, name: str, role: str, place: str) -> Enrolled:
        """Accept a meter: note its name, give it a place on the broker, and hand its request to the gateway.

        Doing it again with the same request changes the name, role and place only.

        Raises:
            SiteError: the request is none, of another site, not signed by its key, or the meter has another key already.
        """
        statement = self._checked(request)
        meter = statement.subject
        with files.locked(self.root / "edit.lock"):
            taken = self.root / "enrol" / "done" / f"{meter}.cbor"
            if taken.exists() and taken.read_bytes() != request:
                raise SiteError(f"{meter} is enrolled already with another key: give the new device a new name")
            credentials = self._credentials(meter)
            self.registry.put(Unit.of(meter, name, role, place))
            if not taken.exists():
                self.enrolments.drop(meter, request)
        return Enrolled(meter, statement.kid.hex(), credentials)

    def _checked(self, request: bytes) -> cose.Statement:
        site = self.settings().site
        try:
            statement = cose.parse(request, enrolment.MAX_SIZE)
            public = enrolment.public_of(statement)
        except WireError as error:
            raise SiteError(f"this is no enrolment request ({error}): fetch it from the meter again") from None
        if statement.issuer != site:
            raise SiteError(f"the request is for site {statement.issuer}, this is {site}: correct the meter's configuration")
        if statement.subject in broker_rules.RESERVED:
            raise SiteError(f"{statement.subject} cannot be a meter's name: choose another in the meter's configuration")
        if not Verifier().holds(statement, public):
            raise SiteError("the request is not signed by the key that it offers: fetch it from the meter again")
        return statement

    def _credentials(self, meter: str) -> Path:
        """Written once; the password is kept nowhere else in the clear."""
        path = self.root / "credentials" / f"{meter}.json"
        if not path.exists():
            document = {
                "username": meter,
                "password": broker_rules.new_password(),
                "host": broker_rules.HOST,
                "port": self.settings().broker.port,
                "gateway_key": keystore.load(self.keys).public.hex(),
            }
            files.write_secret(path, json.dumps(document, indent=2).encode())
        if meter not in broker_rules.read_passwords(self.passwords):
            broker_rules.set_password(self.passwords, meter, json.loads(path.read_text())["password"])
        return path

    def status(self) -> dict[str, Any]:
        """What gateway.json says, with ``running``: false while the gateway stands, or has not begun to answer."""
        stands = {"running": False, "site": self.settings().site}
        try:
            document: dict[str, Any] = json.loads(self.running.read_text())
            os.kill(document["pid"], 0)
        except (FileNotFoundError, ProcessLookupError):
            return stands
        except PermissionError:
            pass  # it runs, as another user
        return {"running": True, **document}

    def order(self, kind: str, account: str, amount: int, reference: str | None) -> str:
        """Order ``amount`` (> 0) micro-tokens to be recharged or recovered, once; the order's reference."""
        reference = reference or f"{kind}-{secrets.token_hex(6)}"
        order = Order.of(kind, account, amount, reference)
        self.orders.drop(secrets.token_hex(8), order.model_dump_json(indent=2).encode())
        return reference
