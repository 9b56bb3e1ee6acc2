"""What people do to a site: begin it, admit meters, order recharges. The gateway finds it in the site's inboxes."""

import json
import os
import secrets
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from blockchain_iface.engines.opening import Engine
from blockchain_iface.state.entries import Genesis
from firmware.wire.topics import is_id

from .adapters import files, keystore, releases, settings
from .adapters.actor import Actor, at_the_keyboard
from .adapters.broker import free_port
from .adapters.orders import AnyOrder, Approval, By, CommandOrder, CommissionOrder, Note, Order, ReadmitOrder, RevokeOrder
from .adapters.registry import row_of
from .adapters.registry_rows import Row, Unit
from .core import command_words
from .core.api_key import Role
from .core.application import RESERVED
from .core.register import Takeover
from .place import Place


class SiteError(Exception):
    """What was asked cannot be done to this site: the asker's fault. The message says why and what to do."""


class Ordered(NamedTuple):
    """An order's name, and the reference by which it counts once."""

    name: str
    reference: str


@dataclass(frozen=True)
class Site(Place):
    """A site. Whatever ``who`` orders or does here goes on the ledger."""

    who: Actor = field(default_factory=at_the_keyboard)

    def create(self, name: str, interval_s: int, deadline_s: int, engine: Engine = Engine.EMBEDDED) -> None:
        """Begin a new site: settings with free ports, the gateway's key, its authority over the broker's door.

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
        self.door.create(name, now())
        # last, so that a directory with settings is a whole one
        files.write(path, settings.document(name, engine, interval_s, deadline_s, free_port(), free_port()).encode())
        self.settings()

    def reader(self, target: Path) -> None:
        """Leave in ``target`` what lets Home Assistant read: ca.pem, reader.pem, reader.key. SiteError, KeyFileError."""
        if target.exists() and any(target.iterdir()):
            raise SiteError(f"{target} is not empty: name a new directory")
        with self.editing():
            key, certificate = self.door.issue_reader(now())
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name, data in (("ca.pem", self.door.ca.read_bytes()), ("reader.pem", certificate), ("reader.key", key)):
                files.write_secret(target / name, data)

    def renew_door(self) -> None:
        """Renew what the broker, the gateway and its web server show, if it is time. KeyFileError if that cannot be."""
        current = self.settings()
        with self.editing():
            self.door.renew(current.broker.certified, now())
            if not current.dashboard.is_near:
                self.door.renew_web(current.dashboard.certified, now())

    def genesis(self, public: bytes) -> Genesis:
        """The first entry that the settings ask for."""
        current = self.settings()
        return Genesis(public, current.interval_s, current.tariff.tariff())

    def token(self, meter: str, name: str | None, role: str | None, place: str | None) -> str:
        """A token by which ``meter`` may be enrolled within 15 minutes, once; the registry notes what it is.

        What is None stays as it is. For a meter that is enrolled already it renews the certificate for the broker.

        Raises:
            SiteError: that cannot be a meter's name, or the meter is new and nobody says what it is.
            RegistryError: name, role or place is not valid, or the registry is broken.
        """
        if not is_id(meter) or meter in RESERVED:
            raise SiteError(
                f"{meter!r} cannot be a meter's name: use 1 to 32 of a-z, 0-9 and -, but none of {', '.join(RESERVED)}"
            )
        with self.editing():
            known = self.registry.units().get(meter)
            if known is None and (name is None or role is None):
                raise SiteError(f"{meter} is new here: say --name and --role")
            fields = {"meter": meter, "place": ""} if known is None else known.model_dump()
            changes = {"name": name, "role": role, "place": place}
            fields |= {key: value for key, value in changes.items() if value is not None}
            unit = row_of(Unit, **fields)
            self.note("token", meter)
            self.registry.put(unit)
            return self.tokens.issue(meter, now())

    def edit(self, row: Row) -> None:
        """Put a row into the registry, in place of the one with its key. RegistryError if it does not fit there."""
        with self.editing():
            self.registry.put(row)
            self.note("registry-edit", row.key)

    def erase(self, kind: type[Row], key: str) -> None:
        """Take the row with this key out of the registry. RegistryError if that does not fit."""
        with self.editing():
            self.registry.remove(kind, key)
            self.note("registry-edit", key)

    def apply(self, identity: bytes, token: str, takeover: Takeover | None = None) -> Path:
        """Hand a meter's identity, as it prints it, to the gateway. Where the application lies. SiteError if it is none.

        ``takeover``: where another meter was, if it goes on there.
        """
        try:
            document = {**json.loads(identity), "token": token}
            meter = document["meter"]
            if takeover is not None:
                document["exchange"] = asdict(takeover)
        except (ValueError, TypeError, KeyError) as error:
            raise SiteError(f"this is no meter's identity ({error}): print it on the meter with --identity") from None
        if not isinstance(meter, str) or not is_id(meter):
            raise SiteError("this is no meter's identity: its meter has no valid name")
        self.note("exchange" if takeover else "enrol", meter)
        return self.enrolments.drop(meter, json.dumps(document).encode())

    def answer(self, application: Path) -> Path | None:
        """Where the answer to an application lies, None as long as there is none. SiteError with the reason of a refusal."""
        reason = self.enrolments.reason(application)
        if reason is not None:
            raise SiteError(f"{application.stem} is not enrolled: {reason}")
        path = self.enrolments.answer_to(application)
        return path if path.exists() and not application.exists() else None

    def shut_out(self, meter: str) -> int:
        """Shut the broker's door to a meter, until it has a new certificate; how many that took back."""
        self.note("revoke", meter)
        with self.editing():
            return self.door.revoke(meter, now())

    def revoke(self, meter: str, first: int | None, reason: str) -> str:
        """Order that a meter's key signs nothing from certificate ``first`` on, and shut it out at once; the order's name.

        What is older stays valid. None: from the first certificate that is not on the ledger. OrderError if ``first`` or
        ``reason`` is none.
        """
        order = RevokeOrder.made(order="revoke", meter=meter, first=first, reason=reason, by=self._by())
        with self.editing():
            self.door.revoke(meter, now())
        return self._drop(order)

    def readmit(self, meter: str, reason: str) -> str:
        """Order that what the quarantine of a meter's point has held back is settled; the order's name. OrderError."""
        return self._drop(ReadmitOrder.made(order="readmit", meter=meter, reason=reason, by=self._by()))

    def commission(self, acceptance: bytes) -> str:
        """Order that what was seen of a meter (see acceptance) is recorded; the order's name. OrderError if it is not valid."""
        return self._drop(CommissionOrder.of(acceptance, self._by()))

    def add_key(self, name: str, role: Role) -> str:
        """A new API key, to be shown once. ApiKeyError if the name is none, or has a key."""
        with self.editing():
            key = self.api_keys.add(name, role, now())
            self.note("key-add", name)
        return key

    def remove_key(self, name: str) -> None:
        """Take an API key away, at once. ApiKeyError if there is no such key."""
        with self.editing():
            self.api_keys.remove(name)
            self.note("key-remove", name)

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

    def order(self, kind: str, account: str, amount: int, reference: str | None) -> Ordered:
        """Order ``amount`` (> 0) micro-tokens to be recharged or recovered, once. OrderError if it is not valid."""
        reference = reference or f"{kind}-{secrets.token_hex(6)}"
        return Ordered(self._drop(Order.of(kind, account, amount, reference, self._by())), reference)

    def command(self, meter: str, words: list[str], valid_s: int) -> str:
        """Order the command that ``words`` say (see core.command_words), to be obeyed within ``valid_s``; the order's name.

        WordsError or SiteError if no meter could.
        """
        if meter not in self.registry.units():
            raise SiteError(f"{meter} is not enrolled here: `skerry gateway enrol` does that")
        top_up, expires = time.time_ns() // 1000, now() + valid_s
        order = CommandOrder(order="command", meter=meter, words=words, top_up=top_up, expires=expires, by=self._by())
        command_words.parse(order.words, order.top_up)
        return self._drop(order)

    def approve(self, name: str) -> str:
        """Approve order ``name``, which waits for a second person; the approval's name. SiteError if none of this name does."""
        if not self.is_held(name):
            raise SiteError(f"no order {name} waits for a second person: {', '.join(self.held()) or 'none'} does")
        return self._drop(Approval(order="approval", of=name, by=self._by()))

    def is_held(self, name: str) -> bool:
        """Whether order ``name`` waits for a second person."""
        return name in self.held()

    def held(self) -> list[str]:
        """The orders that wait for a second person."""
        return [path.stem for path in self.orders.all_held()]

    def refusal(self, name: str) -> str | None:
        """Why the gateway refused order ``name``, if it did."""
        try:
            return (self.root / "orders" / "refused" / f"{name}.json.reason").read_text().strip()
        except FileNotFoundError:
            return None

    def update(self, archive: bytes, meters: list[str]) -> int:
        """Order ``meters`` to run the release in ``archive``; its version.

        Raises:
            ReleaseError: it is none.
            SiteError: a meter is not of this site.
        """
        release = releases.parse(archive)
        units = self.registry.units()
        for meter in meters:
            if meter not in units:
                raise SiteError(f"{meter} is no meter of this site: it has {', '.join(sorted(units)) or 'none'}")
        for meter in meters:
            self.note("update", meter)
            self.updates.drop(meter, archive)
        return release.version

    def note(self, verb: str, subject: str) -> None:
        """Have the gateway record that ``who`` does this (state.entries.action.VERBS) to ``subject``, a meter, person, ..."""
        self.actions.drop(_name(), Note(verb=verb, subject=subject, by=self._by()).model_dump_json(indent=2).encode())

    def _drop(self, order: AnyOrder) -> str:
        name = _name()
        self.orders.drop(name, order.model_dump_json(indent=2).encode())
        return name

    def _by(self) -> By:
        return By(name=self.who.name, role=self.who.role, at=now())


def now() -> int:
    """Unix seconds."""
    return int(time.time())


def _name() -> str:
    """Of an order: no other has it, and the gateway takes them in the order in which they were made."""
    return f"{time.time_ns():020}-{secrets.token_hex(4)}"
