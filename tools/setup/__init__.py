"""Set-up of skerry on Debian, Ubuntu and 64-bit Raspberry Pi OS, with nothing but the system's Python."""
