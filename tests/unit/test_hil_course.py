"""The states of a run: one way through, the first error kept, and three different endings."""

import pytest

from hil.history import Ending
from hil.runner.course import Course, CourseError, State

WAY = [State.STARTING, State.RUNNING, State.RESTING, State.STOPPING, State.RECKONING, State.FINISHED]


def course(upto: State = State.PLANNED) -> tuple[Course, list[State]]:
    heard: list[State] = []
    one = Course(heard.append)
    for state in WAY[: WAY.index(upto) + 1] if upto in WAY else []:
        one.transition(state)
    return one, heard


def test_the_way_through_is_heard_state_by_state() -> None:
    one, heard = course(State.FINISHED)
    assert heard == WAY
    assert (one.ending, one.error) == (Ending.FINISHED, None)


@pytest.mark.parametrize("skipped", [State.RUNNING, State.RECKONING, State.FINISHED])
def test_no_state_is_left_out(skipped: State) -> None:
    one, _ = course()
    with pytest.raises(CourseError, match=f"{skipped} does not follow planned"):
        one.transition(skipped)


@pytest.mark.parametrize("state", [State.PLANNED, *WAY[:-1]])
@pytest.mark.parametrize("ending", [State.FAILED, State.ABORTED])
def test_any_state_can_fail_or_be_aborted(state: State, ending: State) -> None:
    one, _ = course(state)
    one.transition(ending, "the broker died")
    assert (one.ending, one.error) == (Ending(ending.value), "the broker died")


def test_the_first_error_is_kept() -> None:
    one, heard = course(State.RUNNING)
    one.transition(State.FAILED, "the broker died")
    one.transition(State.ABORTED, "somebody stopped it")
    one.transition(State.STOPPING)
    assert (one.ending, one.error, heard[-1]) == (Ending.FAILED, "the broker died", State.FAILED)


def test_what_runs_has_no_ending() -> None:
    with pytest.raises(CourseError, match="running is no ending"):
        _ = course(State.RUNNING)[0].ending
