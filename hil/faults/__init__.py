"""What goes wrong, when and to whom: a kind of place a file. No I/O; time and randomness are arguments."""
