"""/ledger: its head, its blocks, and the proof that one head goes on from another."""

import time
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from blockchain_iface.archive import Archive
from blockchain_iface.block import StoredBlock

from ..core.api_key import Role
from .desk import AtDesk, Missing
from .rules import Limit, Number, Page, needs

router = APIRouter(prefix="/ledger", tags=["ledger"])


class BlockNow(BaseModel):
    """A block: the signed head of the ledger's first ``size`` entries. ``time`` in Unix seconds, byte strings in hex."""

    height: int
    size: int
    time: int
    root: str
    data: str


class HeadNow(BlockNow):
    """The newest block, and its age in seconds."""

    age_s: int


class Blocks(Page):
    """Blocks by height."""

    items: list[BlockNow]


class Consistency(BaseModel):
    """The proof (RFC 9162, section 2.1.4) that the first ``second`` entries begin with the first ``first``, in hex."""

    first: int
    first_root: str
    second: int
    second_root: str
    path: list[str]


@router.get("", **needs(Role.VIEWER))
def read_head(desk: AtDesk) -> HeadNow:
    """The newest block."""
    with desk.archive() as archive:
        newest = _shown(archive.newest())
    return HeadNow(**newest.model_dump(), age_s=max(0, int(time.time()) - newest.time))


@router.get("/blocks", **needs(Role.VIEWER))
def list_blocks(desk: AtDesk, after: Annotated[int, Query(ge=-1, lt=1 << 53)] = -1, limit: Limit = 100) -> Blocks:
    """Blocks from the first on."""
    with desk.archive() as archive:
        found = [_shown(block) for _, block in zip(range(limit), archive.blocks(after, limit), strict=False)]
    return Blocks(items=found, next=found[-1].height if len(found) == limit else None)


@router.get("/blocks/{height}", **needs(Role.VIEWER))
def read_block(desk: AtDesk, height: Number) -> BlockNow:
    """One block."""
    with desk.archive() as archive:
        if height > archive.newest().height:
            raise Missing(f"The ledger has no block {height} yet.")
        return _shown(archive.block(height))


@router.get("/consistency", **needs(Role.VIEWER))
def read_consistency(
    desk: AtDesk,
    first: Annotated[int, Query(ge=1, lt=1 << 53, description="A tree's size.")],
    second: Annotated[int, Query(ge=1, lt=1 << 53, description="A later one's.")],
) -> Consistency:
    """The proof that one head goes on from another."""
    with desk.archive() as archive:
        if not first <= second <= archive.newest().size:
            raise Missing(f"The ledger has no trees of {first} and then {second} entries.")
        return Consistency(
            first=first,
            first_root=_root(archive, first),
            second=second,
            second_root=_root(archive, second),
            path=[node.hex() for node in archive.consistency(first, second)],
        )


def _root(archive: Archive, size: int) -> str:
    return archive.root(size).hex()


def _shown(stored: StoredBlock) -> BlockNow:
    head = stored.head()
    return BlockNow(height=head.height, size=head.size, time=head.time, root=head.root.hex(), data=stored.data.hex())
