"""The states of a run, and the one way from each to the next. No I/O."""

from collections.abc import Callable
from enum import StrEnum
from itertools import pairwise

from ..history import Ending


class State(StrEnum):
    """What a run does; the last three are its endings."""

    PLANNED = "planned"
    STARTING = "starting"
    RUNNING = "running"
    RESTING = "resting"
    STOPPING = "stopping"
    RECKONING = "reckoning"
    FINISHED = Ending.FINISHED.value
    FAILED = Ending.FAILED.value
    ABORTED = Ending.ABORTED.value


ENDINGS = {State.FINISHED, State.FAILED, State.ABORTED}
_ORDER = [state for state in State if state not in ENDINGS] + [State.FINISHED]
_NEXT = dict(pairwise(_ORDER))


class CourseError(RuntimeError):
    """The runner left out a state: its own fault."""


class Course:
    """Where a run is.

    Attributes:
        state: now.
        error: the first that happened; none after it takes its place.
    """

    def __init__(self, heard: Callable[[State], None]) -> None:
        """`heard` is told of each new state."""
        self.state = State.PLANNED
        self.error: str | None = None
        self._heard = heard

    def transition(self, to: State, error: str | None = None) -> None:
        """Go on to the next state, or from any to failed or aborted, with the `error` that says why.

        A run that has ended stays as it ended: what goes wrong afterwards does not make it another run.

        Raises:
            CourseError: `to` is not next.
        """
        if self.state in ENDINGS:
            return
        if to not in {State.FAILED, State.ABORTED, _NEXT[self.state]}:
            raise CourseError(f"{to} does not follow {self.state}")
        self.state = to
        self.error = error
        self._heard(to)

    @property
    def ending(self) -> Ending:
        """How it ended. CourseError if it has not."""
        if self.state not in ENDINGS:
            raise CourseError(f"{self.state} is no ending")
        return Ending(self.state.value)
