"""Taking another file's blocks into a ledger file, each judged anew and led to the roots that it signs."""

from firmware.wire import cose
from firmware.wire.fields import WireError
from firmware.wire.proof import leaf_hash

from .block import StoredBlock
from .ledger import Corrupt, Entry
from .signatures import Verifier
from .state.machine import Machine
from .state.state import Refused
from .store import Store
from .tiles import Tiles


class Replay:
    """A file that takes blocks. ``size``: entries it holds so far."""

    def __init__(self, store: Store) -> None:
        newest = store.newest(1)
        self.size = newest[0].size if newest else 0
        self._store = store
        self._tiles = Tiles(store.tile)
        self._machine = Machine(Verifier(), store.state)

    def take(self, stored: StoredBlock, entries: list[Entry]) -> None:
        """Write the next block. Corrupt if it is not what its entries lead to; Unavailable."""
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
