"""systemd's own tool finds nothing to complain about in the unit, and calls the service well protected."""

import subprocess
from pathlib import Path

from gateway.site import Site
from gateway.systemd.unit import unit


def analyzed(*words: str) -> str:
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=True, timeout=30)
    return done.stdout + done.stderr


def test_the_unit_is_valid_and_tight(tmp_path: Path) -> None:
    site = Site(tmp_path / "site")
    site.create("isle", 10, 30)
    path = tmp_path / "skerry.service"
    path.write_text(unit(site))
    assert analyzed("verify", "--man=no", str(path)) == ""
    last = analyzed("security", "--offline=true", "--no-pager", str(path)).strip().splitlines()[-1]
    # 0 to 10, less is better; a unit without any of it has 9.6
    assert float(last.split(": ")[1].split()[0]) < 3
