"""Long computations cut into steps, so that an event loop can do other work between them.

A computation in steps is a generator: it yields where its caller may do something else, and returns the result. Its name
ends in ``_steps``, and ``finish`` turns it into an ordinary call.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TypeVar

    Result = TypeVar("Result")
    Steps = Generator[None, None, Result]


def finish(steps: "Steps[Result]") -> "Result":
    """Take all steps at once and return the result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
