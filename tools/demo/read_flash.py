"""A stopped meter's own word, from its flash. Runs on MicroPython, whose LittleFS the flash is:

micropython -m tools.demo.read_flash FLASH        prints {"last_seq", "pending", "corrupt"}
"""

import json
import sys

from firmware.hal.unix import Board
from firmware.meter.store import Store

_store = Store(Board(sys.argv[1]).files)
print(json.dumps({"last_seq": _store.last_seq, "pending": _store.pending, "corrupt": _store.corrupt}))
