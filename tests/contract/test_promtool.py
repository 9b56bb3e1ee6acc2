"""Prometheus' own tool finds nothing to complain about in what /metrics says."""

import subprocess
import time
from pathlib import Path

from prometheus_client import generate_latest

from gateway.monitoring.metrics import registry
from gateway.monitoring.vitals import Vitals
from tests.unit.test_health import picture
from tools.setup import prometheus


def test_promtool_checks_the_metrics(tmp_path: Path) -> None:
    vitals, promtool = Vitals(tmp_path), prometheus.promtool()
    vitals.answered([time.monotonic()])
    vitals.queues = {"incoming": 0}
    assert promtool
    page = generate_latest(registry(picture, vitals))
    done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
