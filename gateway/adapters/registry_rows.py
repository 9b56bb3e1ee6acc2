"""What people write into ``registry.json``: meters, whom to call about them, and which tariff's name they go by."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Id = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
Name = Annotated[str, Field(min_length=1, max_length=64)]


def _is_written(day: object) -> object:
    if isinstance(day, int | float):
        raise ValueError("a day is written like 2026-12-31")
    return day


Day = Annotated[date, BeforeValidator(_is_written)]
Role = Literal["wind", "house", "storage", "load", "feeder"]
Price = Literal["feed_in", "price_min", "price_max", "grid_price"]


class Row(BaseModel):
    """A row of one table; ``KEY`` is the field that tells it from the others there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    TABLE: ClassVar[str]
    KEY: ClassVar[str]

    @property
    def key(self) -> str:
        """What tells it from the others."""
        return str(getattr(self, self.KEY))


class Unit(Row):
    """One meter as people see it. ``role`` counts at enrolment; afterwards the ledger's is the truth."""

    TABLE, KEY = "_default", "meter"
    meter: Id
    name: Name
    role: Role
    place: Annotated[str, Field(max_length=128)] = ""


class Contact(Row):
    """A person, and about which meters they are called."""

    TABLE, KEY = "contacts", "contact"
    contact: Id
    name: Name
    phone: Annotated[str, Field(pattern=r"^\+?[0-9][0-9 ()/-]{2,31}$")] | None = None
    mail: Annotated[str, Field(pattern=r"^[!-?A-~]{1,64}@[!-?A-~]{1,189}$")] | None = None
    meters: list[Id] = []


class Tariff(Row):
    """What customers call a tariff, who is on it and when: from a day on, and until the day before another.

    ``prices`` in micro-tokens per kWh are what the customers were told. The ledger's are what they pay: others are a mistake.
    """

    TABLE, KEY = "tariffs", "tariff"
    tariff: Id
    name: Name
    valid_from: Day
    valid_until: Day | None = None
    meters: list[Id] = []
    prices: dict[Price, int] = {}


class Book(NamedTuple):
    """All rows by their keys."""

    units: dict[str, Unit]
    contacts: dict[str, Contact]
    tariffs: dict[str, Tariff]


class Mistake(NamedTuple):
    """What is wrong with a row that is valid by itself: the field, and the place in it if it is a list or a table."""

    path: tuple[str | int, ...]
    message: str


def mistakes(row: Row, before: Mapping[str, Row], meters: Mapping[str, object], prices: Mapping[str, int]) -> Iterator[Mistake]:
    """What contradicts the rows ``before`` it in its table, the ``meters`` of the registry, or the ledger's ``prices``."""
    if row.key in before:
        yield Mistake((row.KEY,), f"{row.key} is here for the second time, and has one row only")
    if isinstance(row, Contact | Tariff):
        for place, meter in enumerate(row.meters):
            if meter not in meters:
                yield Mistake(("meters", place), f"{meter} is no meter of this registry")
    if isinstance(row, Tariff):
        yield from _tariff_mistakes(row, [each for each in before.values() if isinstance(each, Tariff)], prices)


def _tariff_mistakes(row: Tariff, before: list[Tariff], prices: Mapping[str, int]) -> Iterator[Mistake]:
    if row.valid_until is not None and row.valid_until <= row.valid_from:
        yield Mistake(("valid_until",), f"{row.tariff} would end before it begins")
    for price, amount in row.prices.items():
        if amount != prices.get(price, amount):
            yield Mistake(("prices", price), f"the ledger's is {prices[price]}, and what it says is what is paid")
    for other in before:
        both = sorted({*row.meters} & {*other.meters})
        if both and _overlap(row, other):
            yield Mistake(("valid_from",), f"{both[0]} would be on {other.tariff} and {row.tariff} at once")


def _overlap(one: Tariff, other: Tariff) -> bool:
    ends = [each.valid_until or date.max for each in (one, other)]
    return one.valid_from < ends[1] and other.valid_from < ends[0]
