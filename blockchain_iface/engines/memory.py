"""The memory engine, for tests: everything that the embedded one does but the disk, and a disk that fails on demand."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum

from firmware.wire.cose import Statement
from firmware.wire.signer import Signer

from ..block import StoredBlock
from ..ledger import Entry, Unavailable
from ..signatures import Verifier
from ..state.backing import Sealed
from ..state.memory import MemoryBacking
from .local import LocalLedger


class Step(Enum):
    """What a write consists of, in order."""

    BEGIN = "begin"
    ENTRIES = "entries"
    TILES = "tiles"
    STATE = "state"
    BLOCK = "block"
    COMMIT = "commit"


Fault = Callable[[Step, Callable[[], None]], None]
"""Called with each step of a write and what carries it out: does that or not, and may raise Unavailable before or after."""


class MemoryStorage:
    """A log.Storage that lives as long as the object: engines come and go over it as processes do over a file."""

    def __init__(self) -> None:
        self.fault: Fault = lambda _, carry_out: carry_out()
        self._entries: list[Entry] = []
        self._places: dict[bytes, int] = {}
        self._tiles: dict[int, bytes] = {}
        self._blocks: list[StoredBlock] = []
        self._sealed: list[Sealed] = []
        self.state = MemoryBacking()

    def write(
        self, block: StoredBlock, statements: Sequence[Statement], tiles: Mapping[int, bytes | bytearray], sealed: Sealed
    ) -> None:
        """See log.Storage.write. What the steps before the commit draft is forgotten if one of them fails."""
        draft, first = MemoryStorage(), block.size - len(statements)
        entries = [Entry(index, one.id, one.data, block.height) for index, one in enumerate(statements, first)]
        steps: dict[Step, Callable[[], None]] = {
            Step.BEGIN: lambda: None,
            Step.ENTRIES: lambda: draft._entries.extend(entries),
            Step.TILES: lambda: draft._tiles.update({key: bytes(tile) for key, tile in tiles.items()}),
            Step.STATE: lambda: draft._sealed.append(sealed),
            Step.BLOCK: lambda: draft._blocks.append(block),
            Step.COMMIT: lambda: self._commit(draft),
        }
        for step, carry_out in steps.items():
            self.fault(step, carry_out)

    def _commit(self, draft: "MemoryStorage") -> None:
        self._entries += draft._entries
        self._places.update({entry.id: entry.index for entry in draft._entries})
        self._tiles.update(draft._tiles)
        self._blocks += draft._blocks
        for sealed in draft._sealed:
            self.state.write(sealed)

    def known(self, ids: Sequence[bytes]) -> dict[bytes, Entry]:
        """See log.Storage.known."""
        return {id: self._entries[self._places[id]] for id in ids if id in self._places}

    def entry(self, id: bytes) -> Entry | None:
        """See log.Storage.entry."""
        place = self._places.get(id)
        return None if place is None else self._entries[place]

    def entries(self, after: int, limit: int) -> list[Entry]:
        """See log.Storage.entries."""
        return self._entries[after + 1 : after + 1 + limit]

    def block(self, height: int) -> StoredBlock | None:
        """See log.Storage.block."""
        return self._blocks[height] if height < len(self._blocks) else None

    def newest(self, count: int) -> list[StoredBlock]:
        """See log.Storage.newest."""
        return self._blocks[: -count - 1 : -1]

    def tile(self, key: int) -> bytes | None:
        """See log.Storage.tile."""
        return self._tiles.get(key)

    def close(self) -> None:
        """Nothing is closed: another engine may go on from here."""


def fails(at: Step, is_done: bool) -> Fault:
    """Unavailable at a step, before it is carried out or, if ``is_done``, after."""

    def fault(step: Step, carry_out: Callable[[], None]) -> None:
        if step is at and not is_done:
            raise Unavailable(f"{step.value} failed")
        carry_out()
        if step is at:
            raise Unavailable(f"{step.value} seemed to fail")

    return fault


class MemoryLedger(LocalLedger):
    """A ledger.Ledger in memory."""

    def __init__(self, storage: MemoryStorage, signer: Signer, site: str, verifier: Verifier | None = None) -> None:
        """Go on from what ``storage`` holds; otherwise as the embedded engine."""
        super().__init__(storage, signer, site, verifier)
