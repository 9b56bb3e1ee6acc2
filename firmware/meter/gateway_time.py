"""Asking the gateway for the time, and judging its answers. No I/O: ticks and the echo are arguments."""

from ..wire import es256, timesync
from ..wire.fields import WireError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..wire.steps import Steps

PERIOD_MS = 600_000  # of questions, while there are answers
_RETRY_MS = 15_000
_PATIENCE_MS = 10_000  # a later answer says too little


class GatewayTime:
    """One question at a time."""

    def __init__(self, site: str, meter: str, gateway_key: bytes) -> None:
        """``gateway_key``: 64 bytes X || Y."""
        self._names = site, meter
        self._key = gateway_key
        self._question: tuple[bytes, int] | None = None
        self._due = 0

    def is_due(self, ticks_ms: int) -> bool:
        """Whether to ask now."""
        return ticks_ms >= self._due

    def ask(self, echo: bytes, ticks_ms: int) -> bytes:
        """The question to publish; ``echo``: 8 unpredictable bytes."""
        self._question = echo, ticks_ms
        self._due = ticks_ms + _RETRY_MS
        return echo

    def answer_steps(self, payload: bytes, ticks_ms: int) -> "Steps[tuple[int, int]]":
        """(Unix ms, uncertainty ms) at ``ticks_ms``, when the answer ``payload`` arrived, in steps (see steps).

        WireError if it is not the gateway's, not to our question, or too late.
        """
        said = timesync.parse_answer(payload, *self._names)
        if self._question is None or said.echo != self._question[0]:
            raise WireError("time: an answer to another question")
        under_way = ticks_ms - self._question[1]
        if under_way > _PATIENCE_MS:
            raise WireError(f"time: the answer took {under_way} ms")
        yield
        genuine = yield from es256.verify_steps(self._key, said.statement.id, said.statement.signature)
        if not genuine:
            raise WireError("time: the signature is not the gateway's")
        self._question = None
        self._due = ticks_ms + PERIOD_MS
        half = (under_way + 1) // 2
        return said.time_ms + half, said.uncertainty_ms + half
