"""Why a message is refused. Each one is counted and shown; none disturbs anything else."""

from enum import StrEnum


class Refusal(StrEnum):
    """The reasons, in the order in which they are looked for: cheap checks before dear ones."""

    FLOOD = "flood"
    """Its meter sends more than it may: not looked at. An honest one has no receipt, and sends it again."""
    NOISE = "noise"
    """Too large, not one statement in its one canonical form, or bytes after it."""
    HIGH_S = "high-s"
    """The twin of a good signature, or one out of range."""
    STUFFED_HEADER = "stuffed-header"
    """Something in the unprotected header."""
    WRONG_SITE = "wrong-site"
    WRONG_METER = "wrong-meter"
    """Sent on another meter's topic, or signed with another meter's key."""
    UNKNOWN_KEY = "unknown-key"
    BAD_SIGNATURE = "bad-signature"
    MALFORMED_BODY = "malformed-body"
    """Signed, and still neither certificate nor event: fields out of range, or energy that does not add up."""
    FUTURE = "future"
    """It ends later than now, further than clocks may differ. Once its time has come it is welcome."""
    CLONE = "clone"
    """Another certificate or event has this number: two devices hold one key, or one was set back."""
    BROKEN_CHAIN = "broken-chain"
    """It does not join those next to it, or its key signs no more."""
    BAD_STATE = "bad-state"
    """A state message, or a question for the time, that is none."""


class Refused(Exception):
    """A message is not taken: its sender's fault. ``meter`` is the topic's, or "" if the topic is none."""

    def __init__(self, refusal: Refusal, detail: str, meter: str = "") -> None:
        super().__init__(f"{refusal}: {detail}")
        self.refusal = refusal
        self.detail = detail
        self.meter = meter

    def bare(self) -> "Refused":
        """Itself without the way it came: who keeps it does not keep the whole batch that it was raised over."""
        self.__traceback__ = self.__context__ = None
        return self
