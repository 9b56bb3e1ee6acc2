"""``skerry ledger ...``: reading a ledger file, whether the gateway runs or not."""

import typer

from . import actions, audit, blocks, checkpoint, export, prove, rebuild, show, state, verify

app = typer.Typer(no_args_is_help=True, help="Check and read a ledger file, with or without its gateway.")
app.command("verify")(verify.command)
app.command("blocks")(blocks.command)
app.command("show")(show.command)
app.command("state")(state.command)
app.command("actions")(actions.command)
app.command("prove")(prove.command)
app.command("export")(export.command)
app.command("rebuild")(rebuild.command)
app.command("audit")(audit.command)
app.command("checkpoint")(checkpoint.command)
