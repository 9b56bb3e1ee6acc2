"""A new ledger file out of what a damaged one still holds.

Entries and blocks prove themselves and each other. All else in a file follows from them (tree, state, index), is made anew, and
must lead to the roots that the blocks sign: it does not matter whether it is damaged.
"""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from .archive import Archive
from .ledger import Corrupt
from .replay import Replay
from .store import Store
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
    store, damage = Store(path), None
    copy = Replay(store)
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
    store.close()
    return (verify(Archive(path)) if copy.size else None), damage
