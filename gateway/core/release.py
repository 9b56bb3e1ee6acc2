"""A release of the firmware: what a meter's slot is to hold, as the gateway signs it and serves it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from firmware.wire import manifest
from firmware.wire.signer import Signer


@dataclass(frozen=True)
class Release:
    """Version ``version`` for ``target`` hardware: ``files`` are contents by path, as in firmware.wire.manifest."""

    version: int
    target: str
    files: Mapping[str, bytes]

    @cached_property
    def contents(self) -> tuple[bytes, ...]:
        """What is fetched, by index: the list, then the files in its order. RangeError if a meter would refuse one."""
        paths = sorted(self.files)
        lines = [manifest.File(path, len(self.files[path]), hashlib.sha256(self.files[path]).digest()).line() for path in paths]
        return b"".join(lines), *(self.files[path] for path in paths)

    def manifest(self, signer: Signer, site: str, at: int) -> bytes:
        """The signed manifest, issued at Unix second ``at``. RangeError if a meter would refuse it."""
        files = self.contents[0]
        described = manifest.Manifest(self.version, self.target, len(files), hashlib.sha256(files).digest(), at)
        return manifest.sign(signer, site, described)

    def answer(self, want: bytes) -> bytes | None:
        """The chunk that a meter's ``want`` asks for; None if it is of nothing here. WireError if it is no want."""
        version, index, offset = manifest.parse_want(want)
        if version != self.version or index >= len(self.contents) or offset >= len(self.contents[index]):
            return None
        return manifest.chunk(version, index, offset, self.contents[index][offset : offset + manifest.CHUNK])
