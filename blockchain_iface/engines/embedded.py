"""The embedded engine: one SQLite file, one writer. The default, and enough for an island with one shadow centre.

A batch becomes one block in one transaction (WAL, synchronous=FULL): when ``submit`` returns it is on the disk.
"""

from pathlib import Path

from firmware.wire.signer import Signer

from ..signatures import Verifier
from ..standby import StandbyStore
from ..store import Store
from .local import LocalLedger

FILE = "ledger.sqlite"
"""The ledger's file in a site's directory."""


class EmbeddedLedger(LocalLedger):
    """A ledger.Ledger on one file. All calls come from one thread at a time."""

    def __init__(
        self, path: Path, signer: Signer, site: str, verifier: Verifier | None = None, standby: Path | None = None
    ) -> None:
        """Open or create the file.

        Args:
            path: the ledger file.
            signer: the shadow centre's key: it seals blocks and signs receipts.
            site: the site's id.
            verifier: shared with admission, so that nothing is read or checked twice.
            standby: a second file, on another disk, that has every block first.
        Raises:
            Corrupt: the file is no ledger, of another version, or contradicts itself.
            Unavailable: it cannot be opened or read.
        """
        super().__init__(StandbyStore(path, standby) if standby else Store(path), signer, site, verifier)
