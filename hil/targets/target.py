"""What the bench asks of whatever runs the firmware."""

from pathlib import Path
from typing import Protocol


class Target(Protocol):
    """A kind of meter. Its commands run in the checkout's root; each raises Failed if the target cannot be had."""

    @property
    def name(self) -> str:
        """What reports call it."""

    def identity(self, config: Path) -> list[str]:
        """Prints a meter's identity, and makes its keys on first use."""

    def run(self, config: Path) -> list[str]:
        """Runs the meter until it is killed."""

    def read_flash(self, flash: Path) -> list[str]:
        """Prints what a stopped meter's flash holds (see bench/read_flash.py)."""
