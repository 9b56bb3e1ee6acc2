"""The files with which several shadow centres begin a common ledger: each one's node home, and the genesis that they share.

    HOME/config/config.toml                 addresses and time-outs     config/genesis.json   validators, founders
    HOME/config/priv_validator_key.json     signs votes                 config/node_key.json  names the node to its peers
    HOME/config/priv_validator_state.json   what was voted last         data/                 the node's own: may be lost

Keys and the last vote are apart from ``data``: a validator that begins anew from its peers' snapshot never votes twice.
"""

import base64
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HOST = "127.0.0.1"
SOCKET = "application.sock"
_POWER = 10


@dataclass(frozen=True)
class Member:
    """One shadow centre of the network: its site's id, its public key (64 bytes), its node's home and ports on 127.0.0.1."""

    site: str
    public: bytes
    home: Path
    p2p_port: int
    rpc_port: int


@dataclass(frozen=True)
class _Key:
    """An Ed25519 key as CometBFT writes it (crypto/ed25519)."""

    private: bytes
    public: bytes

    @classmethod
    def new(cls) -> "_Key":
        key = Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes_raw()
        return cls(key.private_bytes_raw() + public, public)

    @property
    def address(self) -> str:
        """The first 20 bytes of the SHA-256 of the public key, hex."""
        return hashlib.sha256(self.public).hexdigest()[:40]

    def public_json(self) -> dict[str, str]:
        return {"type": "tendermint/PubKeyEd25519", "value": base64.b64encode(self.public).decode()}

    def private_json(self) -> dict[str, str]:
        return {"type": "tendermint/PrivKeyEd25519", "value": base64.b64encode(self.private).decode()}


def create(members: Sequence[Member], chain: str, begun: datetime) -> None:
    """Write every member's home.

    Args:
        members: who votes, with equal power; more than two thirds of them must run.
        chain: the ledger's name, unlike that of any other, at most 50 characters.
        begun: the time of the genesis; UTC.
    Raises:
        FileExistsError: a home is there already: its keys are not overwritten.
    """
    voters = [_Key.new() for _ in members]
    nodes = [_Key.new() for _ in members]
    genesis = _genesis(members, voters, chain, begun)
    peers = [f"{node.address}@{HOST}:{member.p2p_port}" for node, member in zip(nodes, members, strict=True)]
    for place, member in enumerate(members):
        others = [peer for number, peer in enumerate(peers) if number != place]
        servers = [f"http://{HOST}:{other.rpc_port}" for other in members if other is not member]
        config = member.home / "config"
        config.mkdir(parents=True, mode=0o700)
        (member.home / "data").mkdir(mode=0o700)
        _write(config / "genesis.json", genesis)
        _write(config / "node_key.json", {"priv_key": nodes[place].private_json()})
        _write(config / "priv_validator_key.json", _voter(voters[place]))
        _write(config / "priv_validator_state.json", {"height": "0", "round": 0, "step": 0})
        (config / "config.toml").write_text(_config(member, others, servers), encoding="utf-8")


def _genesis(members: Sequence[Member], voters: Sequence[_Key], chain: str, begun: datetime) -> Mapping[str, object]:
    validators = [
        {"address": key.address.upper(), "pub_key": key.public_json(), "power": str(_POWER), "name": member.site}
        for key, member in zip(voters, members, strict=True)
    ]
    return {
        "genesis_time": begun.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "chain_id": chain,
        "initial_height": "1",
        "validators": validators,
        "app_hash": "",
        "app_state": {"founders": {member.site: member.public.hex() for member in members}},
    }


def _voter(key: _Key) -> Mapping[str, object]:
    return {"address": key.address.upper(), "pub_key": key.public_json(), "priv_key": key.private_json()}


def _write(path: Path, document: Mapping[str, object]) -> None:
    """For the owner's eyes only: most of these are keys."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)


def _config(member: Member, peers: Sequence[str], servers: Sequence[str]) -> str:
    """What differs from CometBFT's defaults.

    Time-outs suit links of up to some 200 ms between microgrids: a proposer that is dead costs a round of about 2 s. Blocks
    are made when there are entries, and one more after each, which carries their hash; else every 5 s, for entries that did
    not reach the next proposer must not wait for ever.
    """
    return f"""\
proxy_app = "unix://{SOCKET}"
moniker = "{member.site}"
log_level = "error"
priv_validator_state_file = "config/priv_validator_state.json"

[rpc]
laddr = "tcp://{HOST}:{member.rpc_port}"
max_body_bytes = 4000000

[p2p]
laddr = "tcp://{HOST}:{member.p2p_port}"
persistent_peers = "{",".join(peers)}"
persistent_peers_max_dial_period = "2s"
addr_book_strict = false
allow_duplicate_ip = true
pex = false
flush_throttle_timeout = "10ms"
dial_timeout = "1s"

[mempool]
max_tx_bytes = 2097152

[statesync]
enable = false
rpc_servers = "{",".join(servers)}"
trust_height = 0
trust_hash = ""
trust_period = "168h0m0s"
discovery_time = "5s"
chunk_request_timeout = "5s"

[consensus]
timeout_propose = "1s"
timeout_propose_delta = "500ms"
timeout_prevote = "500ms"
timeout_prevote_delta = "500ms"
timeout_precommit = "500ms"
timeout_precommit_delta = "500ms"
timeout_commit = "200ms"
create_empty_blocks_interval = "5s"
peer_gossip_sleep_duration = "20ms"

[tx_index]
indexer = "null"
"""
