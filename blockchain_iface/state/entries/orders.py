"""The bodies of the grid company's orders.

recharge = {1: account, 2: micro-tokens, 3: reference}
recovery = likewise
"""

from dataclasses import dataclass
from typing import ClassVar, Self

from firmware.wire import cbor
from firmware.wire.fields import map_of, uint_of

from .parts import MONEY, account_of, text_of


@dataclass(frozen=True, slots=True)
class Recharge:
    """Tokens brought into circulation: ``amount`` micro-tokens, once per ``reference``."""

    TYPE: ClassVar[str] = "vnd.skerry.recharge"
    account: str
    amount: int
    reference: str

    def encode(self) -> bytes:
        """The payload."""
        return cbor.encode({1: self.account, 2: self.amount, 3: self.reference})

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """From a payload."""
        body = map_of(cbor.decode(payload, 2), "order", (1, 2, 3))
        return cls(account_of(body[1]), uint_of(body[2], "amount", 1, MONEY), text_of(body[3], "reference"))


@dataclass(frozen=True, slots=True)
class Recovery(Recharge):
    """Tokens taken out of circulation, to be paid out to the account's bank."""

    TYPE: ClassVar[str] = "vnd.skerry.recovery"
