"""The emulated board's tests are left out where set-up could not build the board; set-up has said why."""

from pathlib import Path

from tools.setup import board

if not board.is_built(Path(__file__).parents[2] / ".skerry"):
    collect_ignore = ["test_board.py", "test_install.py", "test_size.py", "test_soak.py"]
