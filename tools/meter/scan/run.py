"""A scan, run: the course's questions over a port, until the course ends or something stops it."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from ..errors import PortError
from .course import Course
from .frame_log import FrameLog
from .question import Heard, Question

Progress = Callable[[Course], None]


class Port(Protocol):
    """A line to Modbus devices."""

    def ask(self, question: Question) -> tuple[bytes, bytes, Heard]:
        """The bytes sent and received, and what they mean. PortError if the line is gone."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a scan ended early, and where it was; `aborted` by the person who watched it."""

    place: str
    reason: str
    aborted: bool = False


def run(course: Course, port: Port, log: FrameLog | None, progress: Progress) -> Stop | None:
    """Scan; None when the course came to its end. The course's state is right in either case."""
    questions = course.questions()
    try:
        question = next(questions, None)
        while question is not None:
            began = monotonic()
            sent, received, heard = port.ask(question)
            if log is not None:
                log.exchange(question, sent, received, heard, monotonic() - began)
            question = _next(questions.send, heard)
            progress(course)
    except KeyboardInterrupt:
        return Stop(course.place, "you stopped it", True)
    except PortError as error:
        return Stop(course.place, str(error))
    return None


def _next(send: Callable[[Heard], Question], heard: Heard) -> Question | None:
    try:
        return send(heard)
    except StopIteration:
        return None
