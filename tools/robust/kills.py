"""Gateway and broker killed at random moments under load: nothing receipted is lost, nothing settles twice.

    python -m tools.robust.kills [KILLS [SEED]]

Four meters send until they have a receipt for each certificate. SIGKILL hits the gateway and its broker, or the
broker alone; now and then a gateway that is still starting. Prints ``name value unit`` lines.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path
from statistics import median

from tools.loadtest import fleet
from tools.robust import campaign
from tools.robust.stand import Stand, check

KILLS, SEED = 200, 1
_METERS = 4
_EACH = 250
"""Certificates of a meter for each kill: more than can be sent between two."""


class Siege:
    """Kills what stands. Failed if it does not come back.

    Attributes:
        recoveries: seconds from each kill to the next receipt that is news.
    """

    def __init__(self, stand: Stand, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._stand = stand
        self._gateway = stand.gateway
        self.recoveries: list[float] = []

    def run(self, kills: int) -> None:
        """Kill ``kills`` times, and wait after each until the meters get receipts again."""
        self._gateway.start()
        self._stand.receipted()
        for _ in range(kills):
            at, before = time.monotonic(), self._stand.receipts
            self._kill()
            self._stand.receipted(before)
            self.recoveries.append(time.monotonic() - at)
            time.sleep(self._chance.uniform(0, 0.5))

    def _kill(self) -> None:
        broker = self._stand.broker
        if broker is not None and self._chance.random() < 0.3:
            os.kill(broker, signal.SIGKILL)
            return
        self._gateway.kill()
        self._gateway.start()
        while self._chance.random() < 0.2:
            time.sleep(self._chance.uniform(0, 1))
            self._gateway.kill()
            self._gateway.start()


def besiege(folder: Path, kills: int, seed: int) -> list[str]:
    """The campaign's figures. Lost, or Failed."""
    stand = Stand(fleet.commission(folder / "site", _METERS, _EACH * kills, lambda *_: None))
    siege = Siege(stand, seed)
    with stand:
        siege.run(kills)
    settlements = check(stand)
    return [
        f"kills {kills} kills",
        f"kills_receipts {stand.receipts} certificates",
        "kills_receipted_and_lost 0 certificates",
        f"kills_settlements {settlements} settlements",
        "kills_settled_twice 0 settlements",
        f"kills_recovery_p50 {median(siege.recoveries):.2f} s",
        f"kills_recovery_longest {max(siege.recoveries):.2f} s",
    ]


def main(kills: int = KILLS, seed: int = SEED) -> int:
    """Run the campaign and print its figures; the exit status."""
    return campaign.run(lambda folder: besiege(folder, kills, seed), f"tools.robust.kills {kills} {seed}")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
