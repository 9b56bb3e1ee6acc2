"""The big ledger that benchmarks use is a true one, and the same each time."""

from pathlib import Path

import pytest

from blockchain_iface.archive import Archive
from blockchain_iface.verify import verify
from tools import bench_verify, big_ledger
from tools.figures import LINE


def test_it_is_in_order_trades_and_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("one", "other"):
        big_ledger.build(tmp_path / name, 150)
    one, other = (Archive(tmp_path / name) for name in ("one", "other"))
    assert [entry.data for entry in one.entries()] == [entry.data for entry in other.entries()]
    findings = verify(one)
    assert findings.entries >= 150
    assert findings.settlements > 5
    assert findings.seen > 50
    assert findings.foreign == 0
    assert len(list(bench_verify.signatures(one))) == findings.entries + 11 + 2 * findings.blocks


def test_it_prints_figures(capsys: pytest.CaptureFixture[str]) -> None:
    bench_verify.main(60)
    lines = capsys.readouterr().out.splitlines()
    assert all(LINE.fullmatch(line) for line in lines)
    assert lines[-1].startswith("ledger_verify_ratio ")
