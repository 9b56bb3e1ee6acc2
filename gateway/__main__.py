"""`python -m gateway`."""

from .cli import app

app(prog_name="python -m gateway")
