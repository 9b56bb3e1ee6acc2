"""The road itself on the test bench: meters, gateway and ledger as processes and files, and the reckoning over them."""
