"""Register images of devices, filled from the plant."""
