"""Two views of one ledger: proven consistent, or the operator convicted by what it signed. Forks are made with its own key."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from blockchain_iface.archive import Archive
from blockchain_iface.audit import Consistent, Party, Undecided, audit, parting
from blockchain_iface.checkpoint import Checkpoint
from blockchain_iface.cli import evidence
from blockchain_iface.cli.app import app
from blockchain_iface.document import EvidenceError, read
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Corrupt
from blockchain_iface.prove import checkpoint, prove
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Genesis
from blockchain_iface.witness import Conviction, Sighting
from firmware.wire import certificate, cose
from tests.virtual_meter import CENTRE, INTERVAL, SITE, T0, TARIFF, VirtualMeter, enrol, genesis, signer

RUNNER = CliRunner()
COMMON, HONEST, FORKED = 9, 5, 3


class Views:
    """Files in a directory: a ledger as it was, as it is, and a second history after the same beginning."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.meter = VirtualMeter("home-1", 7)
        certificates = [self.meter.certify(number, 0) for number in range(COMMON)]
        self.early, self.late, self.forked = (directory / name for name in ("early.sqlite", "late.sqlite", "forked.sqlite"))
        self.build(self.early, certificates)
        forked = VirtualMeter("home-1", 7)
        others = [forked.certify(number, 0) for number in range(COMMON)] + [forked.certify(77, 0) for _ in range(FORKED)]
        assert others[:COMMON] == certificates
        certificates += [self.meter.certify(number, 0) for number in range(HONEST)]
        self.build(self.late, certificates)
        self.build(self.forked, others)

    def build(self, path: Path, certificates: list[bytes]) -> None:
        ledger = EmbeddedLedger(path, CENTRE, SITE)
        ledger.submit([genesis()], T0)
        enrol(ledger, VirtualMeter("home-1", 7))
        for number, data in enumerate(certificates):
            ledger.submit([data], T0 + number)
        ledger.close()

    def keep(self, name: str, document: Any) -> Path:
        path = self.directory / name
        path.write_bytes(document if isinstance(document, bytes) else document.to_cbor())
        return path

    def sighting(self, size: int, root: bytes) -> bytes:
        """A certificate of a meter that saw this head."""
        return self.meter.certify(1, 0, seen=(size, root))


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Views:
    return Views(tmp_path_factory.mktemp("views"))


def compare(first: Path, second: Path) -> Any:
    one, other = audited(first, second), audited(second, first)
    assert type(one) is type(other)
    return one


def audited(first: Path, second: Path) -> Any:
    return audit(Party(first, Verifier()), Party(second, Verifier()), Verifier())


def head_of(path: Path) -> Checkpoint:
    return checkpoint(Archive(path), None, Verifier())


def receipt_of(path: Path, index: int) -> Any:
    archive = Archive(path)
    return prove(archive, archive.named(str(index)), Verifier())


def test_a_file_and_a_later_one_are_consistent_and_others_can_check_it(views: Views) -> None:
    verdict = compare(views.early, views.late)
    assert isinstance(verdict, Consistent)
    assert (verdict.smaller, verdict.larger) == (2 + COMMON, 2 + COMMON + HONEST)
    assert verdict.proof is not None
    seen = verdict.proof.check(Verifier())
    assert seen.previous is not None
    assert (seen.previous.size, seen.head.size) == (verdict.smaller, verdict.larger)


def test_a_fork_convicts_the_operator(views: Views) -> None:
    verdict = compare(views.late, views.forked)
    assert isinstance(verdict, Conviction)
    shown = verdict.check(Verifier())
    assert (shown.site, shown.operator, shown.size) == (SITE, CENTRE.public, 2 + COMMON + FORKED)
    assert shown.signed == Archive(views.forked).root(shown.size)
    assert shown.actual == Archive(views.late).root(shown.size)
    assert parting(Archive(views.late), Archive(views.forked)) == 2 + COMMON


@pytest.mark.parametrize("kind", ["checkpoint", "receipt"])
def test_a_file_decides_about_any_smaller_head(views: Views, kind: str) -> None:
    for path, expected in ((views.early, Consistent), (views.forked, Conviction)):
        last = Archive(path).count() - 1
        document = head_of(path) if kind == "checkpoint" else receipt_of(path, last)
        assert isinstance(compare(views.late, views.keep(f"{kind}-{path.stem}", document)), expected)


