"""A new ledger file out of what a damaged one still holds.

Entries and blocks prove themselves and each other. All else in a file follows from them (tree, state, index), is made anew, and
must lead to the roots that the blocks sign: it does not matter whether it is damaged.
"""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from firmware.wire import cose
from firmware.wire.fields import WireError
from firmware.wire.proof import leaf_hash

from .archive import Archive
from .block import StoredBlock
from .ledger import Corrupt, Entry
from .signatures import Verifier
from .state.machine import Machine
from .state.state import Refused
from .store import Store
from .tiles import Tiles
from .verify import Findings, verify


def rebuild(
    archive: Archive, path: Path, progress: Callable[[int], None] | None = None
) -> tuple[Findings | None, Corrupt | None]:
    """Write the blocks of ``archive``, up to the first that is damaged, to a new file at ``path``, and verify that.

    Args:
        progress: called with the number of entries written so far.
    Returns:
        What the new file holds, None if nothing; and the damage that ended it, None if the file is whole again.
    Raises:
        FileExistsError: there is something at ``path``.
        Unavailable: it cannot be written.
        Corrupt: the new file does not verify, so signatures of the old one do not hold.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already: name a new file")
    copy, damage = _Copy(path), None
    try:
        entries = archive.entries(at_once=1)
        for stored in archive.blocks(at_once=1):
            copy.take(stored, list(islice(entries, max(0, stored.size - copy.size))))
            if progress is not None:
                progress(copy.size)
        if next(entries, None):
            damage = Corrupt("no block covers this entry", copy.size)
    except Corrupt as error:
        damage = error
    copy.close()
    return (verify(Archive(path)) if copy.size else None), damage


class _Copy:
    def __init__(self, path: Path) -> None:
        self.size = 0
        self._store = Store(path)
        self._tiles = Tiles(self._store.tile)
        self._machine = Machine(Verifier(), self._store.state)

    def close(self) -> None:
        self._store.close()

    def take(self, stored: StoredBlock, entries: list[Entry]) -> None:
        if self.size + len(entries) != stored.size:
            raise Corrupt(f"block {stored.height}: entries that it covers are missing")
        statements = [self._judged(entry) for entry in entries]
        sealed, block = self._machine.seal(stored.height), stored.block()
        self._tiles.grow(self.size, [leaf_hash(statement.data) for statement in statements])
        if (self._tiles.root(stored.size), (sealed.slots, sealed.root)) != (block.head.root, block.state):
            raise Corrupt(f"block {stored.height}: its entries do not lead to its roots")
        self._store.write(stored, statements, self._tiles.draft(), sealed)
        self._tiles.keep()
        self._machine.commit()
        self.size = stored.size

    def _judged(self, entry: Entry) -> cose.Statement:
        try:
            statement = cose.parse(entry.data)
            self._machine.apply(statement)
        except (WireError, Refused) as error:
            raise Corrupt(str(error), entry.index) from None
        self._machine.keep()
        return statement
