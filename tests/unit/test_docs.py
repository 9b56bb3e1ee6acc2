"""The documentation's commands, as a reader would type them, one after the other."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.virtual_meter import T0
from tests.worlds import Island

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)


def run(page: str, directory: Path) -> str:
    script = "set -eu\n" + "\n".join(BLOCK.findall((ROOT / "docs" / page).read_text()))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    command = ["sh", "-c", script]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    island = Island(tmp_path / "site" / "ledger.sqlite")
    island.run(wind=401, home=300, other=90, now=T0 + 10)
    island.ledger.close()
    return tmp_path


def test_a_third_party_checks_a_receipt(site: Path) -> None:
    printed = run("receipts.md", site)
    assert "signature      : FAIL" not in printed
    assert printed.count("signature      : PASS") == 4
    assert printed.count("ok             : True") == 3
    root = re.search(r"root           : (\w+)", printed)
    assert root is not None
    assert f"root {root[1]} at Unix second {T0 + 10}" in printed
    assert f"certificate 1 from Unix second {T0} registers [1000, 2000] to [1000, 2401] Wh" in printed


def history(path: Path, *winds: int) -> None:
    island = Island(path)
    for step, wind in enumerate(winds, 1):
        island.run(wind=wind, home=300, other=90, now=T0 + 10 * step)
    island.ledger.close()


def test_two_parties_compare_what_they_were_shown(tmp_path: Path) -> None:
    history(tmp_path / "early.sqlite", 401)
    history(tmp_path / "mine.sqlite", 401, 402, 403)
    history(tmp_path / "theirs.sqlite", 401, 402)
    history(tmp_path / "forked.sqlite", 401, 409)
    printed = " ".join(run("histories.md", tmp_path).split())
    assert "consistent: the head of" in printed
    assert "not consistent: the operator of isle signed" in printed
    assert printed.count(" proven ") == 3
