"""A meter's configuration, and the key that is born on it."""
