"""What a meter's board is like: the ``board`` section of its configuration, checked as strictly. Data only; no I/O."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .table import Table


class Linux:
    """A computer with an operating system, such as a Raspberry Pi.

    Attributes:
        clock: whether something keeps its clock right, as NTP or a clock chip does. True if nothing is said.
    """

    def __init__(self, table: "Table | None") -> None:
        """``table``: the section, None if there is none. ConfigError if it is wrong."""
        self.clock = True
        if table is not None:
            self.clock = table.boolean("clock")
            table.finish()
