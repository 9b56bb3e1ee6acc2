"""The ledger as CometBFT's application (ABCI 2.0): what may be proposed, what a block does, what the validators agree on.

    app hash = SHA-256(log root || state root)      after every block the same on all copies, or the network stops

An entry is judged four times by the same machine: before it waits in the pool, before we propose it, when somebody proposes
it, and when its block is decided. A block with one wrong entry gets no vote of ours.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from ..ledger import Rejected, Unavailable
from ..signatures import Verifier
from ..state.happenings import Happening
from ..state.machine import Machine
from . import abci_pb2 as abci
from . import snapshot
from .copy import Copy
from .draft import Draft
from .server import ProtocolError

OK, REFUSED = 0, 1
"""Codes of CheckTx and of a transaction's result: the first is the protocol's."""
_RETAINED = 100_000
"""Blocks that a node keeps: as many as evidence of a double vote may be old (CometBFT's default)."""
_OVERHEAD = 8
"""Bytes that a block adds to each transaction, at most."""


def founders(app_state: bytes) -> dict[str, bytes]:
    """Who may begin on this ledger: sites and their shadow centres' keys. ValueError if the genesis file does not say."""
    document = json.loads(app_state)
    return {site: bytes.fromhex(key) for site, key in document["founders"].items()}


def founders_of(home: Path) -> dict[str, bytes]:
    """The founders that the genesis file of a node's home names. Unavailable if it cannot be read."""
    path = home / "config" / "genesis.json"
    try:
        return founders(json.dumps(json.loads(path.read_bytes())["app_state"]).encode())
    except (OSError, ValueError, KeyError) as error:
        raise Unavailable(f"{path} cannot be read ({error}): `skerry ledger testnet` makes one") from None


class Application:
    """One validator's. All calls come from one thread."""

    def __init__(
        self,
        copy: Copy,
        verifier: Verifier,
        founders: Mapping[str, bytes],
        settled: Callable[[Sequence[bytes]], None],
        told: Callable[[Sequence[tuple[str, Happening]]], None],
        accused: Callable[[bytes, int], None],
    ) -> None:
        """Go on from ``copy``, the ledger as this validator holds it.

        Args:
            verifier: of this thread: what waited in the pool is not read and checked again in its block.
            founders: the sites that may begin here, and their shadow centres' keys.
            settled: told the SHA-256 of the transactions of each block that has some.
            told: what each block has brought about, and at which site.
            accused: told the address of each validator that voted twice, and at which height: the evidence is in the block.
        """
        self._copy = copy
        self._verifier = verifier
        self._founders = founders
        self._settled = settled
        self._told = told
        self._accused = accused
        self._restore: snapshot.Restore | None = None
        self._begin()

    def _begin(self) -> None:
        """Two machines over one copy: one judges blocks, the other what waits in the pool, which is not yet ordered."""
        machine = Machine(self._verifier, self._copy.backing, self._founders)
        self._machine = machine
        self._block = Draft(machine, self._verifier, self._copy.is_final)
        self._waiting = Machine(self._verifier, self._copy.backing, self._founders)

    def info(self, _request: abci.Empty) -> abci.ResponseInfo:
        """Where we are. The node brings the blocks that came after."""
        height = self._copy.height
        app_hash = self._copy.app_hash if height else b""
        return abci.ResponseInfo(data="skerry", last_block_height=height, last_block_app_hash=app_hash)

    def init_chain(self, request: abci.RequestInitChain) -> abci.ResponseInitChain:
        """The genesis must name the founders that we know."""
        if founders(request.app_state_bytes) != self._founders:
            raise ProtocolError("the node has another genesis than this ledger")
        return abci.ResponseInitChain(app_hash=self._copy.app_hash)

    def query(self, _request: abci.Empty) -> abci.ResponseQuery:
        """Nothing: whoever wants to know reads the ledger file."""
        return abci.ResponseQuery(code=REFUSED, log="read the ledger file")

    def check_tx(self, request: abci.RequestCheckTx) -> abci.TxResult:
        """May it wait in the pool? Judged by itself, on the newest block."""
        draft = Draft(self._waiting, self._verifier, self._copy.is_final)
        result = _taken(draft, request.tx)
        draft.clear()
        return result

    def prepare_proposal(self, request: abci.RequestPrepareProposal) -> abci.ResponsePrepareProposal:
        """What is valid of what waits, in its order, as much as fits."""
        self._block.clear()
        room = request.max_tx_bytes
        for data in request.txs:
            if len(data) + _OVERHEAD <= room and _taken(self._block, data).code == OK:
                room -= len(data) + _OVERHEAD
        return abci.ResponsePrepareProposal(txs=self._block.transactions)

    def process_proposal(self, request: abci.RequestProcessProposal) -> abci.ResponseProcessProposal:
        """Our vote: for a block all of whose entries are valid and new, and no other."""
        valid = all(result.code == OK for result in self._draft(request.txs))
        verdict = abci.ResponseProcessProposal.ACCEPT if valid else abci.ResponseProcessProposal.REJECT
        return abci.ResponseProcessProposal(status=verdict)

    def finalize_block(self, request: abci.RequestFinalizeBlock) -> abci.ResponseFinalizeBlock:
        """Do what the block says, on the disk but for the commit."""
        for accused in request.misbehavior:
            self._accused(accused.validator.address, accused.height)
        if self._copy.is_open:
            # the node came back before it said commit
            self._copy.rollback()
            self._begin()
        results = self._draft(request.txs)
        self._copy.begin()
        if self._block.statements:
            sealed = self._machine.seal(self._copy.next_block)
            self._copy.append(request.time.seconds, self._block.statements, sealed)
        app_hash = self._copy.reach(request.height)
        return abci.ResponseFinalizeBlock(tx_results=results, app_hash=app_hash)

    def commit(self, _request: abci.Empty) -> abci.ResponseCommit:
        """The block is final. The node may forget blocks that no evidence can concern any more: the log holds their entries."""
        self._copy.commit()
        self._machine.commit()
        self._waiting.forget()
        if self._block.transactions:
            self._settled([sha256(data).digest() for data in self._block.transactions])
        self._told(self._block.happened)
        self._block.clear()
        return abci.ResponseCommit(retain_height=max(0, self._copy.height - _RETAINED))

    def _draft(self, transactions: Sequence[bytes]) -> list[abci.TxResult]:
        """Judge a block, unless it is the one that was judged last."""
        if self._block.transactions == list(transactions):
            return [abci.TxResult(code=OK) for _ in transactions]
        self._block.clear()
        return [_taken(self._block, data) for data in transactions]

    def list_snapshots(self, _request: abci.Empty) -> abci.ResponseListSnapshots:
        """Any past block is one, for the log is never changed."""
        return abci.ResponseListSnapshots(snapshots=snapshot.offers(self._copy))

    def load_snapshot_chunk(self, request: abci.RequestLoadSnapshotChunk) -> abci.ResponseLoadSnapshotChunk:
        """A piece of the log."""
        return abci.ResponseLoadSnapshotChunk(chunk=snapshot.chunk(self._copy, request.height, request.chunk))

    def offer_snapshot(self, request: abci.RequestOfferSnapshot) -> abci.ResponseOfferSnapshot:
        """Take it if the validators signed its hash and it is of our format. It replaces what is here."""
        if request.snapshot.format != snapshot.FORMAT:
            return abci.ResponseOfferSnapshot(result=abci.ResponseOfferSnapshot.REJECT_FORMAT)
        if request.snapshot.hash != request.app_hash:
            return abci.ResponseOfferSnapshot(result=abci.ResponseOfferSnapshot.REJECT)
        self._copy.clear()
        self._begin()
        self._restore = snapshot.Restore(self._copy, self._machine, request.snapshot)
        return abci.ResponseOfferSnapshot(result=abci.ResponseOfferSnapshot.ACCEPT)

    def apply_snapshot_chunk(self, request: abci.RequestApplySnapshotChunk) -> abci.ResponseApplySnapshotChunk:
        """Replay a piece of the log through the machine. What does not end at the signed hash leaves nothing."""
        answer = abci.ResponseApplySnapshotChunk
        if self._restore is None:
            raise ProtocolError("a chunk of no snapshot")
        try:
            self._restore.take(request.chunk)
        except snapshot.WrongSnapshot:
            self._restore = None
            self._copy.clear()
            self._begin()
            return answer(result=answer.REJECT_SNAPSHOT)
        if self._restore.is_whole:
            self._restore = None
            self._begin()
        return answer(result=answer.ACCEPT)


def _taken(draft: Draft, data: bytes) -> abci.TxResult:
    try:
        draft.take(data)
    except Rejected as rejected:
        return abci.TxResult(code=REFUSED, data=rejected.id, log=rejected.reason)
    return abci.TxResult(code=OK)
