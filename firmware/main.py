"""Start a meter: on MicroPython's unix port from a shell, on an ESP32 by main_esp32.

    micropython -m firmware.main --identity CONFIG     make the key on first use, print {"meter", "public", "request", "csr"}
    micropython -m firmware.main CONFIG                run the meter
    micropython firmware/boot.py CONFIG                run it so that it can be updated over the air

A relative ``flash`` in the configuration lies beside the configuration.
"""

import gc
import sys

# bytes; garbage that waits until the heap is full comes to lie between what lives, and then no list finds room to grow
_COLLECT_EVERY = 16384


def main(arguments: "list[str]", folder: str = "") -> int:
    """Run with ``arguments`` (without the program's name); returns the exit status.

    ``folder``: where the boot selector keeps record and slots, if it is what started us.
    """
    gc.threshold(_COLLECT_EVERY)
    from firmware.start import start  # noqa: PLC0415 - compiling a meter leaves garbage as well

    return start(arguments, folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
