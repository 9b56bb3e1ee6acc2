"""The deterministic state machine: registry, measurement, accounts, market. Integers only, no clock."""
