"""The ledger: signed entries in blocks with proofs, and the state machine over them."""
