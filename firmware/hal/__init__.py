"""Hardware: one board or host a file."""
