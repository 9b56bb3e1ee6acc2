"""What kind of day a run plays, and how fast."""

from typing import Annotated

from pydantic import Field

from .table import Table


class Climate(Table):
    """A day's weather, around which the seed draws it.

    Attributes:
        cloud: mean fraction of the sky that is covered, 0..1.
        wind: mean wind 10 m above ground in m/s.
        from_minute: minute after local midnight at which a run begins, 10:00 unless another.
        speed: seconds of weather in one of the plant's.
    """

    cloud: Annotated[float, Field(ge=0, le=1)] = 0.35
    wind: Annotated[float, Field(ge=0, le=30)] = 6.5
    from_minute: Annotated[int, Field(ge=0, lt=1440)] = 600
    speed: Annotated[float, Field(ge=1, le=3600)] = 60.0
