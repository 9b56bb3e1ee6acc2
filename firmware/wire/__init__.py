"""Formats that meter and shadow centre share. No I/O; the same source on CPython and MicroPython."""
