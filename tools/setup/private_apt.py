"""A second apt beside the machine's own, for packages and sources of a later release. It needs no root."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tools.setup import apt
from tools.setup.distribution import Distribution, keyring
from tools.setup.system import SetupError, run

PACKAGES = "deb [arch={arch} signed-by={keyring} target=Packages] {uri} {release} {components}\n"
SOURCES = "deb-src [signed-by={keyring} target=Sources] {uri} {release} {components}\n"


class PrivateApt:
    """apt with its own sources, lists and cache in one folder. The archive's signature is checked as usual."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sources = folder / "sources.list"
        self._status = folder / "state" / "status"
        self._archives = folder / "cache" / "archives"
        for needed in (folder / "state" / "lists" / "partial", self._archives / "partial"):
            needed.mkdir(parents=True, exist_ok=True)
        self._status.touch()

    def _options(self, own_sources: bool = True) -> list[str]:
        """apt's options; with an empty status file every library counts as missing and is fetched too."""
        options = [
            f"Dir::State={self._folder / 'state'}",
            f"Dir::State::status={self._status}",
            f"Dir::Cache={self._folder / 'cache'}",
            "Acquire::Languages=none",
            "APT::Update::Error-Mode=any",
        ]
        if own_sources:
            options += [f"Dir::Etc::sourcelist={self._sources}", "Dir::Etc::sourceparts=-"]
            options += ["Dir::Etc::preferences=-", "Dir::Etc::preferencesparts=-"]
        if os.geteuid() == 0:
            # apt's own unprivileged user may not be allowed into the folder.
            options.append("APT::Sandbox::User=root")
        return [word for option in options for word in ("-o", option)]

    def _mirror(self, origin: str) -> str:
        """The mirror the machine already uses; its lists may never have been fetched."""
        uri = apt.mirror(apt.indexes(), origin)
        if uri is None:
            options = self._options(own_sources=False)
            run(["apt-get", *options, "update"])
            uri = apt.mirror(apt.indexes(options), origin)
        if uri is None:
            raise SetupError(f"apt has no {origin} archive among its sources: add one and run `apt-get update`")
        return uri

    def use(self, distribution: Distribution, entry: str = PACKAGES) -> None:
        """Point at the distribution's later release and fetch its list of PACKAGES or of SOURCES."""
        source = entry.format(
            arch=run(["dpkg", "--print-architecture"]).strip(),
            keyring=keyring(distribution),
            uri=self._mirror(distribution.origin),
            release=distribution.release,
            components=" ".join(distribution.components),
        )
        self._sources.write_text(source, encoding="utf-8")
        run(["apt-get", *self._options(), "update"])

    def unpack(self, packages: Sequence[str], prefix: Path) -> None:
        """Fetch the packages and all they depend on, and unpack them under the prefix."""
        options = [*self._options(), "--yes", "--no-install-recommends", "--download-only"]
        run(["apt-get", *options, "install", *packages])
        for package in sorted(self._archives.glob("*.deb")):
            run(["dpkg-deb", "--extract", str(package), str(prefix)])

    def source(self, package: str, folder: Path) -> Path:
        """Fetch the source package's files into the folder; the author's archive, as apt's lists vouch for it.

        Raises SetupError if the package is none that keeps it in one archive.
        """
        run(["apt-get", *self._options(), "source", "--download-only", package], cwd=folder)
        archives = sorted(folder.glob(f"{package}_*.orig.tar.*"))
        if not archives:
            raise SetupError(f"the source package {package} has no .orig.tar archive")
        return archives[0]

    def remove(self) -> None:
        """Delete the lists and the cache."""
        shutil.rmtree(self._folder)
