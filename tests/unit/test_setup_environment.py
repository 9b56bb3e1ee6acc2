"""The virtual environment's stamp, the locks, and the programs that may be missing."""

import re
from pathlib import Path

import pytest

from tools.setup import __main__ as setup
from tools.setup import apt, mosquitto, venv
from tools.setup.system import SetupError

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-stubs.txt")


def pins(lock: str) -> set[str]:
    """The requirements of a lock, with version and marker."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return {line.removesuffix("\\").strip() for line in lines if re.match(r"[a-z0-9]", line)}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_host_and_no_path(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert re.findall(r"://|--index|--find-links|--extra-index| /", text) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert pins(lock)
    assert len(re.findall(r"^[a-z0-9].* \\\n    --hash=sha256:", text, re.MULTILINE)) == len(pins(lock))


def test_tests_try_the_versions_that_run() -> None:
    assert pins("requirements.txt") <= pins("requirements-dev.txt")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "requirements.txt"):
        (tmp_path / name).write_text("one", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements.txt"])
def test_stamp_changes_with_each_file(project: Path, name: str) -> None:
    before = venv.digest(project, ["requirements.txt"])
    assert venv.digest(project, ["requirements.txt"]) == before
    (project / name).write_text("two", encoding="utf-8")
    assert venv.digest(project, ["requirements.txt"]) != before


def test_without_mosquitto_the_embedded_broker_serves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(packages: list[str], without_service: str) -> None:
        raise SetupError(f"{packages[0]} cannot be installed, nor {without_service}")

    monkeypatch.setattr(mosquitto, "which", lambda _: None)
    monkeypatch.setattr(apt, "install", refuse)
    mosquitto.ensure()
    assert "skerry uses its embedded broker, amqtt" in capsys.readouterr().out


def test_what_cannot_be_had_ends_in_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(flavour: str) -> None:
        raise SetupError(f"no network for {flavour}")

    monkeypatch.setattr(setup, "prepare", fail)
    monkeypatch.setattr("sys.argv", ["setup", "run"])
    assert setup.main() == 1
    assert capsys.readouterr().err == "skerry setup: cannot go on: no network for run\n"


def test_wrong_use_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["setup", "walk"])
    assert setup.main() == 2
    assert "run|test" in capsys.readouterr().err
