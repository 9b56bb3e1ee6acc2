"""What all commands of `skerry gateway` share: their arguments, and how they fail."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from blockchain_iface.document import EvidenceError
from blockchain_iface.ledger import LedgerError

from ..adapters.actor import Actor
from ..adapters.api_keys import ApiKeyError
from ..adapters.broker import BrokerError
from ..adapters.keystore import KeyFileError
from ..adapters.orders import OrderError
from ..adapters.registry import RegistryError
from ..adapters.releases import ReleaseError
from ..adapters.settings import SettingsError
from ..core.api_key import Role
from ..core.centre import OtherSite
from ..core.command_words import WordsError
from ..restoring import ReceiptsLost
from ..service import AlreadyRunning
from ..site import Site, SiteError

POLL_S = 0.1
KEY = "SKERRY_KEY"
"""In the environment, where a list of processes does not show it as it does arguments."""
_EXPECTED = (
    AlreadyRunning,
    ApiKeyError,
    BrokerError,
    EvidenceError,
    KeyFileError,
    LedgerError,
    OSError,
    OrderError,
    OtherSite,
    ReceiptsLost,
    RegistryError,
    ReleaseError,
    SettingsError,
    SiteError,
    WordsError,
)

Directory = Annotated[Path, typer.Argument(help="The site's directory.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to wait for the gateway's answer.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _echo(sentence: str) -> None:
    typer.echo(f"gateway: {sentence}", err=True)


@contextmanager
def plainly(say: Callable[[str], None] = _echo) -> Iterator[None]:
    """An expected error is one sentence and exit status 1; anything else is a defect and shows where."""
    try:
        yield
    except _EXPECTED as error:
        say(str(error))
        raise typer.Exit(1) from None


def site_of_caller(directory: Path, needed: Role = Role.OPERATOR, must_show: bool = False) -> Site:
    """The site, in the name of whoever works at it: the holder of the key in SKERRY_KEY, else the user who has logged in.

    Args:
        needed: what the key has to be for. Who shows none may write in the site's directory, which is more than any key gives.
        must_show: ask for a key where SKERRY_KEY holds none.
    Raises:
        SiteError: the key is nobody's, or its role does not cover this.
    """
    site = Site(directory)
    site.settings()
    text = os.environ.get(KEY) or (typer.prompt("Your key", hide_input=True, err=True) if must_show else None)
    if text is None:
        return site
    key = site.api_keys.holder(text.strip())
    if key is None:
        raise SiteError("this key is nobody's: `skerry gateway key list` says who has one")
    if not key.role.covers(needed):
        raise SiteError(f"this takes the role of {needed}; {key.name} is {key.role}")
    return Site(directory, Actor(key.name, key.role.value))
