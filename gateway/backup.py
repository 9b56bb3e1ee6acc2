"""A site in one archive, made while its gateway runs, and put back in another place.

A tar of the site's papers, ``ledger.sqlite`` as it was at one moment after them, and ``manifest.json``: {"format": 1, "site",
"made": Unix seconds, "entries": of the ledger, "files": {name: SHA-256 in hex}}.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from blockchain_iface import store
from blockchain_iface.archive import Archive
from blockchain_iface.engines.embedded import FILE as LEDGER
from blockchain_iface.engines.opening import Engine

from .adapters import files, settings
from .adapters.papers import RESTORED, papers
from .site import Site, SiteError

MANIFEST = "manifest.json"
_CHUNK = 1 << 20


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    format: Literal[1]
    site: str
    made: int
    entries: int
    files: dict[str, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]]


def back_up(site: Site, path: Path, now: int) -> int:
    """Write the site to a new archive at ``path``, for its owner's eyes only; how many of the ledger's entries are in it.

    Raises:
        SiteError: the ledger is kept with other sites; there is a file already.
        LedgerError, OSError: something cannot be read or written; nothing is left at ``path``.
    """
    if site.settings().engine is Engine.COMETBFT:
        raise SiteError("the other sites hold this ledger: keep keys/, site.toml, registry.json and cometbft/config by hand")
    if path.exists():
        raise SiteError(f"{path} is there already: name a new file")
    new, copied = (path.with_name(f".{path.name}.{part}") for part in ("new", "ledger"))
    try:
        with os.fdopen(os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file:
            entries = _write(site, file, copied, now)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        for left in (new, copied):
            left.unlink(missing_ok=True)
    return entries


def _write(site: Site, file: io.BufferedRandom, copied: Path, now: int) -> int:
    digests: dict[str, str] = {}
    with tarfile.open(fileobj=file, mode="w") as archive:
        # papers first: an order that is done and not on the ledger would be lost, one that is on it and waits is passed over
        with site.editing():
            for name in sorted(map(str, papers(site.root))):
                _add(archive, name, (site.root / name).read_bytes(), digests)
        copied.touch(0o600)
        store.copy(site.ledger, copied)
        entries = Archive(copied).count()
        with copied.open("rb") as ledger:
            digests[LEDGER] = hashlib.file_digest(ledger, "sha256").hexdigest()
        archive.add(copied, LEDGER)
        manifest = _Manifest(format=1, site=site.settings().site, made=now, entries=entries, files=digests)
        _add(archive, MANIFEST, manifest.model_dump_json(indent=2).encode(), {})
    return entries


def _add(archive: tarfile.TarFile, name: str, data: bytes, digests: dict[str, str]) -> None:
    digests[name] = hashlib.sha256(data).hexdigest()
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o600
    archive.addfile(info, io.BytesIO(data))


def restore(source: Path, root: Path, now: int) -> int:
    """Make a site in the new directory ``root`` of an archive, or of a standby's directory; the ledger's entries.

    The site knows that it is a copy: its gateway hears the meters before it goes on.

    Raises:
        SiteError: the source is none or damaged, or there is something at ``root``.
        LedgerError, SettingsError: what is in it cannot be used.
    """
    if root.exists() and any(root.iterdir()):
        raise SiteError(f"{root} is not empty: name a new directory")
    new = root.with_name(f".{root.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700, parents=True)
    try:
        (_gather if source.is_dir() else _unpack)(source, new)
        restored = Site(new)
        archive = Archive(restored.ledger)
        archive.check_pages()
        entries = archive.count()
        archive.close()
        restored.note("restore", restored.settings().site)
        files.write(new / RESTORED, json.dumps({"from": str(source.resolve()), "at": now, "entries": entries}).encode())
        root.mkdir(parents=True, exist_ok=True)
        new.replace(root)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return entries


def _gather(standby: Path, new: Path) -> None:
    if not (standby / settings.FILE).exists():
        raise SiteError(f"{standby} is no standby: it has no {settings.FILE}")
    for path in papers(standby):
        (new / path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy2(standby / path, new / path)
    store.copy(standby / LEDGER, new / LEDGER)


def _unpack(path: Path, new: Path) -> None:
    try:
        with tarfile.open(path, "r:") as archive:
            found = dict(_extracted(archive, new))
        manifest = _Manifest.model_validate_json((new / MANIFEST).read_bytes())
    except (tarfile.TarError, FileNotFoundError, ValidationError) as error:
        raise SiteError(f"{path} is no backup, or it is cut off ({error})") from None
    found.pop(MANIFEST)
    (new / MANIFEST).unlink()
    if found != manifest.files:
        wrong = sorted(name for name, _ in found.items() ^ manifest.files.items())
        raise SiteError(f"{path} is damaged: {wrong[0]} is not what the manifest says; use another copy")


def _extracted(archive: tarfile.TarFile, new: Path) -> Iterator[tuple[str, str]]:
    """Name and digest of each member, written below ``new``."""
    for member in archive:
        if not member.isfile():
            raise tarfile.ReadError(f"{member.name} is no file")
        member.mode = 0o600
        archive.extract(member, new, filter="data")
        with (new / member.name).open("rb") as file:
            yield member.name, hashlib.file_digest(file, "sha256").hexdigest()
