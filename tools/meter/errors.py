"""What may go wrong at the bench and is nobody's defect: a sentence that says what to do next, and an exit status."""

FAILED = 1
NOTHING_FOUND = 3
UNDECIDED = 4
INTERRUPTED = 130


class BenchError(Exception):
    """The step cannot be done as things are. The message says why and what to do."""


class PortError(BenchError):
    """The line to the board or to the devices cannot be used."""
