"""What all faults have in common."""

from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field

from ..table import Table


class Fault(Table):
    """A fault from `at_s` on for `for_s` seconds of running, at each whom `of` names (`*` and `?` as in file names)."""

    at_s: Annotated[float, Field(ge=0)]
    for_s: Annotated[float, Field(gt=0)]
    of: Annotated[str, Field(min_length=1)]

    def hits(self, name: str) -> bool:
        """Whether `of` names `name`."""
        return fnmatchcase(name, self.of)


class WireFault(Fault):
    """A fault that the rig's own process keeps: of its wires, or of its proxies before the broker."""
