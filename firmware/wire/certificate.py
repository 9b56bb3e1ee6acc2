"""Measurement certificates: what a meter signs about one interval.

    body = {2: seq, 3: boot, 4: prev / null, 5: clock, 6: t0, 7: dt,
            8: [import Wh, export Wh], 9: [1*60 row], 10: [import Wh, export Wh], 11: status, ? 15: [tree size, root]}
    row  = [import Wh, export Wh, W, dV / null, mHz - 50000 / null, SoC permille / null, status]

Energy is in whole Wh; the registers are those of the metering point, import being energy taken from the island. W is
the row's mean power, positive for import. ``dt`` is the length of one row in seconds and ``t0`` the start of the first,
in Unix seconds; ``clock`` says how well they were known when the certificate was made (see clock).

    opening + sum of the rows = closing        opening = closing of the certificate before

so a lost certificate stays billable in total, and a gap shows.
"""

from . import cbor, clock, cose
from .clock import EARLIEST_S, LATEST_S, ClockQuality
from .fields import WireError, bytes_of, list_of, map_of, uint_of
from .signer import Signer
from .steps import finish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .steps import Steps

TYPE = "vnd.skerry.cert"
MAX_SIZE = 4096
MAX_ROWS = 60
_REGISTER = 1 << 48
_STEP = 1 << 40
_POWER = 1 << 31
_SPAN = 1 << 31

# status bits, of a row and of a certificate (the union of its rows')
MISSING = 1  # no reading in this row; its energy is in a later one
CATCH_UP = 2  # holds energy from before this row: amount known, profile not
BUS_ERROR = 4  # some polls failed
COUNTER_RESET = 8  # the device's energy register fell: replaced or wrapped
IMPLAUSIBLE = 16  # a reading was refused
PARTIAL = 32  # sampled for only part of its span


class Certificate:
    """A certificate's body; units as above. ``prev`` is the id of the one before, None for the first."""

    __slots__ = (
        "boot",
        "clock",
        "closing",
        "dt",
        "opening",
        "prev",
        "rows",
        "seen",
        "seq",
        "status",
        "t0",
    )

    def __init__(
        self,
        seq: int,
        boot: int,
        prev: "bytes | None",
        clock: ClockQuality,
        t0: int,
        dt: int,
        opening: "tuple[int, int]",
        rows: "list[tuple[int, int, int, int | None, int | None, int | None, int]]",
        closing: "tuple[int, int]",
        status: int,
        seen: "tuple[int, bytes] | None" = None,
    ) -> None:
        self.seq = seq
        self.boot = boot
        self.prev = prev
        self.clock = clock
        self.t0 = t0
        self.dt = dt
        self.opening = opening
        self.rows = rows
        self.closing = closing
        self.status = status
        self.seen = seen

    @property
    def end(self) -> int:
        """Unix seconds at which the last row ends."""
        return self.t0 + self.dt * len(self.rows)

    def encode(self) -> bytes:
        """The body's bytes. Raises what ``decode`` would raise: a meter never signs what a gateway must refuse."""
        return finish(self.encode_steps())

    def encode_steps(self) -> "Steps[bytes]":
        """As ``encode``, in steps (see steps)."""
        body: dict[int, object] = {
            2: self.seq,
            3: self.boot,
            4: self.prev,
            5: self.clock.fields(),
            6: self.t0,
            7: self.dt,
            8: list(self.opening),
            9: [list(row) for row in self.rows],
            10: list(self.closing),
            11: self.status,
        }
        # 12 to 14 are kept for the configuration's digest, the event counter and raw registers
        if self.seen is not None:
            body[15] = list(self.seen)
        _certificate(body)
        yield
        return cbor.encode(body)


def _registers(value: object, name: str) -> "tuple[int, int]":
    imported, exported = list_of(value, name, 2, 2)
    return uint_of(imported, name, 0, _REGISTER), uint_of(exported, name, 0, _REGISTER)


def _optional(value: object, name: str, low: int, high: int) -> "int | None":
    return None if value is None else uint_of(value, name, low, high)


def _row(value: object) -> "tuple[int, int, int, int | None, int | None, int | None, int]":
    imported, exported, power, volts, hertz, charge, status = list_of(value, "row", 7, 7)
    return (
        uint_of(imported, "row import", 0, _STEP),
        uint_of(exported, "row export", 0, _STEP),
        uint_of(power, "row power", -_POWER, _POWER),
        _optional(volts, "row voltage", 0, 0xFFFFFFFF),
        _optional(hertz, "row frequency", -50000, 50000),
        _optional(charge, "row state of charge", 0, 1000),
        uint_of(status, "row status", 0, 0xFFFF),
    )


def decode(data: bytes) -> Certificate:
    """A body's certificate, with every field in range and its energy adding up; else WireError naming what is wrong."""
    return _certificate(cbor.decode(data, 4))


def _certificate(decoded: object) -> Certificate:
    body = map_of(decoded, "certificate", (2, 3, 4, 5, 6, 7, 8, 9, 10, 11), (15,))
    certificate = Certificate(
        uint_of(body[2], "sequence number", 1, 0xFFFFFFFF),
        uint_of(body[3], "boot counter", 1, 0xFFFFFFFF),
        None if body[4] is None else bytes_of(body[4], "previous id", 32),
        clock.decode(body[5]),
        uint_of(body[6], "t0", EARLIEST_S, LATEST_S),
        uint_of(body[7], "dt", 1, _SPAN),
        _registers(body[8], "opening"),
        [_row(row) for row in list_of(body[9], "rows", 1, MAX_ROWS)],
        _registers(body[10], "closing"),
        uint_of(body[11], "status", 0, 0xFFFF),
        _seen(body[15]) if 15 in body else None,
    )
    _check(certificate)
    return certificate


def _seen(value: object) -> "tuple[int, bytes]":
    size, root = list_of(value, "seen head", 2, 2)
    return uint_of(size, "seen tree size", 1), bytes_of(root, "seen root", 32)


def _check(certificate: Certificate) -> None:
    if (certificate.seq == 1) != (certificate.prev is None):
        raise WireError("the first certificate, and only it, has no previous one")
    status = 0
    for row in certificate.rows:
        status |= row[6]
    if status != certificate.status:
        raise WireError("the status is not the union of the rows'")
    imported = certificate.opening[0] + sum([row[0] for row in certificate.rows])
    exported = certificate.opening[1] + sum([row[1] for row in certificate.rows])
    if (imported, exported) != certificate.closing:
        raise WireError(f"opening and rows give {(imported, exported)} Wh, closing says {certificate.closing}")


def issue(signer: Signer, site: str, meter: str, certificate: Certificate) -> bytes:
    """The signed certificate: at most MAX_SIZE bytes."""
    return finish(issue_steps(signer, site, meter, certificate)).data


def issue_steps(signer: Signer, site: str, meter: str, certificate: Certificate) -> "Steps[cose.Statement]":
    """As ``issue``, in steps (see steps), and the whole statement."""
    body = yield from certificate.encode_steps()
    yield
    return (yield from cose.sign_steps(signer, site, meter, TYPE, body))
