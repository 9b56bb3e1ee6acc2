"""`skerry ledger verify` finds every kind of tampering in the file and names the first wrong entry."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blockchain_iface.archive import Archive
from blockchain_iface.cli import statement as statement_command
from blockchain_iface.cli.app import app
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Corrupt, Unavailable
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Sighting
from blockchain_iface.statement import UnknownAccount, lines
from blockchain_iface.verify import verify
from firmware.wire import cose
from tests.virtual_meter import CENTRE, SITE, T0, VirtualMeter, signed
from tests.worlds import Island


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with trades, a provisional interval and its true-up."""
    island = Island(tmp_path / "ledger.sqlite")
    for step in range(1, 6):
        island.work(T0 + 10 * step - 5)
        island.run(wind=400 + step, home=300, other=90 + step, now=T0 + 10 * step)
    late = island.other.certify(140, 0)
    island.submit(island.wind.certify(0, 410), island.home.certify(300, 0), now=T0 + 60)
    island.work(T0 + 100)
    island.submit(late, now=T0 + 110)
    island.ledger.close()
    return tmp_path / "ledger.sqlite"


def test_an_untouched_ledger_is_in_order(path: Path) -> None:
    findings = verify(Archive(path), CENTRE.public)
    assert findings.site == SITE
    assert findings.certificates == 23
    assert findings.entries == Archive(path).count()
    assert findings.settlements == 6


