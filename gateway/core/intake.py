"""What becomes of admitted statements: new ones go to the ledger, known ones are answered again, evidence is put on record."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from blockchain_iface.ledger import Rejected
from blockchain_iface.state.entries import Alarm, Leak, Sighting
from firmware.wire import receipt

from .admission import Admitted
from .refusal import Refusal, Refused
from .writer import Writer


@dataclass(frozen=True, slots=True)
class Intake:
    """What to answer: the ledger has ``taken`` and gives receipts once it is final; ``refused`` is counted.

    ``fresh`` is what of ``taken`` came to the ledger only now.
    """

    taken: list[Admitted] = field(default_factory=list)
    fresh: list[Admitted] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def commit(writer: Writer, batch: Sequence[Admitted], now: int) -> Intake:
    """Put ``batch`` on the ledger, as one block unless it contradicts itself.

    Raises:
        Unavailable: some or nothing was written; bring the same batch again.
    """
    intake = Intake()
    while batch:
        fresh, batch = _sort(writer, batch, intake, now)
        _submit(writer, fresh, intake, now)
    return intake


def _sort(writer: Writer, batch: Sequence[Admitted], intake: Intake, now: int) -> tuple[dict[bytes, Admitted], list[Admitted]]:
    """(news by id, those that wait for what becomes of another one with their number)."""
    fresh: dict[bytes, Admitted] = {}
    first: dict[tuple[str, int, int], bytes] = {}
    later = []
    for one in batch:
        place = one.meter, one.kind, one.number
        known = _known(writer, one)
        if known is None:
            if first.setdefault(place, one.statement.id) == one.statement.id:
                fresh[one.statement.id] = one
            else:
                later.append(one)
        elif known == one.statement.id:
            intake.taken.append(one)
        else:
            _record_clone(writer, one, known, now)
            intake.refused.append(Refused(Refusal.CLONE, f"another one has number {one.number}", one.meter))
    return fresh, later


def _known(writer: Writer, one: Admitted) -> bytes | None:
    """The id of what is on the ledger in the place of ``one``."""
    if one.kind == receipt.ROTATION:
        entry = writer.ledger.get(one.statement.id)
        return entry.id if entry else None
    fact = writer.state.fact(one.kind, one.meter, one.number)
    return fact.id if fact else None


def _submit(writer: Writer, fresh: dict[bytes, Admitted], intake: Intake, now: int) -> None:
    while fresh:
        try:
            writer.ledger.submit([one.statement.data for one in fresh.values()], now)
        except Rejected as rejection:
            one = fresh.pop(rejection.id)
            intake.refused.append(Refused(Refusal.BROKEN_CHAIN, rejection.reason, one.meter))
        else:
            intake.taken.extend(fresh.values())
            intake.fresh.extend(fresh.values())
            return


def _record_clone(writer: Writer, clone: Admitted, first: bytes, now: int) -> None:
    """One alarm for each meter and number: evidence enough, and a clone that goes on cannot fill the ledger."""
    if (clone.meter, clone.kind, clone.number) not in writer.state.alarms:
        writer.write(clone.meter, Alarm(clone.kind, clone.meter, clone.number, first, clone.statement.data), now)


def record_leak(writer: Writer, one: Admitted, earlier: bytes, now: int) -> None:
    """Put on record that ``one`` and the statement with id ``earlier`` share a nonce, if the ledger agrees.

    Once a key: whoever has two such signatures has the key. Unavailable.
    """
    entry = writer.ledger.get(earlier)
    if entry is not None and one.statement.kid not in writer.state.leaks:
        # the beginnings of both r may be the same by chance
        with suppress(Rejected):
            writer.write(one.meter, Leak(entry.data, one.statement.data), now)


def record_sighting(writer: Writer, one: Admitted, now: int) -> None:
    """Compare the head that a meter saw with our own tree. A second history goes on record, with what both signed.

    ``one`` is final. Rejected or Unavailable.
    """
    if one.seen is None:
        return
    size, root = one.seen
    head = writer.ledger.head()
    assert head is not None  # the certificate is on the ledger
    own = writer.ledger.root(size)
    if own == root or (one.meter, size, root) in writer.state.sightings:
        return
    ours = (head.size, head.root) if own is None else (size, own)
    writer.write(one.meter, Sighting(one.statement.data, *ours), now)
