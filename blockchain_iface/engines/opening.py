"""Which engine runs is a word in the configuration; whoever opens a ledger here does not learn more."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.wire.signer import Signer

from ..signatures import Verifier
from .embedded import FILE, EmbeddedLedger

if TYPE_CHECKING:
    from .cometbft import CometLedger


class Engine(StrEnum):
    """embedded: this centre alone. cometbft: several centres together; `skerry ledger testnet` makes their files."""

    EMBEDDED = "embedded"
    COMETBFT = "cometbft"


def open_ledger(
    engine: Engine, directory: Path, signer: Signer, site: str, verifier: Verifier, standby: Path | None = None
) -> "EmbeddedLedger | CometLedger":
    """Open the ledger of the site in ``directory``, or begin it. Arguments and errors are the engine's.

    ``standby`` is a second directory for it; cometbft needs none, for the other sites have every block.
    """
    if engine is Engine.COMETBFT:
        from .cometbft import CometLedger  # noqa: PLC0415 - a third of a gateway's time to start, and few need it

        return CometLedger(directory, signer, site, verifier)
    return EmbeddedLedger(directory / FILE, signer, site, verifier, standby / FILE if standby else None)
