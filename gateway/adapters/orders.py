"""Orders as files: recharges and recoveries, each applied once a reference, and commands to meters.

{"order": "recharge", "account": "house-1", "amount": 50000000, "reference": "slip 17"}     amount in micro-tokens
{"order": "command", "meter": "house-1", "words": ["relay", "open"], "top_up": 1, "expires": 1800000300}    see command_words
"""

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from blockchain_iface.state.entries import Recharge, Recovery


class OrderError(Exception):
    """The order is not valid: its author's fault. The message names the field and what belongs there."""


class Order(BaseModel):
    """One order; the ledger says whether the account exists and covers it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    order: Literal["recharge", "recovery"]
    account: Annotated[str, Field(pattern=r"^@?[a-z0-9-]{1,32}$")]
    amount: Annotated[int, Field(ge=1, lt=1 << 62)]
    reference: Annotated[str, Field(min_length=1, max_length=64)]

    @classmethod
    def of(cls, order: str, account: str, amount: int, reference: str) -> "Order":
        """An order. OrderError if it is not valid."""
        try:
            return cls.model_validate({"order": order, "account": account, "amount": amount, "reference": reference})
        except ValidationError as error:
            raise OrderError(_first(error)) from None

    @classmethod
    def parse(cls, data: bytes) -> "Order":
        """The order in a file. OrderError if it is not valid."""
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise OrderError(_first(error)) from None

    def entry(self) -> Recharge:
        """As the ledger takes it."""
        body = Recharge if self.order == "recharge" else Recovery
        return body(self.account, self.amount, self.reference)


class CommandOrder(BaseModel):
    """A command to one meter; ``top_up`` numbers it if it is of credit, ``expires`` in Unix seconds."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    order: Literal["command"]
    meter: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    words: Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=16)]
    top_up: Annotated[int, Field(ge=1, lt=1 << 63)]
    expires: Annotated[int, Field(ge=0, lt=1 << 33)]


def parse(data: bytes) -> Order | CommandOrder:
    """The order in a file, of whatever kind. OrderError if it is not valid."""
    try:
        document = json.loads(data)
    except ValueError as error:
        raise OrderError(f"order: {error}") from None
    if not isinstance(document, dict) or document.get("order") != "command":
        return Order.parse(data)
    try:
        return CommandOrder.model_validate_json(data)
    except ValidationError as error:
        raise OrderError(_first(error)) from None


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'order'}: {first['msg']}"
