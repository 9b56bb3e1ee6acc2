"""What island operators look at."""
