"""A limit on how long anything may take, the same on both interpreters."""

import asyncio
import errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any, TypeVar

    T = TypeVar("T")


class Late(OSError):
    """The other side took too long. An OSError (ETIMEDOUT), like every other failure of a line."""


async def within(seconds: float, work: "Coroutine[Any, Any, T]") -> "T":
    """The result of ``work``. Late if it takes more than ``seconds``; it is cancelled then."""
    try:
        return await asyncio.wait_for(work, seconds)
    except asyncio.TimeoutError:  # noqa: UP041 - MicroPython has no builtin of this name
        raise Late(errno.ETIMEDOUT, f"nothing within {seconds} s") from None