def test_two_heads_of_one_size_decide_by_themselves(views: Views) -> None:
    size = 2 + COMMON + FORKED
    honest, forked = receipt_of(views.late, size - 1), receipt_of(views.forked, size - 1)
    verdict = compare(views.keep("a", honest), views.keep("b", forked))
    assert isinstance(verdict, Conviction)
    assert verdict.path == ()
    verdict.check(Verifier())
    assert isinstance(compare(views.keep("a", honest), views.keep("b", head_of(views.late))), Undecided)
    assert isinstance(compare(views.keep("a", honest), views.keep("b", honest)), Consistent)


def test_a_checkpoint_since_the_others_head_decides(views: Views) -> None:
    early = head_of(views.early)
    late = checkpoint(Archive(views.late), early, Verifier())
    assert isinstance(compare(views.keep("a", early), views.keep("b", late)), Consistent)
    with pytest.raises(Corrupt, match="skerry ledger audit"):
        checkpoint(Archive(views.late), head_of(views.forked), Verifier())
    with pytest.raises(Corrupt, match="the file ends at"):
        checkpoint(Archive(views.early), head_of(views.late), Verifier())


def test_what_a_meter_saw_is_compared(views: Views) -> None:
    size = 2 + COMMON + 1
    honest = views.keep("honest", views.sighting(size, Archive(views.late).root(size)))
    other = views.keep("other", views.sighting(size, Archive(views.forked).root(size)))
    consistent = compare(views.late, honest)
    assert isinstance(consistent, Consistent)
    assert consistent.proof is None
    verdict = compare(views.late, other)
    assert isinstance(verdict, Sighting)
    shown = verdict.check(Verifier())
    assert (shown.witness, shown.size, shown.signed) == ("home-1", size, Archive(views.forked).root(size))
    assert isinstance(compare(views.early, other), Undecided)
    with pytest.raises(EvidenceError, match="neither party"):
        audited(honest, other)
    with pytest.raises(EvidenceError, match="who may sign"):
        audited(views.keep("a", head_of(views.late)), other)


def test_a_receipt_brings_what_its_meter_had_seen(views: Views, tmp_path: Path) -> None:
    size = 2 + COMMON + 1
    meter = VirtualMeter("home-1", 7)
    first = meter.certify(1, 0)
    views.build(tmp_path / "short.sqlite", [first, meter.certify(2, 0, seen=(size, Archive(views.forked).root(size)))])
    verdict = audited(views.late, views.keep("receipt", receipt_of(tmp_path / "short.sqlite", 3)))
    assert isinstance(verdict, Conviction)


def test_another_meters_word_is_not_taken(views: Views) -> None:
    stranger = VirtualMeter("home-1", 8).certify(1, 0, seen=(3, bytes(32)))
    with pytest.raises(Corrupt, match="no entry gives key"):
        audited(views.late, views.keep("stranger", stranger))
    forged = views.sighting(3, bytes(32))[:-64] + stranger[-64:]
    with pytest.raises(EvidenceError, match="not signed by the meter"):
        audited(views.late, views.keep("forged", forged))
    with pytest.raises(EvidenceError, match="no head that its meter had seen"):
        Party(views.keep("blind", VirtualMeter("home-1", 7).certify(1, 0)), Verifier())
    broken = cose.sign(views.meter.signer, SITE, "home-1", certificate.TYPE, b"\xa0")
    for data in (stranger[:-1], broken):
        with pytest.raises(EvidenceError, match="certificate:"):
            Party(views.keep("broken", data), Verifier())


def test_a_damaged_tree_convicts_nobody(views: Views, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Archive, "consistency", lambda *_: [bytes(32)])
    with pytest.raises(EvidenceError, match="tree is damaged"):
        audited(views.late, views.forked)


def test_two_ledgers_are_no_two_views(views: Views, tmp_path: Path) -> None:
    other = EmbeddedLedger(tmp_path / "other.sqlite", signer(5), SITE)
    begin = Genesis(signer(5).public, INTERVAL, TARIFF)
    other.submit([cose.sign(signer(5), SITE, SITE, Genesis.TYPE, begin.encode())], T0)
    other.close()
    with pytest.raises(EvidenceError, match="two ledgers"):
        audited(views.late, tmp_path / "other.sqlite")


