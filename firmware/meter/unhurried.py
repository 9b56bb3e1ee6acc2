"""Long computations in steps, taken beside everything else that a meter does."""

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..wire.steps import Result, Steps


async def unhurried(steps: "Steps[Result]") -> "Result":
    """The result of ``steps``, with a turn for every other task between any two."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
        await asyncio.sleep(0)
