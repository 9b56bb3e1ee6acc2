"""What all commands of `skerry gateway` share: their arguments, and how they fail."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from blockchain_iface.document import EvidenceError
from blockchain_iface.ledger import LedgerError

from ..adapters.api_keys import ApiKeyError
from ..adapters.broker import BrokerError
from ..adapters.keystore import KeyFileError
from ..adapters.orders import OrderError
from ..adapters.registry import RegistryError
from ..adapters.releases import ReleaseError
from ..adapters.settings import SettingsError
from ..core.centre import OtherSite
from ..core.command_words import WordsError
from ..service import AlreadyRunning
from ..site import SiteError

POLL_S = 0.1
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
    RegistryError,
    ReleaseError,
    SettingsError,
    SiteError,
    WordsError,
)

Directory = Annotated[Path, typer.Argument(help="The site's directory.")]
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
