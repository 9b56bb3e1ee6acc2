from pathlib import Path

import pytest

from tools.setup import cometbft
from tools.setup.system import SetupError

GO = """\
#!/bin/sh
printf '#!/bin/sh\\necho {version}\\n' > "$GOBIN/cometbft"
chmod +x "$GOBIN/cometbft"
echo "$@" >> "$GOBIN/built"
"""


def fake_go(monkeypatch: pytest.MonkeyPatch, folder: Path, version: str) -> None:
    program = folder / "go"
    program.write_text(GO.format(version=version))
    program.chmod(0o755)
    monkeypatch.setattr(cometbft, "go", lambda: str(program))


def test_the_pinned_version_is_built_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_go(monkeypatch, tmp_path, cometbft.VERSION)
    cometbft.ensure(tmp_path)
    cometbft.ensure(tmp_path)
    assert cometbft.is_built(tmp_path)
    built = (tmp_path / "bin" / "built").read_text().splitlines()
    assert built == [f"install -trimpath {cometbft.MODULE}"]


def test_another_version_does_not_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_go(monkeypatch, tmp_path, "0.37.0")
    with pytest.raises(SetupError, match=cometbft.VERSION):
        cometbft.ensure(tmp_path)


def test_without_go_one_line_says_what_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cometbft, "go", lambda: None)
    cometbft.ensure_or_say(tmp_path)
    (line,) = capsys.readouterr().out.splitlines()
    assert "no CometBFT" in line
    assert "golang-go" in line
