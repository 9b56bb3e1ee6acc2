"""A stopped meter's own word, from its flash. Runs on MicroPython, whose LittleFS the flash is:

micropython -m hil.bench.read_flash FLASH        prints {"last_seq", "pending", "corrupt"}: certificates without receipt,
                                                  and how many of them the flash has destroyed
"""

import json
import sys

from firmware.hal.unix import Board
from firmware.meter.store import Store
from firmware.wire.receipt import CERTIFICATE

_kept = Store(Board(sys.argv[1]).files).statements
_corrupt = len(_kept.lost(CERTIFICATE))
print(json.dumps({"last_seq": _kept.last(CERTIFICATE), "pending": list(_kept.pending(CERTIFICATE)), "corrupt": _corrupt}))
