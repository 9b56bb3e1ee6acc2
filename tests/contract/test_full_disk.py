"""A gateway whose disk is full, by a limit on the size of its files: not everybody who tests may mount a disk and fill it.

`make bench-gateway` does, and has one that may only be read and one that fails, too.
"""

import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hil.bench.processes import Child
from tools.loadtest import fleet
from tools.robust.stand import Stand, check


def allow(gateway: Child, bytes: int) -> None:
    assert gateway.pid is not None
    _, most = resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (bytes, most))


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(fleet.commission(tmp_path / "site", 2, 2000, lambda *_: None))


def test_meters_keep_their_certificates_and_the_gateway_recovers_without_a_hand(stand: Stand) -> None:
    with stand:
        stand.gateway.start()
        stand.receipted(50)
        allow(stand.gateway, 0)
        time.sleep(0.5)
        held = stand.receipts
        stand.site.order("recharge", "meter-0001", 5_000_000, None)
        time.sleep(1)
        assert stand.receipts == held
        stand.gateway.check()
        allow(stand.gateway, resource.RLIM_INFINITY)
        stand.receipted(held)
        until(lambda: list((stand.site.root / "orders" / "done").glob("*.json")))
    assert check(stand) > 0


def test_files_that_cannot_be_written_do_not_end_the_metering(stand: Stand) -> None:
    done = stand.site.root / "orders" / "done"
    with stand:
        stand.gateway.start()
        stand.receipted()
        done.write_bytes(b"in the way")
        stand.site.order("recharge", "meter-0001", 5_000_000, None)
        until(lambda: "the site's files cannot be read or written" in stand.log.read_text())
        stand.receipted(stand.receipts)
        done.unlink()
        until(lambda: list(done.glob("*.json")))
        until(lambda: "the site's files are well again" in stand.log.read_text())
