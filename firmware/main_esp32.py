"""An ESP32's main.py: to be copied under that name into the root of its flash, beside config.json and the folder
firmware, which is the application that no update replaces. Updates lie in the folder slots.

What ends it, be it a defect, starts it again: MicroPython restarts after sys.exit. Only Ctrl-C on the console stops it.
A technician's ``mpremote exec`` makes the identity:

    from firmware.main import main; main(["--identity", "/config.json"])
"""

import sys
import time

import machine

sys.path.insert(0, "/firmware")  # the selector without its package: which package that is has yet to be decided
from boot import start

_PAUSE_S = 10  # so that whoever sits at the console can read why, and a meter that cannot start does not wear its flash

machine.WDT(timeout=60_000)  # the application's takes it over: one that hangs before that is ended, too
try:
    start("/slots", "", ["/config.json"])
except Exception as error:  # whatever it is, there is nobody else to start the meter again
    sys.print_exception(error)
time.sleep(_PAUSE_S)
sys.exit(1)
