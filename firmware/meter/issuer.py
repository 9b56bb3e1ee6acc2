"""The chain of a meter's certificates: numbers them, links them, signs them. No I/O."""

from ..wire import certificate, cose
from ..wire.clock import ClockQuality
from ..wire.signer import Signer
from .interval import Interval

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..wire.steps import Steps

_UNKNOWN = bytes(32)  # the previous id, when the flash has lost the certificate it belongs to


class Head:
    """The newest certificate, as far as the next one depends on it; ``seq`` 0 stands for none."""

    __slots__ = ("body", "id", "seq")

    def __init__(self, seq: int, id: "bytes | None", body: "certificate.Certificate | None") -> None:
        self.seq = seq
        self.id = id
        self.body = body


def head_of(data: "bytes | None", last_seq: int) -> Head:
    """The head that ``data``, the newest certificate on the flash, leaves.

    ``last_seq`` is the highest number ever used; if it is not that certificate's, newer ones were lost, and the chain goes
    on after their numbers: a number is never used twice.
    """
    if data is None:
        return Head(last_seq, _UNKNOWN if last_seq else None, None)
    statement = cose.parse(data, certificate.MAX_SIZE)
    return Head(last_seq, statement.id, certificate.decode(statement.payload))


class Issuer:
    """Signs intervals as certificates.

    Attributes:
        head: the newest certificate that was kept.
        boot: number of this start, in every certificate.
        signer: the meter's present key.
    """

    def __init__(self, signer: Signer, site: str, meter: str, boot: int, head: Head) -> None:
        self.head = head
        self.boot = boot
        self.signer = signer
        self._site = site
        self._meter = meter

    def draft(self, interval: Interval, clock: ClockQuality, seen: "tuple[int, bytes] | None") -> certificate.Certificate:
        """What the certificate of ``interval`` will say. Its number is used up once it is on the flash, not before.

        Args:
            interval: opens with the closing registers of the head.
            clock: how well the time is known by now.
            seen: size and root of the ledger's tree, from the last valid receipt.
        """
        return certificate.Certificate(
            self.head.seq + 1,
            self.boot,
            self.head.id,
            clock,
            interval.t0,
            interval.dt,
            interval.opening,
            interval.rows,
            interval.closing,
            interval.status,
            seen,
        )

    def issue_steps(self, draft: certificate.Certificate) -> "Steps[tuple[bytes, Head]]":
        """The signed certificate and the head that it makes. Set ``head`` once it is on the flash, not before.

        SignerError if the signer failed.
        """
        statement = yield from certificate.issue_steps(self.signer, self._site, self._meter, draft)
        return statement.data, Head(draft.seq, statement.id, draft)
