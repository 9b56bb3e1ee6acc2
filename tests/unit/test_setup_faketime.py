"""Finding libfaketime, and removing what a killed process leaves of it."""

from pathlib import Path

import pytest

from hil.bench.faketime import clean_up, library
from tools.setup import apt, faketime
from tools.setup.system import SetupError


def test_the_library_is_in_a_folder_of_its_own(tmp_path: Path) -> None:
    assert library(tmp_path) is None
    (tmp_path / "any-linux-gnu" / "faketime").mkdir(parents=True)
    (tmp_path / "any-linux-gnu" / "faketime" / "libfaketime.so.1").touch()
    assert library(tmp_path) == tmp_path / "any-linux-gnu" / "faketime" / "libfaketime.so.1"


def test_a_package_without_the_library_is_no_help(monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []
    monkeypatch.setattr(faketime, "library", lambda: None)
    monkeypatch.setattr(apt, "install", installed.extend)
    with pytest.raises(SetupError, match="does not hold the library"):
        faketime.ensure()
    assert installed == ["libfaketime"]


def test_only_what_the_dead_process_left_is_removed(tmp_path: Path) -> None:
    for name in ("faketime_shm_12", "sem.faketime_sem_12", "faketime_shm_123"):
        (tmp_path / name).touch()
    clean_up(12, tmp_path)
    clean_up(12, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["faketime_shm_123"]
