"""Manifests: what a meter's next application consists of, signed, so that nobody but the gateway can put code on a meter.

    statement = issuer: site, subject: target hardware, type: vnd.skerry.manifest
    body      = {1: version, 2: [bytes of the list of files, SHA-256 of it], 3: issued at}
    list      = a line "SHA-256 size path" for each file, in the order of their paths

A version is a number that only rises. The list is fetched like a file and read line by line, so a release of any length needs
no more memory than one of its lines. Paths are relative to the slot, of lower-case letters, digits and ``_``, and end in
``.py``, ``.mpy`` or ``.json``; no ``..``, no empty part and nothing absolute can be written with them.

    want  = [version, index, offset]          the meter asks on up/want; index 0 is the list, 1.. are its lines
    chunk = [version, index, offset, bytes]   and is answered on down/chunk
"""

from . import cbor, cose
from .fields import RangeError, WireError, bytes_of, list_of, map_of, uint_of
from .signer import Signer

TYPE = "vnd.skerry.manifest"
MAX_SIZE = 512
MAX_FILES = 256
MAX_FILE = 1 << 18  # bytes
MAX_LINE = 137  # bytes: 64 digits, 6 of the size, 64 letters, two spaces and the end
CHUNK = 1024  # bytes, the longest piece of a file in one message
_MAX_PATH = 64
_MAX_PARTS = 4
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"
_HEX = "0123456789abcdef"
_ENDINGS = ("py", "mpy", "json")
_VERSION = 0xFFFFFFFF


class File:
    """One file: its ``path`` in the slot, ``size`` in bytes, ``sha256`` of its content."""

    __slots__ = ("path", "sha256", "size")

    def __init__(self, path: str, size: int, sha256: bytes) -> None:
        self.path = path
        self.size = size
        self.sha256 = sha256

    def line(self) -> bytes:
        """Its line in the list. RangeError if a meter would refuse it."""
        line = f"{self.sha256.hex()} {self.size} {self.path}\n".encode()
        try:
            parse_line(line)
        except WireError as error:
            raise RangeError(str(error)) from None
        return line


def parse_line(line: bytes) -> File:
    """The file of one ``line`` of a list, its end included. WireError for anything but the one strict form."""
    try:
        digits, size, path = line.decode().split(" ")
        length = int(size)
    except ValueError:
        raise WireError("list: SHA-256, size and path are expected in each line") from None
    if len(digits) != 64 or not all(digit in _HEX for digit in digits):
        raise WireError("list: a SHA-256 is expected, 64 digits of 0-9 and a-f")
    if not is_path(path[:-1]) or path[-1:] != "\n":
        raise WireError("list: a path leads out of the slot, or is not of [a-z0-9_]")
    if size != str(length):
        raise WireError("list: a size is not as it is written")
    return File(path[:-1], uint_of(length, "file size", 0, MAX_FILE), bytes.fromhex(digits))


def is_path(path: str) -> bool:
    """True for a path that may be in a list: at most 64 letters and 4 parts."""
    stem, _, ending = path.rpartition(".")
    parts = stem.split("/")
    if len(path) > _MAX_PATH or len(parts) > _MAX_PARTS or ending not in _ENDINGS:
        return False
    return all(part and all(letter in _LETTERS for letter in part) for part in parts)


class Manifest:
    """What is signed: ``version`` 1.., ``target`` hardware, ``size`` and ``sha256`` of the list, ``issued_at`` Unix seconds."""

    __slots__ = ("issued_at", "sha256", "size", "target", "version")

    def __init__(self, version: int, target: str, size: int, sha256: bytes, issued_at: int) -> None:
        self.version = version
        self.target = target
        self.size = size
        self.sha256 = sha256
        self.issued_at = issued_at


def sign(signer: Signer, site: str, manifest: Manifest) -> bytes:
    """The statement's bytes. RangeError if a meter would refuse it."""
    body = cbor.encode({1: manifest.version, 2: [manifest.size, manifest.sha256], 3: manifest.issued_at})
    data = cose.sign(signer, site, manifest.target, TYPE, body)
    try:
        decode(cose.parse(data, MAX_SIZE))
    except WireError as error:
        raise RangeError(str(error)) from None
    return data


def decode(statement: cose.Statement) -> Manifest:
    """The manifest in ``statement``, whose signature the caller checks. WireError for anything but the one strict form."""
    if statement.type != TYPE:
        raise WireError("not a manifest")
    body = map_of(cbor.decode(statement.payload, 3), "manifest", (1, 2, 3))
    size, sha256 = list_of(body[2], "list", 2, 2)
    return Manifest(
        uint_of(body[1], "version", 1, _VERSION),
        statement.subject,
        uint_of(size, "bytes of the list", 1, MAX_FILES * MAX_LINE),
        bytes_of(sha256, "SHA-256", 32),
        uint_of(body[3], "issued at", 0, 1 << 33),
    )


def want(version: int, index: int, offset: int) -> bytes:
    """The message that asks for the bytes of file ``index`` from ``offset``."""
    return cbor.encode([version, index, offset])


def parse_want(data: bytes) -> "tuple[int, int, int]":
    """(version, file index, offset) of a ``want``. WireError if it is none."""
    version, index, offset = list_of(cbor.decode(data, 2), "want", 3, 3)
    return _place(version, index, offset)


def chunk(version: int, index: int, offset: int, data: bytes) -> bytes:
    """The message that carries ``data``, 1 to CHUNK bytes of file ``index`` from ``offset``."""
    return cbor.encode([version, index, offset, data])


def parse_chunk(data: bytes) -> "tuple[int, int, int, bytes]":
    """(version, file index, offset, bytes) of a ``chunk``. WireError if it is none."""
    version, index, offset, piece = list_of(cbor.decode(data, 2), "chunk", 4, 4)
    if not isinstance(piece, bytes) or not 1 <= len(piece) <= CHUNK:
        raise WireError(f"chunk: 1 to {CHUNK} bytes are expected")
    version, index, offset = _place(version, index, offset)
    return version, index, offset, piece


def _place(version: object, index: object, offset: object) -> "tuple[int, int, int]":
    return (
        uint_of(version, "version", 1, _VERSION),
        uint_of(index, "file index", 0, MAX_FILES),
        uint_of(offset, "offset", 0, MAX_FILE - 1),
    )
