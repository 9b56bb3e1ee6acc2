"""What other gateways have cosigned goes on record: only what they signed, only heads of this history, once."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from blockchain_iface.archive import Archive
from blockchain_iface.checkpoint import TYPE
from blockchain_iface.cli.words import sentence
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Corrupt, Rejected
from blockchain_iface.prove import checkpoint
from blockchain_iface.signatures import KeySigner, Verifier
from blockchain_iface.state.entries import Action, Cosigned, Genesis
from blockchain_iface.verify import verify
from firmware.wire import cbor, cose
from gateway.adapters import keystore
from gateway.cli import app
from gateway.core.centre import ShadowCentre
from gateway.inboxes import Inboxes
from gateway.site import Site, now
from tests.virtual_meter import CENTRE, INTERVAL, SITE, T0, TARIFF, VirtualMeter, enrol, genesis, signed, signer

RUNNER = CliRunner()
ATOLL = signer(5)


def founded(key: KeySigner, site: str) -> bytes:
    return cose.sign(key, site, site, Genesis.TYPE, Genesis(key.public, INTERVAL, TARIFF).encode())


class World:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger = EmbeddedLedger(path, CENTRE, SITE)
        self.ledger.submit([genesis()], T0)
        enrol(self.ledger, VirtualMeter("home-1", 7))

    def said(self, size: int = 2, root: bytes | None = None, by: KeySigner = ATOLL, type: str = TYPE) -> Cosigned:
        own = root or self.ledger.root(size)
        body = cbor.encode({1: CENTRE.kid, 2: size, 3: own, 4: T0 + 60})
        return Cosigned(founded(ATOLL, "atoll"), cose.sign(by, "atoll", SITE, type, body))

    def record(self, entry: Cosigned) -> bytes:
        data = signed(entry, "atoll")
        self.ledger.submit([data], T0)
        return data


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "ledger.sqlite")


def test_a_cosignature_goes_on_record_once(world: World) -> None:
    data = world.record(world.said())
    root = world.ledger.root(2)
    assert root is not None
    assert world.ledger.state.cosigned[ATOLL.kid, 2, root] == cose.parse(data).id
    assert sentence(cose.parse(data)) == "atoll vouched for the first 2 entries, 2027-01-15 08:01:00 UTC"
    later = world.said()
    with pytest.raises(Rejected, match="on record already"):
        world.ledger.submit([signed(later, "elsewhere")], T0)
    assert verify(Archive(world.path), CENTRE.public).vouched == 1


def test_only_what_the_witness_signed_is_taken(world: World) -> None:
    good = world.said()
    for entry, reason in (
        (world.said(by=signer(6)), "not signed by the operator's key"),
        (world.said(type="vnd.skerry.x"), "vouched for something else"),
        (Cosigned(b"no genesis", good.cosignature), "genesis"),
        (Cosigned(genesis(), good.cosignature), "of site atoll"),
    ):
        with pytest.raises(Rejected, match=reason):
            world.record(entry)
    own = cbor.encode({1: CENTRE.kid, 2: 2, 3: bytes(32), 4: T0})
    with pytest.raises(Rejected, match="vouches for itself"):
        world.record(Cosigned(genesis(), cose.sign(CENTRE, SITE, SITE, TYPE, own)))
    for payload in ({1: b"x"}, {1: b"x", 2: 5}, {1: b"x", 2: b"x", 3: 1}):
        with pytest.raises(Rejected):
            world.ledger.submit([cose.sign(CENTRE, SITE, "atoll", Cosigned.TYPE, cbor.encode(payload))], T0)


@pytest.mark.parametrize("size", [2, 99])
def test_what_is_on_record_of_another_history_is_found(world: World, size: int) -> None:
    world.record(world.said(size, bytes(32)))
    world.ledger.close()
    with pytest.raises(Corrupt, match="entry 2: atoll vouched for a head that is not in this history"):
        verify(Archive(world.path), CENTRE.public)


class Gateway:
    """A site whose gateway takes its inboxes when told."""

    def __init__(self, root: Path, name: str) -> None:
        self.site = Site(root)
        self.site.create(name, 10, 30)
        self.open()

    def open(self) -> None:
        self.key, verifier = keystore.load(self.site.keys), Verifier()
        name = self.site.settings().site
        self.ledger = EmbeddedLedger(self.site.ledger, self.key, name, verifier)
        rules = self.site.genesis(self.key.public)
        self.centre = ShadowCentre(self.ledger, self.key, name, rules, 30, verifier, now())
        self.inboxes = Inboxes(self.site, self.centre)

    def checkpoint(self, path: Path) -> Path:
        path.write_text(checkpoint(Archive(self.site.ledger), None, Verifier()).to_json())
        return path

    def told(self, command: str, path: Path) -> tuple[int, str]:
        done = RUNNER.invoke(app, [command, str(self.site.root), str(path)])
        self.inboxes.take()
        return done.exit_code, done.output

    def types(self) -> list[str]:
        return [cose.parse(entry.data).type for entry in self.ledger.read(-1, 1000)]


def test_a_gateway_records_what_others_have_cosigned(tmp_path: Path) -> None:
    isle, atoll = (Gateway(tmp_path / name, name) for name in (SITE, "atoll"))
    file = isle.checkpoint(tmp_path / "isle.json")
    assert "nobody has cosigned" in isle.told("witnessed", file)[1]
    atoll.told("cosign", file)
    assert atoll.types() == [Genesis.TYPE, Action.TYPE]
    assert isle.told("witnessed", file) == (0, "Cosigned by atoll. The gateway records it.\n")
    assert isle.types() == [Genesis.TYPE, Action.TYPE, Cosigned.TYPE]
    # a second time it is done again, and nothing new to say
    isle.told("witnessed", file)
    assert isle.types().count(Cosigned.TYPE) == 1
    assert atoll.told("witnessed", file)[0] == 1
    findings = verify(Archive(isle.site.ledger), isle.key.public)
    assert findings.entries == 4


def test_a_head_that_a_restored_ledger_does_not_know_is_not_recorded(tmp_path: Path) -> None:
    isle, atoll = (Gateway(tmp_path / name, name) for name in (SITE, "atoll"))
    isle.site.note("restore", SITE)
    isle.inboxes.take()
    file = isle.checkpoint(tmp_path / "isle.json")
    atoll.told("cosign", file)
    isle.ledger.close()
    for path in isle.site.root.glob("ledger.sqlite*"):
        path.unlink()
    isle.open()
    isle.told("witnessed", file)
    assert Cosigned.TYPE not in isle.types()
    (reason,) = (isle.site.root / "checkpoints" / "refused").glob("*.reason")
    assert "another history than its witnesses saw" in reason.read_text()
