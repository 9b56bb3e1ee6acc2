"""A TOML table: every key is known, every value of its type, and nothing changes afterwards."""

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """What scenarios and histories are made of."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
