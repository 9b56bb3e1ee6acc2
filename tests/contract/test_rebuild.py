"""A damaged ledger file rebuilt: whole again where entries and blocks are left, else a true beginning."""

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blockchain_iface.archive import Archive
from blockchain_iface.cli.app import app
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Corrupt
from blockchain_iface.rebuild import rebuild
from tests.contract.engines import Seen, seen
from tests.virtual_meter import CENTRE, SITE, T0, VirtualMeter, enrolment_of, genesis

PAGE = 4096


@pytest.fixture(scope="module")
def meter() -> VirtualMeter:
    return VirtualMeter("home-1", 7)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, meter: VirtualMeter) -> tuple[bytes, Seen, bytes]:
    """A closed ledger's file, all that it says, and the certificate that comes next."""
    path = tmp_path_factory.mktemp("whole") / "ledger.sqlite"
    ledger = EmbeddedLedger(path, CENTRE, SITE)
    ledger.submit([genesis(), enrolment_of(meter)], T0)
    for _ in range(12):
        ledger.submit([meter.certify(1, 0) for _ in range(20)], T0)
    said = seen(ledger)
    ledger.close()
    return path.read_bytes(), said, meter.certify(1, 0)


@pytest.fixture
def old(tmp_path: Path, whole: tuple[bytes, Seen, bytes]) -> Path:
    path = tmp_path / "old.sqlite"
    path.write_bytes(whole[0])
    return path


def test_whichever_page_is_damaged_nothing_that_is_left_is_lost(
    tmp_path: Path, old: Path, whole: tuple[bytes, Seen, bytes]
) -> None:
    data, said, following = whole
    chance, made_whole, saved = random.Random(6), 0, [0]  # noqa: S311
    for page in range(len(data) // PAGE):
        new = tmp_path / f"{page}.sqlite"
        old.write_bytes(data[: page * PAGE] + chance.randbytes(PAGE) + data[(page + 1) * PAGE :])
        try:
            archive = Archive(old)
        except Corrupt:
            # the file's header, or its schema
            continue
        findings, damage = rebuild(archive, new)
        archive.close()
        if damage is None:
            made_whole += 1
            ledger = EmbeddedLedger(new, CENTRE, SITE)
            assert seen(ledger) == said
            ledger.submit([following], T0)
            ledger.close()
        elif findings is not None:
            ledger = EmbeddedLedger(new, CENTRE, SITE)
            assert ledger.read(-1, 1000) == said[1][: findings.entries]
            ledger.close()
            saved.append(findings.entries)
    assert made_whole > len(data) // PAGE // 2
    assert len(saved) > 10
    assert max(saved) > 200


def damaged(path: Path, query: str) -> None:
    with sqlite3.connect(path) as db:
        assert db.execute(query).rowcount > 0
    db.close()


@pytest.mark.parametrize(
    ("query", "reason", "entries"),
    [
        ("DELETE FROM entries WHERE idx = 100", "block 5: its entries do not lead to its roots", 82),
        ("UPDATE entries SET data = x'00' WHERE idx = 100", "entry 100", 82),
        ("UPDATE blocks SET data = x'00' WHERE height = 3", "block 3", 42),
        ("DELETE FROM blocks WHERE height = 12", "no block covers this entry", 222),
        ("DELETE FROM entries", "block 0: entries that it covers are missing", 0),
    ],
)
def test_it_ends_where_entries_or_blocks_are_damaged(tmp_path: Path, old: Path, query: str, reason: str, entries: int) -> None:
    damaged(old, query)
    findings, damage = rebuild(Archive(old), tmp_path / "new.sqlite")
    assert damage is not None
    assert reason in str(damage)
    assert (findings.entries if findings else 0) == entries


def test_nothing_is_written_over(old: Path) -> None:
    before = old.read_bytes()
    with pytest.raises(FileExistsError, match="name a new file"):
        rebuild(Archive(old), old)
    assert old.read_bytes() == before


DAMAGES: dict[str, tuple[Callable[[Path], None], int, str]] = {
    "tree": (lambda path: damaged(path, "DELETE FROM tiles"), 0, "Nothing is lost"),
    "state": (lambda path: damaged(path, "DELETE FROM state"), 0, "Nothing is lost"),
    "entries": (lambda path: damaged(path, "DELETE FROM entries WHERE idx = 100"), 1, "No gateway may go on from here"),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_the_command_says_what_may_be_done_with_it(tmp_path: Path, old: Path, what: str) -> None:
    damage, status, word = DAMAGES[what]
    damage(old)
    done = CliRunner().invoke(app, ["rebuild", str(old), str(tmp_path / "new.sqlite")])
    assert done.exit_code == status
    assert word in done.stdout
    assert "in order" in done.stdout
