"""Campaigns against the gateway: fuzzed messages, clocks that jump, kills, full disks, a week's backlog. One a file."""
