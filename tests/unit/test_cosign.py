"""Gateways vouch for each other's heads, and only for heads that go on from the last one they saw."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from blockchain_iface.archive import Archive
from blockchain_iface.checkpoint import TYPE, Checkpoint, Equivocation, cosign
from blockchain_iface.document import EvidenceError, read
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.prove import checkpoint
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Genesis
from blockchain_iface.witness import Conviction
from firmware.wire import cbor, cose
from gateway.adapters import keystore
from gateway.cli import app
from gateway.site import Site
from tests.virtual_meter import CENTRE, INTERVAL, SITE, T0, TARIFF, VirtualMeter, enrol, genesis, signer

RUNNER = CliRunner()
ATOLL = signer(5)


def founded(key: Any, site: str) -> bytes:
    return cose.sign(key, site, site, Genesis.TYPE, Genesis(key.public, INTERVAL, TARIFF).encode())


ATOLLS = founded(ATOLL, "atoll")


def ledger(path: Path, *energies: int) -> Archive:
    """The isle's ledger with a certificate for each of ``energies``: the same as before as far as they are the same."""
    path.unlink(missing_ok=True)
    engine, meter = EmbeddedLedger(path, CENTRE, SITE), VirtualMeter("home-1", 7)
    engine.submit([genesis()], T0)
    enrol(engine, meter)
    for energy in energies:
        engine.submit([meter.certify(energy, 0)], T0 + meter.seq)
    engine.close()
    return Archive(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def vouched(made: Checkpoint, last: Checkpoint | None = None) -> Checkpoint:
    return cosign(made, last, ATOLL, ATOLLS, T0 + 60, Verifier())


def exported(archive: Archive, last: Checkpoint | None = None) -> Checkpoint:
    return checkpoint(archive, last, Verifier())


def test_a_cosigned_checkpoint_names_its_witnesses(path: Path) -> None:
    once = vouched(exported(ledger(path, 1, 2)))
    assert once.check(Verifier()).witnesses == (("atoll", T0 + 60),)
    twice = cosign(once, None, signer(6), founded(signer(6), "reef"), T0 + 61, Verifier())
    assert [site for site, _ in twice.check(Verifier()).witnesses] == ["atoll", "reef"]
    assert read(twice.to_json().encode(), [Checkpoint]) == twice
    assert vouched(twice) == twice


def test_the_next_one_goes_on_from_the_last(path: Path) -> None:
    last = vouched(exported(ledger(path, 1, 2)))
    later = vouched(exported(ledger(path, 1, 2, 3, 4), last), last)
    assert later.check(Verifier()).head.size == last.check(Verifier()).head.size + 2
    assert vouched(exported(ledger(path, 1, 2)), last).check(Verifier()).witnesses
    with pytest.raises(EvidenceError, match="no proof that it goes on"):
        vouched(exported(ledger(path, 1, 2, 3, 4)), last)
    with pytest.raises(EvidenceError, match="had 6 entries before, now it shows 4"):
        vouched(exported(ledger(path, 1, 2)), later)


def test_two_histories_are_convicted_not_cosigned(path: Path) -> None:
    last = vouched(exported(ledger(path, 1, 2)))
    for forked in (exported(ledger(path, 1, 3)), exported(ledger(path, 1, 3, 4), exported(ledger(path, 1, 3)))):
        with pytest.raises(Equivocation) as found:
            vouched(forked, last)
        assert found.value.conviction.check(Verifier()).size == 4


def test_nobody_vouches_for_itself_or_in_anothers_name(path: Path) -> None:
    made = exported(ledger(path, 1))
    with pytest.raises(EvidenceError, match="cannot vouch for itself"):
        cosign(made, None, CENTRE, genesis(), T0, Verifier())
    with pytest.raises(EvidenceError, match="another gateway's"):
        cosign(made, None, signer(6), ATOLLS, T0, Verifier())


def test_another_ledgers_checkpoint_is_not_the_next(path: Path, tmp_path: Path) -> None:
    engine = EmbeddedLedger(tmp_path / "atoll.sqlite", ATOLL, "atoll")
    engine.submit([ATOLLS], T0)
    engine.close()
    reef = founded(signer(6), "reef")
    with pytest.raises(EvidenceError, match="of another ledger than the last"):
        cosign(exported(ledger(path, 1)), exported(Archive(tmp_path / "atoll.sqlite")), signer(6), reef, T0, Verifier())


def false(made: Checkpoint, type: str = TYPE, subject: str = SITE, **changes: Any) -> Checkpoint:
    head = made.check(Verifier()).head
    body = {"kid": CENTRE.kid, "size": head.size, "root": head.root, "time": T0, **changes}
    statement = cose.sign(ATOLL, "atoll", subject, type, cbor.encode(dict(enumerate(body.values(), 1))))
    return replace(made, witnesses=(ATOLLS,), cosignatures=(statement,))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "vnd.skerry.x"}, "something else"),
        ({"subject": "reef"}, "something else"),
        ({"size": 2}, "something else"),
        ({"root": bytes(32)}, "something else"),
        ({"kid": bytes(8)}, "something else"),
        ({"time": -1}, "time"),
    ],
)
def test_a_cosignature_is_for_this_head_alone(path: Path, change: dict[str, Any], reason: str) -> None:
    made = exported(ledger(path, 1))
    assert false(made).check(Verifier()).witnesses == (("atoll", T0),)
    with pytest.raises(EvidenceError, match=reason):
        false(made, **change).check(Verifier())


