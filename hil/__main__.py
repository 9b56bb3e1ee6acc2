"""`python -m hil`."""

from .cli import app

app(prog_name="python -m hil")
