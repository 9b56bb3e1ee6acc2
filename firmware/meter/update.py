"""The core of an update over the air: take an offer or refuse it, ask for what is missing, believe only hashes.

    idle -> fetching -> verified -> trial -> confirmed | rolled back

Trust: the gateway's key, which a meter already has to know, signs manifests too. A second key would be a second secret to
guard, and whoever holds the first already decides what a certificate is worth. Chunks are not signed: a file is what the list
says, the list is what the manifest says, or it is fetched again. The slot itself is the memory of how far we are, so there is
nothing that a power cut could leave in disagreement. Time is an argument; slot and record are the only I/O.
"""

from ..boot import ENTRIES
from ..wire import cose, es256, manifest
from ..wire.fields import WireError
from .slots import LIST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..boot import Record
    from ..wire.steps import Steps
    from .slots import Slot

IDLE, FETCHING, VERIFIED = "idle", "fetching", "verified"
FIRST_MS = 5000  # patience with a chunk that does not come, doubling up to the longest
LONGEST_MS = 60000
_DAMAGES = 3


class Update:
    """One meter's way to its next application.

    Attributes:
        state: IDLE, FETCHING or VERIFIED; a trial is the record's affair.
    """

    def __init__(
        self,
        record: "Record",
        slot: "Slot",
        trust: "tuple[str, str, bytes]",
        version: int,
        report: "Callable[[int, str], None]",
    ) -> None:
        """An update into ``slot``, the one that does not run.

        Args:
            trust: site, target hardware and public key that a manifest must be of.
            version: of the application that runs.
            report: called with (version, what became of it); the version is 0 while it is not known.
        """
        self.state = IDLE
        self._version = version
        self._record = record
        self._slot = slot
        self._site, self._target, self._key = trust
        self._report = report
        self._manifest: manifest.Manifest | None = None
        self._file = manifest.File(LIST, 0, b"")  # that is being fetched or checked
        self._index = 0  # its number
        self._next = 0  # byte of the list at which the line of the next one begins
        self._runs = False  # an entry has been among the files
        self._again = False
        self._damages = 0
        self._due = 0
        self._pause = FIRST_MS

    def resume_steps(self) -> "Steps[None]":
        """Go on with an update that a power cut has interrupted, if there is one. In steps, see wire.steps."""
        data = self._slot.manifest()
        if data is None:
            return
        try:
            found = yield from self._read_steps(data)
        except WireError:
            return
        # else it is the application before this one, or one that was rolled back
        if self._objection(found) is None:
            self._report(found.version, "resumed")
            self._fetch(found)

    def offer_steps(self, data: bytes) -> "Steps[None]":
        """Take the manifest in ``data`` or refuse it; both are reported. In steps, see wire.steps.

        OSError if the slot cannot be written.
        """
        try:
            found = yield from self._read_steps(data)
        except WireError as error:
            self._report(0, f"refused: {error}")
            return
        objection = self._objection(found)
        if objection is not None:
            self._report(found.version, f"refused: {objection}")
        elif self._manifest is None or self._manifest.sha256 != found.sha256:
            self._slot.begin(data)
            self._report(found.version, "accepted")
            self._fetch(found)

    def _read_steps(self, data: bytes) -> "Steps[manifest.Manifest]":
        statement = cose.parse(data, manifest.MAX_SIZE)
        yield
        genuine = yield from es256.verify_steps(self._key, statement.id, statement.signature)
        if not genuine or statement.issuer != self._site:
            raise WireError("the signature is not the gateway's")
        return manifest.decode(statement)

    def _objection(self, found: manifest.Manifest) -> "str | None":
        newest = max(self._version, self._record.floor)
        if found.target != self._target:
            return f"for {found.target}, and this is {self._target}"
        if self._record.trial:
            return "another version is on trial"
        if found.version <= newest:
            return f"not above version {newest}"
        return None

    def _fetch(self, found: manifest.Manifest) -> None:
        self._manifest = found
        self.state = FETCHING
        self._damages = self._due = 0
        self._again = False
        self._begin(found)

    def _begin(self, found: manifest.Manifest) -> None:
        """Look at everything from the list on."""
        self._file = manifest.File(LIST, found.size, found.sha256)
        self._index = self._next = 0
        self._runs = False

    def step(self, now: int) -> "bytes | None":
        """Do one piece of work, at most one file's hash. What to send on up/want now, if anything.

        ``now``: monotonic milliseconds, here and below. OSError if the slot cannot be read or written.
        """
        if self._manifest is None or self.state == VERIFIED:
            return None
        file = self._file
        size = self._slot.size(file.path)
        if size < file.size and file.size:
            return self._want(self._manifest, max(size, 0), now)
        if size < 0:
            self._slot.append(file.path, b"")
        if size > file.size or self._slot.sha256(file.path) != file.sha256:
            self._discard(file)
            return None
        try:
            self._advance(self._manifest)
        except WireError as error:
            self._slot.forget()
            self.fail(str(error))
        return None

    def _advance(self, found: manifest.Manifest) -> None:
        """Go on to the next file. WireError if the list is none."""
        line = self._slot.read(LIST, self._next, manifest.MAX_LINE)
        if line:
            line = line[: line.find(b"\n") + 1]
            file = manifest.parse_line(line)
            if self._index and file.path <= self._file.path:
                raise WireError("list: paths do not ascend")
            self._file = file
            self._index += 1
            self._next += len(line)
            self._runs = self._runs or file.path in ENTRIES
        elif not self._runs:
            raise WireError("list: there is no firmware/main")
        else:
            # all that was believed when it came is read once more, as it will be run
            self.state = VERIFIED if self._again else FETCHING
            self._again = True
            self._begin(found)

    def _want(self, found: manifest.Manifest, offset: int, now: int) -> "bytes | None":
        if now < self._due:
            return None
        self._due = now + self._pause
        self._pause = min(2 * self._pause, LONGEST_MS)
        return manifest.want(found.version, self._index, offset)

    def _discard(self, file: manifest.File) -> None:
        self._slot.discard(file.path)
        self._again = False
        self._damages += 1
        if self._damages == _DAMAGES:
            self._slot.forget()
            self.fail(f"{file.path} has another SHA-256 than it should")

    def take_chunk(self, data: bytes, now: int) -> None:
        """Take ``data``, from down/chunk, if it is what was asked for. WireError if it is no chunk, OSError as ``step``."""
        version, index, offset, piece = manifest.parse_chunk(data)
        if self._manifest is None or (version, index) != (self._manifest.version, self._index):
            return
        if offset != max(self._slot.size(self._file.path), 0):
            return
        if offset + len(piece) > self._file.size:
            raise WireError("chunk: longer than the file")
        self._slot.append(self._file.path, piece)
        self._due = now
        self._pause = FIRST_MS

    def fail(self, why: str) -> None:
        """Give the update up, until it is offered again or the meter starts again."""
        version = self._manifest.version if self._manifest is not None else 0
        self._manifest = None
        self.state = IDLE
        self._report(version, f"failed: {why}")

    def activate(self) -> None:
        """Put the verified application on trial from the next start on. OSError if the record cannot be written."""
        if self._manifest is None or self.state != VERIFIED:
            raise ValueError("nothing is verified")
        self._record.begin_trial(self._slot.name, self._manifest.version)
        self._record.save()
