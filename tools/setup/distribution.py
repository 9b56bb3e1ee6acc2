"""Which distribution this is, and which of its releases has a MicroPython that skerry can use."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.setup.system import SetupError

OS_RELEASE = Path("/etc/os-release")
KEYRINGS = Path("/usr/share/keyrings")


@dataclass(frozen=True)
class Distribution:
    """A family of releases with one archive, and its first release with MicroPython >= 1.25."""

    origin: str
    release: str
    components: tuple[str, ...]


KNOWN = {
    "debian": Distribution("Debian", "trixie", ("main",)),
    "ubuntu": Distribution("Ubuntu", "resolute", ("main", "universe")),
}


def parse_os_release(text: str) -> dict[str, str]:
    """The fields of an os-release(5) file, without their quotes."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}


def recognise(fields: Mapping[str, str]) -> Distribution:
    """The distribution that an os-release file names, or the one it derives from.

    Raises SetupError for any other.
    """
    for name in [fields.get("ID", ""), *fields.get("ID_LIKE", "").split()]:
        if name in KNOWN:
            return KNOWN[name]
    name = fields.get("PRETTY_NAME", "this system")
    raise SetupError(f"{name} is unknown to skerry: it needs Debian 12 or 13, Ubuntu 24.04 or 64-bit Raspberry Pi OS")


def here() -> Distribution:
    """This machine's distribution."""
    try:
        return recognise(parse_os_release(OS_RELEASE.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise SetupError(f"{OS_RELEASE} is missing, so skerry cannot tell which distribution this is") from error


def keyring(distribution: Distribution, folder: Path = KEYRINGS) -> Path:
    """The keys that sign the distribution's archive, as its own package installed them.

    Raises SetupError if they are not there: an archive whose signature cannot be checked is not used.
    """
    name = f"{distribution.origin.lower()}-archive-keyring"
    for path in (folder / f"{name}.pgp", folder / f"{name}.gpg"):
        if path.is_file():
            return path
    raise SetupError(f"the archive's keys are missing: install the package {name.replace('ubuntu-archive', 'ubuntu')}")
