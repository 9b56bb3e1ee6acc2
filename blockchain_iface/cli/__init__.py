"""The command line: ``skerry ledger``, ``skerry statement`` and ``skerry verify``, one command a file."""
