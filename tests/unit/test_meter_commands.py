"""The shells of `install` and `provision`, before boards that answer as they are told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest
from typer.testing import CliRunner, Result

from firmware.wire import enrolment, es256
from gateway.adapters import releases
from gateway.core.release import Release
from tests.unit.test_meter_provision import ANSWER, TEXT
from tools.meter import status
from tools.meter.board import Interpreter
from tools.meter.cli import app
from tools.meter.install import command as install
from tools.meter.provision import command as provision

SIGNER = es256.SoftwareSigner(bytes(31) + b"\x07")
STRANGER = es256.SoftwareSigner(bytes(31) + b"\x08")
FILES = {"firmware/boot.py": b"b", "firmware/main.mpy": b"M\x06"}


def identity(signer: es256.SoftwareSigner) -> str:
    request = enrolment.request(signer, "isle", "home-1")
    return json.dumps({"meter": "home-1", "public": signer.public.hex(), "request": request.hex(), "csr": "-"})


class Board:
    """It says that it has no files, and shows the identity of `signer`."""

    def __init__(self, interpreter: Interpreter, signer: es256.SoftwareSigner) -> None:
        self._interpreter, self._identity = interpreter, identity(signer)
        self.heard = ""
        self.said = '[true, true, "a", "", 3, "confirmed", 6, "OSError: 28"]'
        self.restarts = 0

    def interpreter(self) -> Interpreter:
        return self._interpreter

    def run(self, code: str) -> str:
        self.heard += code
        if "json.dumps(said)" in code:
            return self.said
        return f"{self._identity}\n0\n" if "--identity" in code else ""

    def restart(self) -> None:
        self.restarts += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


Run = Callable[..., tuple[Result, Board]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(
        *arguments: Any, mpy: int = 6, platform: str = "esp32", signer: es256.SoftwareSigner = SIGNER
    ) -> tuple[Result, Board]:
        board = Board(Interpreter(platform, mpy), signer)
        for command in (install, provision, status):
            monkeypatch.setattr(command, "Board", lambda _port: board)
        return CliRunner().invoke(app, list(map(str, arguments)), input="secret\n"), board

    return run


@pytest.fixture
def release(tmp_path: Path) -> Path:
    path = tmp_path / "skerry-3.zip"
    releases.write(path, Release(3, "esp32", FILES))
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "home-1.toml"
    path.write_text(TEXT)
    return path


def test_a_release_is_installed_and_started(run: Run, release: Path) -> None:
    done, board = run("install", "PORT", "--release", release, "--json")
    assert (done.exit_code, board.restarts) == (0, 1), done.output
    said = json.loads(done.stdout)
    assert (said["version"], said["place"], said["written"], said["kept"]) == (3, "factory", 3, 0)


@pytest.mark.parametrize(
    ("mpy", "platform", "complaint"),
    [
        (5, "esp32", "bytecode of version 5, the application has 6"),
        (6, "rp2", "the board is rp2, the application is for esp32"),
    ],
)
def test_a_board_that_cannot_run_it_is_refused(run: Run, release: Path, mpy: int, platform: str, complaint: str) -> None:
    done, board = run("install", "PORT", "--release", release, mpy=mpy, platform=platform)
    assert (done.exit_code, board.heard) == (1, "")
    assert complaint in done.stderr


def test_what_is_no_release_is_refused(run: Run, config: Path) -> None:
    done, board = run("install", "PORT", "--release", config)
    assert (done.exit_code, board.heard) == (1, "")
    assert "home-1.toml: " in done.stderr


def test_a_request_is_fetched_and_the_answer_brought_back(run: Run, config: Path, tmp_path: Path) -> None:
    asked, board = run("provision", "PORT", config)
    request = tmp_path / "home-1.request.json"
    assert (asked.exit_code, board.restarts) == (0, 0), asked.output
    assert request.read_text().strip() == identity(SIGNER)
    assert SIGNER.kid.hex() in asked.stdout
    assert "secret" not in asked.output + request.read_text()
    answer = tmp_path / "home-1.answer.json"
    answer.write_text(json.dumps(ANSWER))
    done, board = run("provision", "PORT", config, "--answer", answer, "--json")
    assert (done.exit_code, board.restarts) == (0, 1), done.output
    assert json.loads(done.stdout)["enrolled"] is True
    other, board = run("provision", "PORT", config, "--answer", answer, signer=STRANGER)
    assert (other.exit_code, board.restarts) == (1, 0)
    assert "fetched from another board" in other.stderr


def test_a_board_says_how_it_is_and_runs_on(run: Run) -> None:
    done, board = run("status", "PORT", "--json")
    assert (done.exit_code, board.restarts) == (0, 1), done.output
    said = json.loads(done.stdout)
    assert (said["slot"], said["result"], said["ended"]) == ("a", "confirmed", "OSError: 28")
    assert said["next"] == "skerry meter logs"
    plain, _ = run("status", "PORT")
    assert "next         skerry meter logs" in plain.stdout
