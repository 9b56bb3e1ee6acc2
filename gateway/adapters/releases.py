"""Releases as files: a ZIP archive of what a slot is to hold, and ``release.json``: {"version": 2, "target": "esp32"}."""

import io
import zipfile
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from firmware.wire import manifest
from firmware.wire.fields import RangeError

from ..core.release import Release

HEAD = "release.json"
MAX_SIZE = 2 << 20  # bytes of an archive: a board's flash is no larger


class ReleaseError(Exception):
    """The file is no release: its maker's fault. The message says what is wrong."""


class Head(BaseModel):
    """What ``release.json`` says."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    version: Annotated[int, Field(ge=1, le=0xFFFFFFFF)]
    target: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]


def write(path: Path, release: Release) -> None:
    """Make the archive; the same release makes the same bytes."""
    head = Head(version=release.version, target=release.target)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((HEAD, head.model_dump_json().encode()), *sorted(release.files.items())):
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def parse(data: bytes) -> Release:
    """The release in an archive. ReleaseError if it is none, or none that a meter could take."""
    if len(data) > MAX_SIZE:
        raise ReleaseError(f"more than {MAX_SIZE} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            contents = {info.filename: _read(archive, info) for info in archive.infolist() if not info.is_dir()}
        head = Head.model_validate_json(contents.pop(HEAD))
        release = Release(head.version, head.target, contents)
        if len(release.contents) > manifest.MAX_FILES + 1:
            raise ReleaseError(f"more than {manifest.MAX_FILES} files")
    except KeyError:
        raise ReleaseError(f"there is no {HEAD} in it") from None
    except ValidationError as error:
        raise ReleaseError(f"{HEAD}: {error.errors()[0]['msg']}") from None
    except (zipfile.BadZipFile, RangeError) as error:
        raise ReleaseError(str(error)) from None
    return release


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > manifest.MAX_FILE:
        raise ReleaseError(f"{info.filename}: more than {manifest.MAX_FILE} bytes")
    return archive.read(info)
