"""Ledger engines, one a file, all behind ledger.Ledger."""
