"""The shadow centre: admits, verifies, commits, receipts, settles, shows."""
