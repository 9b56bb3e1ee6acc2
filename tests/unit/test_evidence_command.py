"""`skerry ledger prove` and `skerry verify`: the files a person hands over, checked where nothing is compiled."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blockchain_iface.cli.app import app
from tests.virtual_meter import CENTRE, T0, VirtualMeter
from tests.worlds import Island

RUNNER = CliRunner()
# Runs the command with compiled packages out of reach, then says which of those it did load.
BARE = """
import importlib.machinery, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("cryptography", "cbor2", "numpy", "pydantic"):
            raise ImportError(f"{name} is out of reach")
sys.meta_path.insert(0, Refuse())
from blockchain_iface.cli.evidence import main
try:
    main()
finally:
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    files = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
    compiled = [file for file in files if "site-packages" in file and file.endswith(suffixes)]
    assert not compiled, compiled
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    island = Island(tmp_path / "ledger.sqlite")
    island.run(wind=401, home=300, other=90, now=T0 + 10)
    island.ledger.close()
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def proof(ledger: Path, tmp_path: Path) -> Path:
    """The receipt of wind-1's first certificate."""
    export = RUNNER.invoke(app, ["export", str(ledger)]).stdout.splitlines()
    entry = next(line for line in map(json.loads, export) if line["type"] == "vnd.skerry.cert" and line["subject"] == "wind-1")
    done = RUNNER.invoke(app, ["prove", str(ledger), entry["id"][:12], "--out", str(tmp_path / "receipt.json")])
    assert done.exit_code == 0, done.stderr
    assert f"entry {entry['index']} is proven" in done.stdout
    return tmp_path / "receipt.json"


def verify(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BARE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_verify_needs_nothing_compiled_and_says_what_is_proven(proof: Path) -> None:
    done = verify(proof, "--key", CENTRE.public.hex(), "--json")
    assert done.returncode == 0, done.stderr
    (verdict,) = json.loads(done.stdout)
    assert verdict["proven"]
    assert "certificate 1 of wind-1: 2027-01-15 08:00:00 to 2027-01-15 08:00:10 UTC" in verdict["says"]
    assert "0 Wh imported, 401 Wh exported" in verdict["says"]


def test_both_forms_are_taken(ledger: Path, proof: Path, tmp_path: Path) -> None:
    assert RUNNER.invoke(app, ["prove", str(ledger), "9", "--out", str(tmp_path / "receipt.cbor")]).exit_code == 0
    done = verify(proof, tmp_path / "receipt.cbor")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("proven") == 2
    # in lines of 80 columns
    assert CENTRE.public.hex()[:60] in done.stdout


def test_one_bad_file_fails_all(proof: Path, tmp_path: Path) -> None:
    changed = json.loads(proof.read_text())
    changed["entry"] = changed["entry"].replace("1901", "1902") if "1901" in changed["entry"] else changed["entry"][:-2] + "00"
    (tmp_path / "forged.json").write_text(json.dumps(changed))
    done = verify(proof, tmp_path / "forged.json", tmp_path / "none.json")
    assert done.returncode == 1
    assert done.stdout.count("not proven") == 2
    assert "No such file" in done.stdout


def test_another_operator_is_told_apart(proof: Path) -> None:
    done = verify(proof, "--key", VirtualMeter("x", 99).signer.public.hex(), "--json")
    assert done.returncode == 1
    (verdict,) = json.loads(done.stdout)
    assert "another one than you gave" in verdict["reason"]
    assert verify(proof, "--key", "12").returncode == 2


def test_no_such_entry_is_said_plainly(ledger: Path) -> None:
    for entry in ("9999", "zz", ""):
        done = RUNNER.invoke(app, ["prove", str(ledger), entry])
        assert done.exit_code == 1
        assert "no single entry matches" in done.stderr
