"""Validators as processes of their own, for tests and benchmarks: each a CometLedger that is spoken to in lines of JSON.

`python tests/validators.py DIRECTORY SITE KEY KIND` is one of them, with the shadow centre's key ``signer(KEY)``.
"""

import dataclasses
import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import structlog

from blockchain_iface.cometbft import abci_pb2 as abci
from blockchain_iface.cometbft import network, transaction
from blockchain_iface.cometbft.application import Application
from blockchain_iface.engines.cometbft import CometLedger
from blockchain_iface.ledger import Rejected
from gateway.adapters.broker import free_port
from tests.virtual_meter import SITE, VirtualMeter, signer

ROOT = Path(__file__).parents[1]
FIRST_KEY = 1_000_003
HONEST, LIAR = "honest", "liar"


def until(true: Callable[[], object], within_s: float = 30.0) -> bool:
    """Whether ``true`` came true in time."""
    end = time.monotonic() + within_s
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Validator:
    """The handle of one validator's process."""

    def __init__(self, member: network.Member, key: int) -> None:
        self.member = member
        self.directory = member.home.parent
        self.key = key
        self._process: subprocess.Popen[str] | None = None

    def start(self, kind: str = HONEST) -> "Validator":
        command = [sys.executable, "-m", "tests.validators", str(self.directory), self.member.site, str(self.key), kind]
        with (self.directory / "log").open("a") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        return self

    def ask(self, do: str, *arguments: object) -> Any:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([do, *arguments]), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        assert line, self.log()
        return json.loads(line)

    def submit(self, *entries: bytes) -> list[str]:
        """Their ids, or the reason why not."""
        answer: list[str] = self.ask("submit", [entry.hex() for entry in entries])
        return answer

    def all_final(self, ids: Sequence[str]) -> bool:
        return bool(self.ask("final", ids))

    def head(self) -> tuple[int, str, str]:
        """(size, log root, state root)."""
        size, root, state = self.ask("head")
        return size, root, state

    def first_block(self) -> int:
        """The height of the first block that its node holds; 0 if it holds none, or does not answer."""
        try:
            with urlopen(f"http://{network.HOST}:{self.member.rpc_port}/status", timeout=5) as answer:
                return int(json.load(answer)["result"]["sync_info"]["earliest_block_height"])
        except OSError:
            return 0

    def kill(self) -> None:
        """SIGKILL; its node dies with it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def close(self) -> None:
        if self._process is not None:
            self.kill()

    def log(self) -> str:
        return (self.directory / "log").read_text()


class Network:
    """Validators on loopback; the first one's site is that of tests/virtual_meter.py."""

    def __init__(self, root: Path, count: int) -> None:
        keys = [FIRST_KEY + number for number in range(count)]
        sites = [SITE, *(f"{SITE}-{number}" for number in range(1, count))]
        members = [
            network.Member(site, signer(key).public, root / site / "cometbft", free_port(), free_port())
            for site, key in zip(sites, keys, strict=True)
        ]
        network.create(members, "test", datetime.now(UTC))
        self.validators = [Validator(member, key) for member, key in zip(members, keys, strict=True)]
        self.validators_and_twins = [*self.validators]

    def start(self) -> None:
        for validator in self.validators_and_twins:
            validator.start()

    def twin(self, validator: Validator) -> Validator:
        """Another node with a validator's keys and a memory of its own: between them, they vote twice."""
        home = validator.directory.with_name(f"{validator.member.site}-twin") / "cometbft"
        shutil.copytree(validator.member.home / "config", home / "config")
        (home / "data").mkdir()
        (home / "config" / "node_key.json").unlink()  # it is given a new one
        (home / "config" / "priv_validator_state.json").write_text('{"height": "0", "round": 0, "step": 0}')
        config = home / "config" / "config.toml"
        ports = {validator.member.p2p_port: free_port(), validator.member.rpc_port: free_port()}
        text = config.read_text()
        for old, new in ports.items():
            text = text.replace(f':{old}"', f':{new}"', 1)
        config.write_text(text)
        twin = Validator(dataclasses.replace(validator.member, home=home), validator.key)
        self.validators_and_twins.append(twin)
        return twin

    def close(self) -> None:
        for validator in self.validators_and_twins:
            validator.close()


class Liar(Application):
    """A validator that proposes what a stranger has signed, says yes to everything, and does as the honest ones do."""

    def prepare_proposal(self, request: abci.RequestPrepareProposal) -> abci.ResponsePrepareProposal:
        forged = VirtualMeter("home-1", 666).certify(1_000_000, 0)
        honest = super().prepare_proposal(request)
        return abci.ResponsePrepareProposal(txs=[*honest.txs, transaction.encode([forged])])

    def process_proposal(self, _request: abci.RequestProcessProposal) -> abci.ResponseProcessProposal:
        return abci.ResponseProcessProposal(status=abci.ResponseProcessProposal.ACCEPT)


class _Service:
    """What a validator's process answers."""

    def __init__(self, ledger: CometLedger) -> None:
        self.ledger = ledger

    def submit(self, entries: list[str]) -> list[str]:
        try:
            return [id.hex() for id in self.ledger.submit([bytes.fromhex(entry) for entry in entries], int(time.time()))]
        except Rejected as rejected:
            return [rejected.reason]

    def final(self, ids: list[str]) -> bool:
        return all(self.ledger.get(bytes.fromhex(id)) for id in ids)

    def head(self) -> tuple[int, str, str]:
        head = self.ledger.head()
        return (head.size, head.root.hex(), self.ledger._copy.app_hash.hex()) if head else (0, "", "")

    def receipt(self, id: str) -> str:
        proof = self.ledger.receipt(bytes.fromhex(id))
        return proof.hex() if proof else ""

    def data(self, id: str) -> str:
        entry = self.ledger.get(bytes.fromhex(id))
        return entry.data.hex() if entry else ""

    def history(self) -> str:
        digest = hashlib.sha256()
        for entry in self.ledger.read(-1, 1_000_000):
            digest.update(entry.data)
        return digest.hexdigest()

    def available(self, now: int) -> bool:
        return self.ledger.health(now).available


def main(directory: Path, site: str, key: int, kind: str) -> None:
    """Answer until our input ends."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    ledger = CometLedger(directory, signer(key), site, application={HONEST: Application, LIAR: Liar}[kind])
    service = _Service(ledger)
    for line in sys.stdin:
        do, *arguments = json.loads(line)
        print(json.dumps(getattr(service, do)(*arguments)), flush=True)
    ledger.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4])