def documents(views: Views) -> dict[str, Any]:
    size = 2 + COMMON + 1
    seen = views.keep("other", views.sighting(size, Archive(views.forked).root(size)))
    late = checkpoint(Archive(views.late), head_of(views.early), Verifier())
    return {"conviction": audited(views.late, views.forked), "sighting": audited(views.late, seen), "checkpoint": late}


@pytest.mark.parametrize("name", ["conviction", "sighting", "checkpoint"])
def test_no_bit_of_evidence_can_be_changed(views: Views, name: str) -> None:
    document, verifier = documents(views)[name], Verifier()
    document.check(verifier)
    for field in fields(document):
        value = getattr(document, field.name)
        if isinstance(value, bytes):
            for at in {*range(0, len(value), 7), len(value) - 1}:
                changed = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
                with pytest.raises(EvidenceError):
                    replace(document, **{field.name: changed}).check(verifier)
        elif value:
            for wrong in (value[:-1], value[::-1], (*value, bytes(32))):
                if wrong != value:
                    with pytest.raises(EvidenceError):
                        replace(document, **{field.name: wrong}).check(verifier)


def test_an_honest_operator_is_not_convicted(views: Views) -> None:
    late, early = Archive(views.late), Archive(views.early)
    small, large = early.newest(), late.newest()
    path = tuple(late.consistency(small.size, large.size))
    first = early.genesis().data
    with pytest.raises(EvidenceError, match="the heads agree"):
        Conviction(first, small.data, large.data, early.root(small.size), path).check(Verifier())
    with pytest.raises(EvidenceError, match="not within"):
        Conviction(first, large.data, small.data, late.root(large.size), path).check(Verifier())


def run(*arguments: str | Path) -> Any:
    return RUNNER.invoke(app, ["audit", *map(str, arguments)])


def test_the_command_says_so_and_its_evidence_verifies(views: Views, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "evidence.json"
    done = run(views.early, views.late, "--out", out)
    assert (done.exit_code, out.exists()) == (0, False), done.output
    assert "consistent: the head of 11 entries is how the one of 16 began" in done.stdout
    done = run(views.late, views.forked, "--out", out)
    assert done.exit_code == 1
    assert "the operator of isle signed 14 entries" in done.stdout
    assert "they part at entry 11" in done.stdout
    with pytest.raises(SystemExit) as end:
        evidence.main([str(out), "--key", CENTRE.public.hex(), "--json"])
    assert end.value.code == 0
    (verdict,) = json.loads(capsys.readouterr().out)
    assert (verdict["kind"], verdict["proven"]) == ("conviction", True)
    assert "the operator signed two histories: 14 entries" in verdict["says"]


def test_the_command_tells_undecided_from_wrong(views: Views, tmp_path: Path) -> None:
    early, late = (views.keep(name, head_of(path)) for name, path in (("a", views.early), ("b", views.late)))
    done = run(early, late, "--json")
    assert done.exit_code == 3
    assert json.loads(done.stdout)["verdict"] == "undecided"
    (tmp_path / "noise").write_bytes(b"noise")
    for wrong in (tmp_path / "noise", tmp_path / "none"):
        failed = run(early, wrong)
        assert failed.exit_code == 1
        assert "not in order" in failed.stderr


def test_a_checkpoint_is_exported_and_verified(views: Views, tmp_path: Path, capsys: Any) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.cbor"
    assert RUNNER.invoke(app, ["checkpoint", str(views.early), "--out", str(first)]).exit_code == 0
    done = RUNNER.invoke(app, ["checkpoint", str(views.late), "--since", str(first), "--out", str(second)])
    assert done.exit_code == 0
    assert "16 entries" in done.stdout
    with pytest.raises(SystemExit) as end:
        evidence.main([str(first), str(second)])
    assert end.value.code == 0
    assert "16 entries, goes on" in " ".join(capsys.readouterr().out.split())
    assert isinstance(read(second.read_bytes(), [Checkpoint]), Checkpoint)
