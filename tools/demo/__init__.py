"""The demo island: every part of skerry at work at once, and the reckoning of what it measured."""
