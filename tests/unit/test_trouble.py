"""Trouble is told once and not four times a second; and a log that cannot be written ends nothing."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from blockchain_iface.ledger import Unavailable
from gateway import service
from gateway.trouble import Trouble

ROOT = Path(__file__).parents[2]


def test_it_is_said_when_it_begins_when_it_changes_and_when_it_is_over() -> None:
    one = Trouble("it fails", "it works")
    with capture_logs() as lines:
        one.ends()
        for reason in ("full", "full", "read only", "read only"):
            one.goes_on(OSError(reason))
        one.ends()
        one.ends()
        one.goes_on(OSError("read only"))
    said = [(line["log_level"], line["event"], line.get("error")) for line in lines]
    full, shut = ("error", "it fails", "full"), ("error", "it fails", "read only")
    assert said == [full, shut, ("info", "it works", None), shut]


def test_it_is_said_again_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("gateway.trouble.time.monotonic", lambda: clock[0])
    one = Trouble("it fails", "it works")
    with capture_logs() as lines:
        for _ in range(241):
            one.goes_on(OSError("full"))
            clock[0] += 0.5
    assert len(lines) == 3


@pytest.mark.parametrize(
    "error", [OSError(errno.EROFS, "read only"), OSError(errno.ENOSPC, "full"), Unavailable("the disk is full")]
)
def test_a_gateway_waits_for_its_disk(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_PATIENCE_S", 0.0)
    left = [error, error]

    def begin() -> str:
        if left:
            raise left.pop()
        return "begun"

    assert service._patiently(begin) == "begun"


def test_but_not_for_what_no_disk_does() -> None:
    def begin() -> None:
        raise PermissionError(errno.EACCES, "not yours")

    with pytest.raises(PermissionError):
        service._patiently(begin)


def test_a_log_on_a_full_disk_ends_nothing() -> None:
    program = (
        "import logging, structlog; from gateway.adapters import logs; logs.configure(True);"
        "structlog.get_logger().error('one'); logging.getLogger('two').error('two'); print('alive')"
    )
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=full, text=True, check=False
        )
    assert done.stdout == "alive\n"