def test_witnesses_and_cosignatures_belong_together(path: Path) -> None:
    signed = vouched(exported(ledger(path, 1)))
    (cosignature,) = signed.cosignatures
    for changes, reason in (
        ({"witnesses": ()}, "one for each"),
        ({"witnesses": signed.witnesses * 2, "cosignatures": signed.cosignatures * 2}, "comes twice"),
        ({"witnesses": (founded(signer(6), "atoll"),)}, "not signed by the operator's key"),
        ({"cosignatures": (cosignature[:-1] + bytes([cosignature[-1] ^ 1]),)}, "not signed"),
        ({"path": (bytes(32),)}, "leads from no head"),
    ):
        with pytest.raises(EvidenceError, match=reason):
            replace(signed, **changes).check(Verifier())
    body = cbor.encode({1: CENTRE.kid, 2: 3, 3: signed.check(Verifier()).head.root, 4: T0})
    own = replace(signed, witnesses=(genesis(),), cosignatures=(cose.sign(CENTRE, SITE, SITE, TYPE, body),))
    with pytest.raises(EvidenceError, match="vouches for itself"):
        own.check(Verifier())


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site whose gateway has begun its ledger."""
    directory = tmp_path / "atoll"
    assert RUNNER.invoke(app, ["init", str(directory), "--site", "atoll"]).exit_code == 0
    key = keystore.load(Site(directory).keys)
    engine = EmbeddedLedger(Site(directory).ledger, key, "atoll")
    engine.submit([founded(key, "atoll")], T0)
    engine.close()
    return directory


def test_a_gateway_remembers_what_it_cosigned(path: Path, site: Path, tmp_path: Path) -> None:
    file = tmp_path / "isle.json"
    file.write_text(exported(ledger(path, 1, 2)).to_json())
    done = RUNNER.invoke(app, ["cosign", str(site), str(file)])
    assert done.exit_code == 0, done.stderr
    last = read(file.read_bytes(), [Checkpoint])
    assert [name for name, _ in last.check(Verifier()).witnesses] == ["atoll"]
    following = tmp_path / "next.cbor"
    following.write_bytes(exported(ledger(path, 1, 2, 3), last).to_cbor())
    assert RUNNER.invoke(app, ["cosign", str(site), str(following), "--out", str(file)]).exit_code == 0
    assert json.loads(file.read_text())["previous"] == last.block.hex()
    following.write_bytes(exported(ledger(path, 1, 2, 9)).to_cbor())
    failed = RUNNER.invoke(app, ["cosign", str(site), str(following)])
    assert failed.exit_code == 1
    assert "two histories" in failed.stderr
    conviction = read((site / "witness" / "isle-conviction.json").read_bytes(), [Conviction])
    assert conviction.check(Verifier()).operator == CENTRE.public
