"""Where things lie in a site's directory, and who looks after each.

site.toml      what the owner decides                 ledger.sqlite   the only truth
registry.json  names, places, contacts, tariffs       broker/         the broker's files
keys/          the gateway's key, and its door's      tokens/         who may be enrolled, hashed
enrol/ orders/ updates/ inboxes of the running gateway   gateway.json    addresses and process ids while it runs
actions/ checkpoints/ what is to be recorded: what people have done here, what others have cosigned
commands/      under way, how they ended, and how far they are numbered
witness/       heads of other ledgers cosigned last
restored.json  until a restored copy is known to lack nothing
cometbft/      the node's home, and outbox.sqlite what waits for the others, where several sites keep one ledger
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from .adapters import files, releases, settings
from .adapters.api_keys import ApiKeys
from .adapters.door import Door
from .adapters.inbox import Inbox
from .adapters.numbers import Numbers
from .adapters.outcomes import Outcomes
from .adapters.papers import RESTORED
from .adapters.registry import Registry
from .adapters.registry_rows import Price
from .adapters.settings import Settings, SettingsError
from .adapters.tokens import Tokens

_CHECKPOINT_SIZE = 1 << 17


@dataclass(frozen=True)
class Place:
    """A site's directory, ``root``."""

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
    def running(self) -> Path:
        """Addresses and process ids while the gateway runs."""
        return self.root / "gateway.json"

    @property
    def lock(self) -> Path:
        """Held by the running gateway."""
        return self.root / "gateway.lock"

    @property
    def restored(self) -> Path:
        """There as long as this site is a copy whose meters have not all been heard."""
        return self.root / RESTORED

    @property
    def registry(self) -> Registry:
        """What people write about meters, contacts and tariffs."""
        return Registry(self.root / "registry.json", self._prices)

    @property
    def door(self) -> Door:
        """Who is let in by the broker."""
        return Door(self.keys / "door")

    @property
    def api_keys(self) -> ApiKeys:
        """Who may ask over HTTP, and for what."""
        return ApiKeys(self.keys / "api.json")

    @property
    def tokens(self) -> Tokens:
        """The enrolment tokens. SettingsError."""
        return Tokens(self.root / "tokens", self.settings().site)

    @property
    def enrolments(self) -> Inbox:
        """Where applications wait for the gateway."""
        return Inbox(self.root / "enrol", ".json")

    @property
    def orders(self) -> Inbox:
        """Where recharges, recoveries and commands wait for the gateway."""
        return Inbox(self.root / "orders", ".json")

    @property
    def actions(self) -> Inbox:
        """Where what people have done waits to be recorded."""
        return Inbox(self.root / "actions", ".json")

    @property
    def checkpoints(self) -> Inbox:
        """Where heads of this site's ledger that others have cosigned wait to be recorded."""
        return Inbox(self.root / "checkpoints", ".json", _CHECKPOINT_SIZE)

    @property
    def outcomes(self) -> Outcomes:
        """Commands under way, and how they ended."""
        return Outcomes(self.root / "commands")

    @property
    def numbers(self) -> Numbers:
        """How far commands are numbered."""
        return Numbers(self.root / "commands" / "number")

    @property
    def updates(self) -> Inbox:
        """Which release each meter is to run: its name, and the archive."""
        return Inbox(self.root / "updates", ".zip", releases.MAX_SIZE)

    def settings(self) -> Settings:
        """What ``site.toml`` says. SettingsError if it is not valid."""
        return settings.load(self.root / settings.FILE)

    def editing(self) -> AbstractContextManager[None]:
        """Held by whoever changes the registry, a token or the door."""
        return files.locked(self.root / "edit.lock")

    def _prices(self) -> dict[str, int]:
        """The ledger's, which it has from the settings; none while those cannot be read."""
        try:
            return self.settings().tariff.model_dump(include=set(get_args(Price)))
        except SettingsError:
            return {}
