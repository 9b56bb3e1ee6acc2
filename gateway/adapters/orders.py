"""Orders as files: recharges and recoveries, each applied once a reference, commands to meters, and what was done already.

    {"order": "recharge", "account": "house-1", "amount": 50000000, "reference": "slip 17", "by": BY}     amount in micro-tokens
    {"order": "command", "meter": "house-1", "words": ["relay", "open"], "top_up": 1, "expires": 1800000300, "by": BY}
    {"order": "approval", "of": "0...", "by": BY}                               of a command that waits for a second person
    {"order": "revoke", "meter": "wind-1", "first": 42, "reason": "stolen", "by": BY}       first: number, null for the next one
    {"order": "readmit", "meter": "wind-1", "reason": "the flash was copied back", "by": BY}
    {"order": "commission", "acceptance": see acceptance, "by": BY}
    {"verb": "token", "subject": "wind-1", "by": BY}                            in an inbox of its own: to be recorded, no more

BY is {"name": "sam", "role": "console", "at": 1800000000}: whoever orders it is put on the ledger before it is done.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from blockchain_iface.state.entries import Action, Recharge, Recovery

from .acceptance import Acceptance


class OrderError(Exception):
    """The order is not valid: its author's fault. The message names the field and what belongs there."""


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @classmethod
    def made(cls, **fields: object) -> Self:
        """One with these fields. OrderError if they are not valid."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise OrderError(_first(error)) from None

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """What a file holds. OrderError if it is not valid."""
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise OrderError(_first(error)) from None


class By(_Form):
    """Who ordered something (see actor), and at which Unix second."""

    name: str
    role: str
    at: int

    def action(self, verb: str, subject: str, reference: str) -> Action:
        """As the ledger takes it; whether the texts are such is for the ledger to say."""
        return Action(self.name, self.role, verb, subject, reference, self.at)


class Order(_Form):
    """One order; the ledger says whether the account exists and covers it."""

    order: Literal["recharge", "recovery"]
    account: Annotated[str, Field(pattern=r"^@?[a-z0-9-]{1,32}$")]
    amount: Annotated[int, Field(ge=1, lt=1 << 62)]
    reference: Annotated[str, Field(pattern=r"^[ -~]{1,64}$")]
    by: By

    @classmethod
    def of(cls, order: str, account: str, amount: int, reference: str, by: By) -> "Order":
        """An order. OrderError if it is not valid."""
        return cls.made(order=order, account=account, amount=amount, reference=reference, by=by)

    def entry(self) -> Recharge:
        """As the ledger takes it."""
        body = Recharge if self.order == "recharge" else Recovery
        return body(self.account, self.amount, self.reference)

    def action(self, name: str) -> Action:
        """What is put on record of the order of this ``name``."""
        return self.by.action("recharge" if self.order == "recharge" else "recover", self.account, name)


class CommandOrder(_Form):
    """A command to one meter; ``top_up`` numbers it if it is of credit, ``expires`` in Unix seconds."""

    order: Literal["command"]
    meter: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    words: Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=16)]
    top_up: Annotated[int, Field(ge=1, lt=1 << 63)]
    expires: Annotated[int, Field(ge=0, lt=1 << 33)]
    by: By
    approved: By | None = None
    """By a second person, where that takes two."""

    def action(self, name: str) -> Action:
        """What is put on record of the order of this ``name``."""
        return self.by.action("command", self.meter, name)


class Approval(_Form):
    """A second person's word for the command order of the name ``of``."""

    order: Literal["approval"]
    of: Annotated[str, Field(pattern=r"^[0-9a-z-]{1,64}$")]
    by: By

    def action(self, name: str) -> Action:
        """What is put on record of the approval of this ``name``."""
        return self.by.action("approve", self.of, name)


class RevokeOrder(_Form):
    """A meter's key is to sign nothing from certificate ``first`` on, None for the first that is not on the ledger."""

    order: Literal["revoke"]
    meter: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    first: Annotated[int, Field(ge=1, lt=1 << 32)] | None
    reason: Annotated[str, Field(pattern=r"^[ -~]{1,64}$")]
    by: By

    def action(self, name: str) -> Action:
        """What is put on record of the order of this ``name``."""
        return self.by.action("revoke", self.meter, name)


class ReadmitOrder(_Form):
    """What the quarantine of a meter's point has held back is to be settled."""

    order: Literal["readmit"]
    meter: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    reason: Annotated[str, Field(pattern=r"^[ -~]{1,64}$")]
    by: By

    def action(self, name: str) -> Action:
        """What is put on record of the order of this ``name``."""
        return self.by.action("readmit", self.meter, name)


class CommissionOrder(_Form):
    """What was seen when a meter was accepted is to be recorded."""

    order: Literal["commission"]
    acceptance: Acceptance
    by: By

    @classmethod
    def of(cls, acceptance: bytes, by: By) -> "CommissionOrder":
        """An order to record the document ``acceptance``. OrderError if it is not valid."""
        try:
            return cls.made(order="commission", acceptance=Acceptance.model_validate_json(acceptance), by=by)
        except ValidationError as error:
            raise OrderError(_first(error)) from None

    @property
    def meter(self) -> str:
        """The meter that was accepted."""
        return self.acceptance.meter

    def action(self, name: str) -> Action:
        """What is put on record of the order of this ``name``."""
        return self.by.action("commission", self.meter, name)


class Note(_Form):
    """Something that was done beside the inboxes, or is ordered by a file that cannot say by whom."""

    verb: str
    subject: str
    by: By

    def action(self, name: str) -> Action:
        """What is put on record of the note of this ``name``."""
        return self.by.action(self.verb, self.subject, name)


AnyOrder = Order | CommandOrder | Approval | RevokeOrder | ReadmitOrder | CommissionOrder
_KINDS: Mapping[str, type[AnyOrder]] = {
    "command": CommandOrder,
    "approval": Approval,
    "revoke": RevokeOrder,
    "readmit": ReadmitOrder,
    "commission": CommissionOrder,
}


def parse(data: bytes) -> AnyOrder:
    """The order in a file, of whatever kind. OrderError if it is not valid."""
    try:
        document = json.loads(data)
    except ValueError as error:
        raise OrderError(f"order: {error}") from None
    kind = document.get("order") if isinstance(document, dict) else None
    return _KINDS.get(str(kind), Order).parse(data)


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'order'}: {first['msg']}"
