"""What a technician can ask on the board's serial console: ``log`` shows the last lines of the log."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Stream
    from .log_ring import LogRing

_LONGEST = 64  # bytes of a question


async def answer(console: "Stream", ring: "LogRing") -> None:
    """Answer on ``console`` until it ends."""
    line = b""
    while True:
        data = await console.read(_LONGEST)
        if not data:
            return
        *lines, line = (line + data).replace(b"\r", b"\n").split(b"\n")
        line = line[-_LONGEST:]
        for question in lines:
            if question.strip() == b"log":
                await console.write(ring.read())
