"""The shadow centre's decisions, without I/O: time and randomness are arguments."""
