"""What set-up reads from apt and from the machine, without apt, network or root."""

from pathlib import Path

import pytest

from tools.setup import apt, distribution
from tools.setup.system import SetupError, run

POLICY = """\
mosquitto:
  Installed: (none)
  Candidate: 2.0.11-1.2+deb12u2
  Version table:
     2.0.11-1.2+deb12u2 500
"""

INDEXES = """\
Packages|Raspberry Pi Foundation|bookworm|http://pi.example/debian/
DEP-11|Debian|bookworm|http://icons.example/debian/
Packages|Debian|bookworm-security|http://security.example/debian-security/
Packages|Debian|bookworm-updates|http://updates.example/debian/
Packages|Debian|bookworm|mirror+file:/etc/apt/mirrors/debian.list
"""


def test_candidate_of_a_known_package() -> None:
    assert apt.parse_candidate(POLICY) == "2.0.11-1.2+deb12u2"


@pytest.mark.parametrize("policy", ["", POLICY.replace("2.0.11-1.2+deb12u2", "(none)")])
def test_no_candidate(policy: str) -> None:
    assert apt.parse_candidate(policy) is None


def test_mirror_is_the_main_archive_of_the_origin() -> None:
    indexes = apt.parse_indexes(INDEXES)
    assert apt.mirror(indexes, "Debian") == "mirror+file:/etc/apt/mirrors/debian.list"
    assert apt.mirror(indexes, "Ubuntu") is None


def test_no_lists_no_mirror() -> None:
    assert apt.mirror(apt.parse_indexes(""), "Debian") is None


@pytest.mark.parametrize(
    ("os_release", "origin", "release"),
    [
        ('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n', "Debian", "trixie"),
        ('# a comment\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n', "Ubuntu", "resolute"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', "Ubuntu", "resolute"),
    ],
)
def test_recognised_distribution(os_release: str, origin: str, release: str) -> None:
    found = distribution.recognise(distribution.parse_os_release(os_release))
    assert (found.origin, found.release) == (origin, release)


def test_unknown_distribution_is_named() -> None:
    with pytest.raises(SetupError, match="Arch Linux is unknown"):
        distribution.recognise(distribution.parse_os_release('ID=arch\nPRETTY_NAME="Arch Linux"'))


def test_keyring_of_the_distribution(tmp_path: Path) -> None:
    debian = distribution.KNOWN["debian"]
    with pytest.raises(SetupError, match="install the package debian-archive-keyring"):
        distribution.keyring(debian, tmp_path)
    (tmp_path / "debian-archive-keyring.gpg").touch()
    assert distribution.keyring(debian, tmp_path).name == "debian-archive-keyring.gpg"


def test_nobody_lets_us_be_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "as_root", lambda: None)
    with pytest.raises(SetupError, match="`apt-get install mbpoll` is needed, and you are neither root"):
        apt.install(["mbpoll"])


def test_install_retries_with_fresh_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def fail_once(script: str) -> None:
        ran.append(script)
        if len(ran) == 1:
            raise SetupError("404 Not Found")

    monkeypatch.setattr(apt, "as_root", lambda: ("sudo",))
    monkeypatch.setattr(apt, "candidate", lambda _: "1.4")
    monkeypatch.setattr(apt, "run_as_root", fail_once)
    apt.install(["mbpoll"], without_service="poller")
    assert ["apt-get update" in script for script in ran] == [False, True, False]
    assert ran[0] == ran[2]
    forbidden, installed, disabled = (
        ran[0].index(word) for word in ("exit 101", f"{apt.INSTALL} mbpoll", "disable poller.service")
    )
    assert forbidden < installed < disabled


def test_failed_command_tells_its_last_lines() -> None:
    with pytest.raises(SetupError, match=r"status 3:\nno space left"):
        run(["sh", "-c", "echo no space left >&2; exit 3"])


def test_missing_command_is_named() -> None:
    with pytest.raises(SetupError, match="`no-such-program` does not start"):
        run(["no-such-program"])
