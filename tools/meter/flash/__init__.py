"""MicroPython, brought on an ESP32 over its serial bootloader."""
