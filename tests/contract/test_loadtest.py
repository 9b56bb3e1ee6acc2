"""The load test as its user runs it, with a handful of meters."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PHASES = ["full", "half"]


def test_every_certificate_gets_a_receipt_that_holds(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "tools.cli", "loadtest", "--meters", "6", "--each", "8", "--attack", "0", "--json", "-")
    page = tmp_path / "report.html"
    done = subprocess.run((*command, "--html", str(page)), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [phase["name"] for phase in document["phases"]] == PHASES
    assert [phase["certificates"] for phase in document["phases"]] == [48, 24]
    assert all(0 < phase["p50_ms"] <= phase["p99_ms"] <= phase["max_ms"] for phase in document["phases"])
    assert all(phase["gateway_us"] > 0 for phase in document["phases"])
    assert document["receipts_checked"] == 6
    assert "<svg" in page.read_text()
    assert "http" not in page.read_text()
