"""What the runner of the portable tests printed."""

import re
from dataclasses import dataclass

_BLOCK = re.compile(r"^(ok|FAIL) (\w+)\n", re.MULTILINE)


@dataclass(frozen=True)
class Report:
    """One file's tests.

    Attributes:
        file: the file's name without ending.
        printed: all that came over the serial line.
    """

    file: str
    printed: str

    @property
    def failures(self) -> dict[str, str]:
        """The error of each test that failed, by `file::test`; of the whole file, by `file`, if it did not come to its end.

        Of a MemoryError only its name: the bytes it lacked tell nothing.
        """
        tests, end, count = self.printed.rpartition("\nfailures ")
        _, *blocks = _BLOCK.split(tests + "\n")
        verdicts = zip(blocks[::3], blocks[1::3], blocks[2::3], strict=True)
        failures = {f"{self.file}::{test}": _error(said) for verdict, test, said in verdicts if verdict == "FAIL"}
        return failures if end and int(count) == len(failures) else {self.file: _error(tests or count)}


def _error(said: str) -> str:
    """The last line of a traceback."""
    last = said.strip().rpartition("\n")[2]
    return "MemoryError" if last.startswith("MemoryError") else last
