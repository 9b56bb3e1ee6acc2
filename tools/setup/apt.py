"""The machine's own apt: what it offers, and installing from it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from tools.setup.system import SetupError, as_root, run, say

INDEX_FORMAT = "$(IDENTIFIER)|$(ORIGIN)|$(RELEASE)|$(REPO_URI)"
# policy-rc.d is Debian's way to forbid a service's start; a machine that already has one has decided for itself.
WITHOUT_SERVICE = """\
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\\nexit 101\\n' > "$policy"
    chmod 755 "$policy"
fi
{install}
if command -v systemctl > /dev/null; then systemctl --quiet disable {service}.service; fi
"""
INSTALL = "apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=300"


@dataclass(frozen=True)
class Index:
    """One list of packages that apt knows: who publishes it, for which release, and where."""

    origin: str
    release: str
    uri: str


def parse_candidate(policy: str) -> str | None:
    """The version that `apt-cache policy PACKAGE` offers, or None."""
    for line in policy.splitlines():
        name, _, value = line.strip().partition(": ")
        if name == "Candidate":
            return None if value == "(none)" else value
    return None


def parse_indexes(text: str) -> list[Index]:
    """The package lists in the output of `apt-get indextargets --format INDEX_FORMAT`."""
    rows = (line.split("|") for line in text.splitlines())
    return [Index(*row[1:]) for row in rows if row[0] == "Packages"]


def mirror(indexes: Sequence[Index], origin: str) -> str | None:
    """Where the origin's main archive is fetched from on this machine; updates and security have archives of their own."""
    for index in indexes:
        if index.origin == origin and "-" not in index.release:
            return index.uri
    return None


def candidate(package: str) -> str | None:
    """The version apt would install, or None if its lists do not have the package."""
    return parse_candidate(run(["apt-cache", "policy", package]))


def indexes(options: Sequence[str] = ()) -> list[Index]:
    """The package lists apt has fetched."""
    return parse_indexes(run(["apt-get", *options, "indextargets", "--format", INDEX_FORMAT]))


def update() -> None:
    """Fetch apt's lists. Raises SetupError without root's rights."""
    say("fetching the lists of packages (apt-get update)")
    run_as_root("apt-get update -o DPkg::Lock::Timeout=300")


def install(packages: Sequence[str], without_service: str = "") -> None:
    """Install packages of the distribution; ``without_service`` names the system service that they bring and must not start.

    Raises SetupError if nobody lets us be root, or if apt fails even with fresh lists.
    """
    names = " ".join(packages)
    if as_root() is None:
        raise SetupError(f"`apt-get install {names}` is needed, and you are neither root nor allowed to use sudo")
    say(f"installing {names} (package of the distribution{', with sudo' if as_root() else ''})")
    if any(candidate(package) is None for package in packages):
        update()
    command = f"{INSTALL} {shlex.join(packages)}"
    if without_service:
        command = WITHOUT_SERVICE.format(install=command, service=without_service)
    try:
        run_as_root(command)
    except SetupError:
        update()
        run_as_root(command)


def run_as_root(script: str) -> None:
    """Run a shell script as root, asking no questions."""
    prefix = as_root()
    if prefix is None:
        raise SetupError("root's rights are needed: you are neither root nor allowed to use sudo")
    run([*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "sh", "-euc", script])
