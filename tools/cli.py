"""The command `skerry`. Every part brings its own command line, imported only when it is asked for."""

from collections.abc import Callable
from importlib import import_module

import typer

_PARTS = {
    "demo": ("tools.demo.cli:app", "Run the demo island: rig, meters, gateway, ledger."),
    "gateway": ("gateway.cli:app", "Make and run a site's shadow centre."),
    "hil": ("hil.cli:app", "Simulate the island behind real Modbus."),
    "ledger": ("tools.ledger:app", "Check and read a ledger file, with or without its gateway; begin one with others."),
    "loadtest": ("tools.loadtest.cli:app", "Load a gateway with virtual meters, and say what it takes."),
    "meter": ("tools.meter.cli:app", "The technician's bench: what is on the bus, and what is on the board."),
    "statement": ("blockchain_iface.cli.statement:app", "Print a meter's bill, line by line."),
    "verify": ("blockchain_iface.cli.evidence:main", "Check receipts and other evidence, without gateway or ledger."),
}
_PASSED_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Signed metering and settlement for island microgrids.",
)


def _part(name: str, target: str) -> Callable[[typer.Context], None]:
    def run(context: typer.Context) -> None:
        module, _, attribute = target.partition(":")
        getattr(import_module(module), attribute)(context.args, prog_name=f"skerry {name}")

    return run


for _name, (_target, _help) in _PARTS.items():
    app.command(_name, help=_help, context_settings=_PASSED_ON)(_part(_name, _target))


def main() -> None:
    """Run the command line of this process."""
    app(prog_name="skerry")


if __name__ == "__main__":
    main()
