"""`skerry ledger testnet`: what several sites need to begin a ledger together."""

import base64
import hashlib
import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blockchain_iface.cometbft.application import founders_of
from blockchain_iface.engines.opening import Engine
from gateway.adapters import keystore
from gateway.site import Site
from tools.ledger import app


@pytest.fixture
def sites(tmp_path: Path) -> list[Site]:
    done = CliRunner().invoke(app, ["testnet", "--nodes", "3", "--dir", str(tmp_path / "net"), "--json"])
    assert done.exit_code == 0, done.output
    return [Site(Path(root)) for root in json.loads(done.output)]


def homes(sites: list[Site]) -> list[Path]:
    return [site.root / "cometbft" / "config" for site in sites]


def test_all_share_a_genesis_that_names_each_sites_centre(sites: list[Site]) -> None:
    assert len({(home / "genesis.json").read_bytes() for home in homes(sites)}) == 1
    named = founders_of(sites[0].root / "cometbft")
    assert named == {site.settings().site: keystore.load(site.keys).public for site in sites}
    assert {site.settings().engine for site in sites} == {Engine.COMETBFT}


def test_each_is_a_validator_and_knows_the_others(sites: list[Site]) -> None:
    genesis = json.loads((homes(sites)[0] / "genesis.json").read_text())
    keys = [json.loads((home / "priv_validator_key.json").read_text()) for home in homes(sites)]
    assert [one["pub_key"] for one in genesis["validators"]] == [key["pub_key"] for key in keys]
    for key in keys:
        public = base64.b64decode(key["pub_key"]["value"])
        assert key["address"] == hashlib.sha256(public).hexdigest()[:40].upper()
        assert base64.b64decode(key["priv_key"]["value"]).endswith(public)
    settings = [tomllib.loads((home / "config.toml").read_text()) for home in homes(sites)]
    peers = [set(one["p2p"]["persistent_peers"].split(",")) for one in settings]
    assert [len(some) for some in peers] == [2, 2, 2]
    ports = {one[part]["laddr"] for one in settings for part in ("p2p", "rpc")}
    assert len(ports) == 6


def test_keys_are_for_their_owner_alone(sites: list[Site]) -> None:
    for home in homes(sites):
        assert home.stat().st_mode & 0o077 == 0
        for name in ("node_key.json", "priv_validator_key.json"):
            assert (home / name).stat().st_mode & 0o077 == 0


def test_a_second_time_overwrites_nothing(sites: list[Site]) -> None:
    before = [(home / "priv_validator_key.json").read_bytes() for home in homes(sites)]
    done = CliRunner().invoke(app, ["testnet", "--nodes", "3", "--dir", str(sites[0].root.parent)])
    assert done.exit_code == 1
    assert "holds a site already" in done.output
    assert [(home / "priv_validator_key.json").read_bytes() for home in homes(sites)] == before
