"""A ledger file and its standby: every block is on both before anybody sees it, so nothing receipted dies with one of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from firmware.wire.cose import Statement

from .block import StoredBlock
from .ledger import Corrupt
from .replay import Replay
from .state.backing import Sealed
from .store import Store, copy


class StandbyStore:
    """A log.Storage on two files. It is read from the ledger's.

    A block is written to the standby first: whoever reads the ledger sees nothing that the standby has not. Where only one of
    the two took a block, the other gets it before anybody may go on from there.
    """

    def __init__(self, path: Path, standby: Path) -> None:
        """Open both, and bring the one that is behind up to the other. A standby that is not there is made.

        Raises:
            Corrupt: they hold two histories.
            Unavailable: one of them cannot be used.
        """
        if path.exists() and not standby.exists():
            copy(path, standby)
        self._paths = path, standby
        self._standby, self._ledger = Store(standby), Store(path)
        self._is_level = False
        self.state, self.tile = self._ledger.state, self._ledger.tile
        self.known, self.entry, self.entries, self.block = (
            self._ledger.known,
            self._ledger.entry,
            self._ledger.entries,
            self._ledger.block,
        )

    def close(self) -> None:
        """Close both files."""
        self._standby.close()
        self._ledger.close()

    def write(
        self, block: StoredBlock, statements: Sequence[Statement], tiles: Mapping[int, bytes | bytearray], sealed: Sealed
    ) -> None:
        """See log.Storage.write."""
        self._is_level = False
        self._standby.write(block, statements, tiles, sealed)
        self._ledger.write(block, statements, tiles, sealed)
        self._is_level = True

    def newest(self, count: int) -> list[StoredBlock]:
        """See log.Storage.newest. Who asks this goes on from there, so the two are made level first."""
        if not self._is_level:
            self._level()
            self._is_level = True
        return self._ledger.newest(count)

    def _level(self) -> None:
        ours, theirs = (_height(store) for store in (self._ledger, self._standby))
        behind, ahead = (self._ledger, self._standby) if ours < theirs else (self._standby, self._ledger)
        shared = min(ours, theirs)
        if shared >= 0 and self._ledger.block(shared) != self._standby.block(shared):
            raise Corrupt(
                f"{self._paths[0]} and {self._paths[1]} hold two histories from block {shared} or before: the one that meters "
                "have receipts of must go on, and the other is evidence; `skerry ledger audit` compares them"
            )
        replay = Replay(behind)
        for height in range(shared + 1, max(ours, theirs) + 1):
            block = ahead.block(height)
            assert block is not None  # heights have no holes
            replay.take(block, ahead.entries(replay.size - 1, block.size - replay.size))


def _height(store: Store) -> int:
    newest = store.newest(1)
    return newest[0].height if newest else -1