def tamper(path: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(path) as db:
        assert db.execute(statement, values).rowcount == 1
    db.close()


def flipped(path: Path, table: str, column: str, where: str) -> None:
    with sqlite3.connect(path) as db:
        (data,) = db.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchone()  # noqa: S608
    db.close()
    changed = bytes([*data[:-70], data[-70] ^ 1, *data[-69:]]) if len(data) > 70 else bytes([data[0] ^ 1, *data[1:]])
    tamper(path, f"UPDATE {table} SET {column} = ? WHERE {where}", changed)  # noqa: S608


LAST = -1
NODE_OF_ENTRY_11 = """
UPDATE tiles SET hashes = cast(substr(hashes, 1, 352) || substr(hashes, 1, 32) || substr(hashes, 385) AS BLOB) WHERE key = 0
"""
TAMPERINGS: dict[str, tuple[Callable[[Path], None], int | None]] = {
    "a bit of a certificate": (lambda path: flipped(path, "entries", "data", "idx = 12"), 12),
    "a stored id": (lambda path: flipped(path, "entries", "id", "idx = 13"), 13),
    "an entry taken out": (lambda path: tamper(path, "DELETE FROM entries WHERE idx = 14"), 14),
    "the last entry taken out": (
        lambda path: tamper(path, "DELETE FROM entries WHERE idx = (SELECT max(idx) FROM entries)"),
        None,
    ),
    "an entry moved to another block": (lambda path: tamper(path, "UPDATE entries SET height = 3 WHERE idx = 12"), 12),
    "a tree node": (lambda path: tamper(path, NODE_OF_ENTRY_11), 11),
    "a block": (lambda path: flipped(path, "blocks", "data", "height = 4"), None),
    "the last block taken out": (
        lambda path: tamper(path, "DELETE FROM blocks WHERE height = (SELECT max(height) FROM blocks)"),
        LAST,
    ),
    "a head signature": (lambda path: flipped(path, "blocks", "head_signature", "height = 5"), None),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found_and_the_entry_named(path: Path, name: str) -> None:
    change, index = TAMPERINGS[name]
    last = Archive(path).count() - 1
    change(path)
    with pytest.raises(Corrupt) as found:
        verify(Archive(path))
    assert found.value.index == (last if index == LAST else index)


def test_other_processes_change_nothing_but_the_time(path: Path) -> None:
    assert verify(Archive(path), CENTRE.public, processes=1) == verify(Archive(path), CENTRE.public)
    flipped(path, "entries", "data", "idx = 12")
    with pytest.raises(Corrupt) as found:
        verify(Archive(path), processes=1)
    assert found.value.index == 12


def test_other_processes_do_the_checking(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checks, checked_here = Verifier.checks, []

    def counted(verifier: Verifier, *signature: bytes) -> bool:
        checked_here.append(signature)
        return checks(verifier, *signature)

    monkeypatch.setattr(Verifier, "checks", counted)
    verify(Archive(path), processes=1)
    # only those on the four meters' requests, which lie inside their enrolments
    assert len(checked_here) == 4


def test_the_heads_that_meters_saw_are_compared(tmp_path: Path) -> None:
    island = Island(tmp_path / "ledger.sqlite")
    head = island.ledger.head()
    assert head is not None
    strange = island.wind.certify(0, 1, seen=(2, bytes(32)))
    island.submit(strange, island.home.certify(1, 0, seen=(head.size, head.root)), now=T0 + 10)
    # no block ends here, but there is only one history
    within = head.size + 1, island.ledger.root(head.size + 1) or b""
    island.submit(island.home.certify(1, 0, seen=(999, bytes(32))), island.other.certify(1, 0, seen=within), now=T0 + 10)
    island.ledger.submit([signed(Sighting(strange, 2, island.ledger.root(2) or b""), "wind-1")], T0 + 10)
    findings = verify(Archive(tmp_path / "ledger.sqlite"))
    assert (findings.seen, findings.foreign) == (2, 2)
    done = CliRunner().invoke(app, ["verify", str(tmp_path / "ledger.sqlite")])
    assert done.exit_code == 0
    assert "2 certificates name a head that is not in this history" in " ".join(done.stdout.split())


def test_a_sighting_that_misstates_the_ledger_is_found(tmp_path: Path) -> None:
    island = Island(tmp_path / "ledger.sqlite")
    strange = island.wind.certify(0, 1, seen=(2, bytes(32)))
    island.submit(strange, now=T0 + 10)
    island.ledger.submit([signed(Sighting(strange, 2, b"x" * 32), "wind-1")], T0 + 10)
    with pytest.raises(Corrupt, match="says something else of this ledger"):
        verify(Archive(tmp_path / "ledger.sqlite"))


def test_a_ledger_resealed_by_another_key_is_not_the_known_one(path: Path) -> None:
    with pytest.raises(Corrupt, match="not that of the given key"):
        verify(Archive(path), VirtualMeter("x", 99).signer.public)


def test_the_command_says_so_and_fails(path: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["verify", str(path), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["certificates"] == 23
    flipped(path, "entries", "data", "idx = 12")
    failed = runner.invoke(app, ["verify", str(path)])
    assert failed.exit_code == 1
    assert "entry 12" in failed.stderr
    missing = runner.invoke(app, ["verify", str(path.with_name("none"))])
    assert missing.exit_code == 1
    assert "there is no ledger" in missing.stderr


def test_show_and_blocks_read_entries(path: Path) -> None:
    runner = CliRunner()
    shown = json.loads(runner.invoke(app, ["show", str(path), "0"]).stdout)
    assert shown["type"] == "vnd.skerry.genesis"
    assert shown["body"]["public"] == CENTRE.public.hex()
    blocks = json.loads(runner.invoke(app, ["blocks", str(path), "--json"]).stdout)
    assert sum(block["entries"] for block in blocks) == Archive(path).count()


def test_a_statement_adds_up_to_the_balance(path: Path) -> None:
    state = EmbeddedLedger(path, CENTRE, SITE).state
    for account in ("home-1", "home-2", "wind-1"):
        bill = list(lines(Archive(path).entries(), account))
        assert bill[-1].balance == sum(line.amount for line in bill) == state.balance(account)
    bill = list(lines(Archive(path).entries(), "home-2"))
    assert next(line.text for line in bill if line.mark == "*") == "from wind-1"
    assert any(line.text.startswith("reversed: ") and line.mark == "*" for line in bill)
    with pytest.raises(UnknownAccount):
        list(lines(Archive(path).entries(), "feeder"))


@pytest.mark.parametrize("index", [0, 12, 16])
def test_a_bill_from_a_changed_ledger_is_refused_in_a_sentence(path: Path, index: int) -> None:
    flipped(path, "entries", "data", f"idx = {index}")
    done = CliRunner().invoke(statement_command.app, ["home-2", "--ledger", str(path)])
    assert done.exit_code == 1
    assert f"not in order: entry {index}: " in done.stderr


def test_a_printed_statement_fits_a_terminal(path: Path) -> None:
    done = CliRunner().invoke(statement_command.app, ["home-2", "--ledger", str(path)])
    assert done.exit_code == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "from the grid" in done.stdout


def test_no_ledger_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="there is no ledger"):
        Archive(tmp_path)
    (tmp_path / "ledger.sqlite").write_bytes(b"x" * 4096)
    with pytest.raises(Corrupt):
        Archive(tmp_path)


def test_every_entry_is_a_signed_statement_of_the_site(path: Path) -> None:
    assert {cose.parse(entry.data).issuer for entry in Archive(path).entries()} == {SITE}
