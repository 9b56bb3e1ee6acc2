"""What runs the firmware, one a file."""
