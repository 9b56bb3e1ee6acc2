"""Choosing and wrapping a MicroPython, without network."""

import sys
from pathlib import Path

import pytest

from tools.setup import apt, micropython
from tools.setup.system import SetupError, run


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.25.0+ds-1", (1, 25)),
        ("1.22.1+ds-1build2", (1, 22)),
        ("2:1.26-1", (1, 26)),
        ("(1, 25, 0, '')\n", (1, 25)),
        ("sys.version_info(major=3, minor=13)\n", None),
        ("", None),
    ],
)
def test_version(text: str, expected: tuple[int, int] | None) -> None:
    assert micropython.parse_version(text) == expected


def program(path: Path, says: str) -> Path:
    """An executable that prints a line, whatever it is asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "{says}"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def test_cpython_is_no_micropython(tmp_path: Path) -> None:
    assert micropython.version(Path(sys.executable)) is None
    assert micropython.version(tmp_path / "missing") is None


def test_wrapper_starts_through_the_own_loader(tmp_path: Path) -> None:
    libraries = tmp_path / "usr" / "lib" / "aarch64-linux-gnu"
    loader = program(libraries / "ld-linux-aarch64.so.1", "$*")
    interpreter = program(tmp_path / "usr" / "bin" / "micropython", "")
    start = tmp_path / "micropython"
    start.write_text(micropython.wrapper(tmp_path), encoding="utf-8")
    start.chmod(0o755)
    assert start.read_text(encoding="utf-8").startswith(f"#!/bin/sh\nexec '{loader}' ")
    assert run([str(start), "-c", "pass"]) == f"--library-path {libraries} {interpreter} -c pass\n"


def test_prefix_without_interpreter(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="hold no MicroPython"):
        micropython.wrapper(tmp_path)


def test_good_interpreter_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin" / "micropython", "(1, 25, 0, '')")
    monkeypatch.setattr(micropython, "_installed", lambda: pytest.fail("looked for another one"))
    micropython.ensure(tmp_path)


def test_old_interpreter_gives_way_to_the_packaged_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin" / "micropython", "(1, 22, 1, '')")
    packaged = program(tmp_path / "usr" / "bin" / "micropython", "(1, 26, 0, '')")
    monkeypatch.setattr(micropython, "_installed", lambda: str(packaged))
    micropython.ensure(tmp_path)
    assert (tmp_path / "bin" / "micropython").resolve() == packaged


@pytest.mark.parametrize(("offered", "installs"), [("1.25.0+ds-1", True), ("1.22.1+ds-1", False), (None, False)])
def test_package_is_installed_only_if_recent(monkeypatch: pytest.MonkeyPatch, offered: str | None, installs: bool) -> None:
    installed: list[str] = []
    monkeypatch.setattr(micropython, "which", lambda _: None)
    monkeypatch.setattr(micropython, "as_root", lambda: ())
    monkeypatch.setattr(apt, "candidate", lambda _: offered)
    monkeypatch.setattr(apt, "install", installed.extend)
    micropython._installed()
    assert installed == (["micropython"] if installs else [])


def test_fetched_interpreter_that_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(prefix: Path) -> None:
        program(prefix / "usr" / "lib" / "any" / "ld-linux.so.2", "")
        program(prefix / "usr" / "bin" / "micropython", "")

    monkeypatch.setattr(micropython, "_installed", lambda: None)
    monkeypatch.setattr(micropython, "_fetch", fetch)
    with pytest.raises(SetupError, match="does not run here or is older"):
        micropython.ensure(tmp_path)
