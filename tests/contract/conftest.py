"""A device for every meter; and the tests of validators are left out where set-up could not build CometBFT, promtool's where it
could not install it, and said why."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.meter_bench import Device
from tools.setup import cometbft, prometheus

collect_ignore = []
if not cometbft.is_built(Path(__file__).parents[2] / ".skerry"):
    collect_ignore += [
        "test_cometbft_gateways.py",
        "test_cometbft_history.py",
        "test_cometbft_network.py",
        "test_cometbft_node.py",
    ]
if prometheus.promtool() is None:
    collect_ignore.append("test_promtool.py")
if shutil.which("systemd-analyze") is None:
    collect_ignore.append("test_systemd_analyze.py")


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    device = Device()
    yield device
    device.close()
