"""A shadow centre on a ledger file, for tests: opened as often as they like, given messages, asked what it made of them."""

from pathlib import Path

from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Genesis
from firmware.wire import cose, topics
from gateway.core.centre import Message, Publish, ShadowCentre
from tests.virtual_meter import CENTRE, INTERVAL, SITE, T0, TARIFF, VirtualMeter

NOW = T0 + 1000


def on_its_topic(meter: VirtualMeter, payload: bytes, kind: str = "cert") -> Message:
    """A message as ``meter`` would send it."""
    return Message(topics.up(SITE, meter.meter, kind), payload)


class CentreBench:
    """The shadow centre of the site that the virtual meters are at."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.open()

    def open(self, interval: int = INTERVAL) -> None:
        """Begin, or begin again with what the file holds."""
        verifier = Verifier()
        self.ledger = EmbeddedLedger(self.path, CENTRE, SITE, verifier)
        genesis = Genesis(CENTRE.public, interval, TARIFF)
        self.centre = ShadowCentre(self.ledger, CENTRE, SITE, genesis, 30, verifier, NOW)

    def send(self, meter: VirtualMeter, *payloads: bytes, kind: str = "cert", now: int = NOW) -> list[Publish]:
        """What the centre answers to a batch of ``meter``'s messages."""
        return self.centre.on_messages([on_its_topic(meter, payload, kind) for payload in payloads], now)

    def refusals(self) -> dict[str, int]:
        """How many messages were refused, by reason."""
        return self.centre.view(NOW, {}, "").refusals

    def size(self) -> int:
        """Entries on the ledger."""
        head = self.ledger.head()
        return head.size if head else 0

    def entries(self, type: str) -> list[cose.Statement]:
        """The ledger's entries of a type."""
        statements = [cose.parse(entry.data) for entry in self.ledger.read(-1, 10_000)]
        return [statement for statement in statements if statement.type == type]


class TwoMeters(CentreBench):
    """With a wind turbine's and a house's meter enrolled."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.wind, self.house = VirtualMeter("wind-1", 11), VirtualMeter("house-1", 12)
        self.centre.enrol(self.wind.request, "wind", NOW)
        self.centre.enrol(self.house.request, "house", NOW)
