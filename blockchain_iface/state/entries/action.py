"""The body of what people, and programs in their name, order of the gateway.

action = {1: actor, 2: role, 3: verb, 4: subject, 5: reference, 6: Unix s}

Actor and subject are UTF-8 in byte strings: people are called what they are called.
"""

from dataclasses import dataclass
from typing import ClassVar

from firmware.wire import cbor
from firmware.wire.clock import EARLIEST_S, LATEST_S
from firmware.wire.fields import WireError, map_of, uint_of

from .parts import name_of, text_of

VERBS = (
    "accept",
    "approve",
    "checkpoint",
    "command",
    "commission",
    "enrol",
    "exchange",
    "key-add",
    "key-remove",
    "readmit",
    "recharge",
    "recover",
    "registry-edit",
    "restore",
    "revoke",
    "rotate",
    "token",
    "update",
)


@dataclass(frozen=True, slots=True)
class Action:
    """``actor`` (a person's name, or the id of an API key), acting in ``role``, ordered ``verb`` at Unix second ``at``.

    ``subject`` is the meter, account or person that it concerns; ``reference`` the order's name, unique at the site. All have
    1 to 64 bytes; role and reference are ASCII. The time is the gateway's word.
    """

    TYPE: ClassVar[str] = "vnd.skerry.action"
    actor: str
    role: str
    verb: str
    subject: str
    reference: str
    at: int

    def encode(self) -> bytes:
        """The payload."""
        actor, subject = self.actor.encode(), self.subject.encode()
        return cbor.encode({1: actor, 2: self.role, 3: self.verb, 4: subject, 5: self.reference, 6: self.at})

    @classmethod
    def decode(cls, payload: bytes) -> "Action":
        """From a payload."""
        body = map_of(cbor.decode(payload, 2), "action", (1, 2, 3, 4, 5, 6))
        verb = text_of(body[3], "verb")
        if verb not in VERBS:
            raise WireError(f"action: the verb is one of {', '.join(VERBS)}")
        return cls(
            name_of(body[1], "actor"),
            text_of(body[2], "role"),
            verb,
            name_of(body[4], "subject"),
            text_of(body[5], "reference"),
            uint_of(body[6], "time", EARLIEST_S, LATEST_S),
        )
