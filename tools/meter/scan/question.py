"""What a scan asks of a line, and what it hears. No I/O."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Setting:
    """How a serial line is spoken: bits a second, and parity "N", "E" or "O"; 8 data bits, 1 stop bit."""

    baud: int
    parity: str

    def __str__(self) -> str:
        return f"{self.baud} 8{self.parity}1"


@dataclass(frozen=True, slots=True)
class Question:
    """Registers to read, over a serial line in this setting, over TCP with none.

    `unit` 1..247, `function` 3 or 4, `count` registers (1..125) from `address`. `wait_s` is how long a device may think,
    beyond the time that the bytes take.
    """

    setting: Setting | None
    unit: int
    function: int
    address: int
    count: int
    wait_s: float


class End(StrEnum):
    """How an exchange ended: with registers, with a refusal of the device's, with bytes that are no reply, with nothing."""

    REPLY = "reply"
    REFUSED = "refused"
    DISTURBED = "disturbed"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a question.

    `registers` are of a reply; `code` is of a refusal (MODBUS Application Protocol V1.1b3, section 7); `reason` says in words
    what went wrong; `late` is the unit whose answer to an earlier question came meanwhile.
    """

    end: End
    registers: tuple[int, ...] = ()
    code: int = 0
    reason: str = ""
    late: int | None = None
