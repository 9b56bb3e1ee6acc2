"""The state beside the log: in every block's statement, in the same transaction, there again at once after a restart."""

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from blockchain_iface.archive import Archive
from blockchain_iface.cli.app import app
from blockchain_iface.cli.state import KEYS
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.engines.memory import MemoryLedger, MemoryStorage, Step, fails
from blockchain_iface.ledger import Corrupt, Unavailable
from blockchain_iface.state import stored
from blockchain_iface.state.machine import Machine
from blockchain_iface.state.memory import MemoryBacking
from blockchain_iface.state.proof import StateProof, prove_state
from blockchain_iface.state.state import State
from blockchain_iface.state.table import Table
from blockchain_iface.verify import verify
from tests.virtual_meter import CENTRE, SITE, T0, VirtualMeter, enrol, genesis, recharge


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of 20 blocks."""
    path = tmp_path / "ledger.sqlite"
    ledger, meter = EmbeddedLedger(path, CENTRE, SITE), VirtualMeter("home-1", 7)
    ledger.submit([genesis()], T0)
    enrol(ledger, meter)
    recharge(ledger, "home-1", 5, "first")
    for number in range(17):
        ledger.submit([meter.certify(number, 0), meter.record()], T0 + number)
    ledger.close()
    return path


def tamper(path: Path, query: str) -> None:
    with sqlite3.connect(path) as db:
        assert db.execute(query).rowcount > 0
    db.close()


def test_every_block_signs_the_root_that_a_value_is_proved_under(path: Path) -> None:
    archive = Archive(path)
    for block in archive.blocks(2):
        slots, root = block.block().state
        proof = prove_state(archive.state(block), SITE, "accounts", "home-1")
        assert proof is not None
        assert (proof.slots, proof.root(), proof.slot.value) == (slots, root, b"\x05")
    newest = prove_state(archive.state(), SITE, "chains", "home-1")
    assert newest is not None
    assert (newest.slots, newest.root()) == block.block().state


def test_nothing_is_applied_again_when_the_file_is_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "apply", None)
    ledger = EmbeddedLedger(path, CENTRE, SITE)
    assert ledger.state.chains["home-1"].contiguous == 17
    assert ledger.state.balance("home-1") == 5
    monkeypatch.undo()
    meter = VirtualMeter("home-2", 8)
    enrol(ledger, meter)
    ledger.submit([meter.certify(1, 1)], T0 + 99)
    ledger.close()
    assert verify(Archive(path)).certificates == 18


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("UPDATE state_nodes SET hash = zeroblob(32), height = 99", "stored state is not that of block 19"),
        ("DELETE FROM state WHERE slot = (SELECT max(slot) FROM state)", "stored state is not that of block 19"),
        ("DELETE FROM entries WHERE idx = (SELECT max(idx) FROM entries)", "entry 36: an entry .* is missing"),
        ("DELETE FROM blocks WHERE height = 19", "entry 35: no block covers"),
    ],
)
def test_a_state_that_is_not_its_blocks_is_seen_at_once(path: Path, query: str, complaint: str) -> None:
    tamper(path, query)
    with pytest.raises(Corrupt, match=complaint):
        EmbeddedLedger(path, CENTRE, SITE)


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("UPDATE state SET value = x'06' WHERE value = x'05'", "the stored state is not what the entries lead to"),
        ("UPDATE state_nodes SET hash = zeroblob(32) WHERE key = 3", "stored node .3, 0. of the state tree"),
        ("DELETE FROM state_nodes WHERE key = 3", "node .3, 0. of the state tree is missing"),
        ("DELETE FROM state WHERE slot = 5", "of the state's slots 0 to"),
        ("DELETE FROM state WHERE slot = (SELECT max(slot) FROM state)", "the stored state has"),
    ],
)
def test_verify_holds_the_stored_state_against_the_entries(path: Path, query: str, complaint: str) -> None:
    tamper(path, query)
    with pytest.raises(Corrupt, match=complaint):
        verify(Archive(path))


def test_the_ledger_of_another_site_is_not_gone_on_with(path: Path) -> None:
    with pytest.raises(Corrupt, match="the ledger of site isle, not of atoll"):
        EmbeddedLedger(path, CENTRE, "atoll")


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("is_done", [False, True])
def test_after_any_failure_state_and_log_are_of_one_block(step: Step, is_done: bool) -> None:
    storage, meter = MemoryStorage(), VirtualMeter("home-1", 7)
    ledger = MemoryLedger(storage, CENTRE, SITE)
    ledger.submit([genesis()], T0)
    enrol(ledger, meter)
    ledger.submit([meter.certify(1, 0)], T0)
    batch = [meter.certify(2, 0), meter.record()]
    whole, storage.fault = storage.fault, fails(step, is_done)
    with pytest.raises(Unavailable):
        ledger.submit(batch, T0)
    storage.fault = whole
    there = step is Step.COMMIT and is_done
    assert ledger.state.chains["home-1"].highest == (2 if there else 1)
    ledger.submit([*batch, meter.certify(3, 0)], T0)
    again = MemoryLedger(storage, CENTRE, SITE)
    for mine, theirs in zip(ledger.state.tables, again.state.tables, strict=True):
        assert list(mine.items()) == list(theirs.items())
    assert again.state.chains["home-1"].contiguous == 3


def state(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["state", *map(str, arguments)])


def test_a_value_is_shown_with_its_proof(path: Path) -> None:
    blocks = [block.block().state for block in Archive(path).blocks()]
    for height, highest in ((5, 3), (19, 17)):
        shown = json.loads(state(path, "chains", "home-1", "--height", height).stdout)
        assert shown["value"] == {"highest": highest, "gaps": [], "total": highest}
        proof = StateProof.decode(bytes.fromhex(shown["proof"]))
        assert (proof.slots, proof.root()) == blocks[height]
        assert shown["state_root"] == proof.root().hex()
    assert json.loads(state(path, "certificates", "home-1", 4).stdout)["value"]["t0"] == T0 + 30
    assert json.loads(state(path, "keys", VirtualMeter("home-1", 7).signer.kid.hex()).stdout)["value"]["meter"] == "home-1"
    assert json.loads(state(path, "site").stdout)["value"]["interval"] == 10


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("accounts", "nobody"), "accounts holds nothing under nobody at height 19"),
        (("chains", "home-1", "--height", 1), "chains holds nothing under home-1 at height 1"),
        (("chains", "home-1", "--height", 99), "block 99 is missing"),
        (("tables", "home-1"), "tables is none of"),
        (("certificates", "home-1"), "a key of certificates is: NAME NUMBER"),
        (("keys", "xyz"), "a key of keys is: HEX"),
    ],
)
def test_what_cannot_be_shown_gets_a_sentence(path: Path, arguments: tuple[object, ...], complaint: str) -> None:
    result = state(path, *arguments)
    assert result.exit_code != 0
    assert complaint in " ".join(result.stderr.replace("\u2502", " ").split())


def test_what_is_pruned_is_said_to_be(path: Path) -> None:
    with sqlite3.connect(path) as db:
        stored.prune(db, 12)
    db.close()
    assert "is pruned" in state(path, "chains", "home-1", "--height", 11).stderr
    assert state(path, "chains", "home-1", "--height", 12).exit_code == 0


def test_every_table_can_be_looked_into() -> None:
    widths = {name: len(kinds) for name, kinds in KEYS.items()}
    tables = vars(State(MemoryBacking(), SITE)).items()
    # the head of a key's array says how many items it has; site and table number are two of them
    assert widths == {name: (table._prefix[0] & 0x1F) - 2 for name, table in tables if isinstance(table, Table)}
