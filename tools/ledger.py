"""``skerry ledger``: reading ledgers, and beginning one that several sites keep."""

from blockchain_iface.cli.app import app

from . import testnet

__all__ = ["app"]

app.command("testnet")(testnet.command)
