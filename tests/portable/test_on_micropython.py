"""Every portable test file again, under the interpreter the meters run on. CPython only: this file starts it."""

import subprocess
from pathlib import Path

import pytest

from tools.setup import micropython

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
INTERPRETER = ROOT / ".skerry" / "bin" / "micropython"
FILES = sorted(path for path in HERE.glob("test_*.py") if path.name != Path(__file__).name)


def run(file: Path) -> subprocess.CompletedProcess[str]:
    command = [INTERPRETER, HERE.relative_to(ROOT) / "run.py", file]
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_interpreter_is_recent_enough() -> None:
    found = micropython.version(INTERPRETER)
    assert found is not None, f"{INTERPRETER} does not run; `make setup` brings it"
    assert found >= micropython.MINIMUM


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_passes_on_micropython(file: Path) -> None:
    done = run(file.relative_to(ROOT))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("def test_sum():\n    assert 1 + 1 == 3\n", "FAIL test_sum"),
        ("def test_name():\n    missing\n", "FAIL test_name"),
        ("def helper():\n    pass\n", "has no tests"),
        ("import no_such_module\n", "no module named"),
    ],
)
def test_runner_fails(tmp_path: Path, source: str, line: str) -> None:
    file = tmp_path / "test_sample.py"
    file.write_text(source, encoding="utf-8")
    done = run(file)
    assert done.returncode == 1
    assert line in done.stdout + done.stderr


def test_runner_passes(tmp_path: Path) -> None:
    file = tmp_path / "test_sample.py"
    file.write_text("def test_sum():\n    assert 1 + 1 == 2\n", encoding="utf-8")
    done = run(file)
    assert (done.returncode, done.stdout) == (0, "ok test_sum\n")
