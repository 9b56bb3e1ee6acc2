"""How well a map fits a device: facts for and against, from one reading. No I/O."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from firmware.meter.reading import Reading

SUNSPEC = "sunspec"
ENOUGH = 4
"""Points from which a map is believed."""
LEAD = 2
"""Points by which the best has to be ahead of the next."""
_MAINS_DV = (900, 2800)
_MAINS_MHZ = (45_000, 65_000)
_MARKER = 10


@dataclass(frozen=True, slots=True)
class Fact:
    """What speaks for a map, and how much."""

    points: int
    text: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One map, tried on one device.

    `map` as in a meter's configuration; `against` is why it cannot be this device, "" if it can; `reading` are the values that
    the map makes of the registers, in the units of `firmware.meter.reading.Reading`.
    """

    map: str
    device: str
    against: str = ""
    facts: tuple[Fact, ...] = ()
    reading: dict[str, int] | None = None

    @property
    def points(self) -> int:
        """The weight of all facts; -1 for a map that cannot be it."""
        return -1 if self.against else sum(fact.points for fact in self.facts)


def judged(map: str, device: str, reading: Reading) -> Candidate:
    """The candidate that this reading makes of a map."""
    values = {name: getattr(reading, name) for name in ("w", "import_wh", "export_wh", "dv", "mhz", "soc")}
    return Candidate(map, device, "", tuple(_facts(map, reading)), {k: v for k, v in values.items() if v is not None})


def _facts(map: str, reading: Reading) -> Iterator[Fact]:
    if map == SUNSPEC:
        yield Fact(_MARKER, "the SunSpec marker, and models that can be read")
    if reading.mhz is not None and _MAINS_MHZ[0] <= reading.mhz <= _MAINS_MHZ[1]:
        yield Fact(5, f"{reading.mhz / 1000:.2f} Hz is a mains frequency")
    if reading.dv is not None and _MAINS_DV[0] <= reading.dv <= _MAINS_DV[1]:
        yield Fact(3, f"{reading.dv / 10:.1f} V is a mains voltage")
    if reading.soc:
        yield Fact(3, f"{reading.soc / 10:.1f} % is a state of charge")
    if reading.w:
        yield Fact(2, f"{reading.w} W is a power that this device can have")
    for name, wh in (("imported", reading.import_wh), ("exported", reading.export_wh)):
        if wh:
            yield Fact(1, f"{wh} Wh {name}")


def ranked(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The best first; those that cannot be it at the end, by name."""
    return tuple(sorted(candidates, key=lambda candidate: (-candidate.points, candidate.map)))


def matching(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Those that the device may be: none, one, or several that only its nameplate can tell apart."""
    order = ranked(candidates)
    if not order or order[0].points < ENOUGH:
        return ()
    return tuple(candidate for candidate in order if candidate.points > order[0].points - LEAD)
