"""Gateways whose sites keep one ledger together, as `skerry ledger testnet` begins it: meters notice nothing but patience."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.test_gateway_process import INTERVAL, Bench, until
from tools import testnet


@pytest.fixture
def gateways(tmp_path: Path) -> Iterator[list[Bench]]:
    sites = testnet.create(tmp_path, 2, INTERVAL)
    gateways = [Bench(site.root, "whichever is here") for site in sites]
    yield gateways
    for gateway in gateways:
        gateway.close()


def words(gateway: Bench) -> str:
    return (gateway.site.root / "log").read_text()


def test_a_site_that_is_cut_off_goes_on_metering_and_delivers_on_return(gateways: list[Bench]) -> None:
    first, second = gateways
    first.launch()
    # the site's first entry needs the other centre, so nothing is begun
    assert until(lambda: "waits for the other shadow centres" in words(first)), words(first)
    assert not first.site.status()["running"]
    second.launch()
    assert until(lambda: first.site.status()["running"] and second.site.status()["running"], 30), words(first)

    here, there = first.station("home-1", 11, "house"), second.station("home-1", 12, "house")
    here.send(here.certify())
    there.send(there.certify())
    assert until(lambda: here.receipted() == there.receipted() == {1}), words(first)

    second.end(signal.SIGKILL)
    numbers = [here.certify() for _ in range(10)]
    here.send(*numbers)
    time.sleep(2)
    assert here.receipted() == {1}
    assert first.site.status()["running"]
    second.launch()
    assert until(lambda: here.receipted() == {1, *numbers}, 30), words(first)
    # a repetition is answered with the same receipt
    here.send(1)
    assert until(lambda: len(here.receipts[1]) == 2)
    assert len(set(here.receipts[1])) == 1
    assert [gateway.end(signal.SIGTERM) for gateway in gateways] == [0, 0]
