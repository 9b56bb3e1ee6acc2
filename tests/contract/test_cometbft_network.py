"""Four shadow centres on loopback, each a process with its CometBFT node, and what may befall them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from blockchain_iface.archive import Archive
from blockchain_iface.state.entries import Enrolment, Genesis
from blockchain_iface.verify import verify
from firmware.wire import cose, receipt
from tests.validators import LIAR, Network, Validator, until
from tests.virtual_meter import INTERVAL, SITE, TARIFF, VirtualMeter, signer


class Site:
    """A microgrid: its shadow centre's validator, and one meter."""

    def __init__(self, validator: Validator, number: int) -> None:
        self.validator = validator
        self.name = validator.member.site
        self.centre = signer(validator.key)
        self.meter = VirtualMeter("home-1", 100 + number, site=self.name)

    def sign(self, subject: str, body: Genesis | Enrolment) -> bytes:
        return cose.sign(self.centre, self.name, subject, body.TYPE, body.encode())

    def begin(self) -> None:
        """Genesis and the meter's enrolment, final."""
        genesis = self.sign("ledger", Genesis(self.centre.public, INTERVAL, TARIFF))
        enrolment = self.sign("home-1", Enrolment("load", self.meter.request))
        ids = self.validator.submit(genesis, enrolment)
        assert until(lambda: self.validator.all_final(ids)), self.validator.log()

    def certify(self, count: int) -> list[str]:
        """A batch of certificates, submitted; their ids."""
        return self.validator.submit(*[self.meter.certify(1, 0) for _ in range(count)])


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    network = Network(tmp_path, 4)
    network.start()
    yield network
    network.close()


@pytest.fixture
def sites(network: Network) -> list[Site]:
    sites = [Site(validator, number) for number, validator in enumerate(network.validators)]
    sites[0].begin()
    return sites


def agree(validators: list[Validator], size: int) -> bool:
    """Whether all hold ``size`` entries under one root and one state."""
    heads = {validator.head() for validator in validators}
    return len(heads) == 1 and heads.pop()[0] == size


def histories(validators: list[Validator]) -> set[str]:
    """Every validator's entries, each as one hash: as many as there are different histories."""
    return {validator.ask("history") for validator in validators}


def test_a_thousand_certificates_are_final_on_every_copy(network: Network, sites: list[Site]) -> None:
    ids = [id for _ in range(10) for id in sites[0].certify(100)]
    assert until(lambda: agree(network.validators, 1002)), [one.head() for one in network.validators]
    assert len(histories(network.validators)) == 1
    for site in sites:
        proof, data = (bytes.fromhex(site.validator.ask(what, ids[-1])) for what in ("receipt", "data"))
        # each under a head that this centre has signed
        assert receipt.Verifier(site.name, site.centre.public).check(proof, data)[0] <= 1002


def test_each_site_writes_and_none_writes_for_another(network: Network, sites: list[Site]) -> None:
    for site in sites[1:]:
        site.begin()
    for site in sites:
        site.certify(3)
    assert until(lambda: agree(network.validators, 4 * 5))
    for site in sites:
        # from its file alone, whoever's genesis came first
        findings = verify(Archive(site.validator.directory))
        assert (findings.site, findings.key) == (site.name, site.centre.public.hex())
        assert (findings.entries, findings.certificates) == (20, 12)
    stranger = Site(sites[1].validator, 9)
    stranger.name, stranger.centre = SITE, signer(4711)
    assert (
        "foreign genesis" in stranger.validator.submit(stranger.sign("ledger", Genesis(stranger.centre.public, 10, TARIFF)))[0]
    )
    assert (
        "not signed by the shadow centre"
        in sites[1].validator.submit(
            cose.sign(sites[1].centre, SITE, "home-9", Enrolment.TYPE, Enrolment("load", stranger.meter.request).encode())
        )[0]
    )


def test_three_go_on_two_halt_and_go_on_together_again(network: Network, sites: list[Site]) -> None:
    first, second, third, fourth = network.validators
    fourth.kill()
    sites[0].certify(10)
    assert until(lambda: agree([first, second, third], 12)), first.log()

    third.kill()
    cut_off = sites[0].certify(10)
    # three rounds would fit into this, if two were enough
    assert not until(lambda: first.all_final(cut_off), within_s=5)
    assert agree([first, second], 12)
    assert not first.ask("available", 1 << 40)

    third.start()
    assert until(lambda: agree([first, second, third], 22)), third.log()
    fourth.start()
    assert until(lambda: agree(network.validators, 22)), fourth.log()
    assert len(histories(network.validators)) == 1


def test_what_is_submitted_while_cut_off_is_delivered_on_return(network: Network, sites: list[Site]) -> None:
    first, *others = network.validators
    for other in others:
        other.kill()
    ids = [id for _ in range(20) for id in sites[0].certify(5)]
    # even the gateway's end does not lose it
    first.kill()
    first.start()
    ids += sites[0].certify(5)
    assert first.head()[0] == 2
    for other in others:
        other.start()
    assert until(lambda: first.all_final(ids), within_s=45), first.log()
    assert until(lambda: agree(network.validators, 2 + 105))


@pytest.mark.parametrize("kept", [False, True], ids=["disk lost", "ledger kept"])
def test_a_node_without_its_blocks_catches_up_by_snapshot(network: Network, sites: list[Site], kept: bool) -> None:
    *others, lost = network.validators
    for _ in range(20):
        ids = sites[0].certify(30)
        assert until(lambda ids=ids: others[0].all_final(ids))  # type: ignore[misc]
    lost.kill()
    shutil.rmtree(lost.member.home / "data")
    (lost.member.home / "data").mkdir()
    if not kept:
        for file in lost.directory.glob("*.sqlite*"):
            file.unlink()
    lost.start()
    # it holds no block from before the snapshot
    assert until(lambda: lost.first_block() > 1, within_s=45), lost.log()
    assert until(lambda: agree(network.validators, 2 + 20 * 30), within_s=45), lost.log()
    sites[0].certify(1)
    assert until(lambda: agree(network.validators, 2 + 20 * 30 + 1))
    assert len(histories(network.validators)) == 1


def test_a_validator_that_proposes_forgeries_changes_nothing(network: Network, sites: list[Site]) -> None:
    *honest, liar = network.validators
    liar.kill()
    liar.start(LIAR)
    # on a busy machine its turn to propose may come late
    for count in range(1, 41):
        ids = sites[0].certify(5)
        assert until(lambda ids=ids: honest[0].all_final(ids)), (count, honest[0].log())  # type: ignore[misc]
        if count >= 10 and "rejected" in honest[0].log():
            break
    assert until(lambda: agree(network.validators, 2 + 5 * count))
    assert len(histories(network.validators)) == 1
    # it did propose them
    assert "rejected" in honest[0].log()


def test_a_validator_that_votes_twice_changes_nothing_and_is_named(tmp_path: Path) -> None:
    network = Network(tmp_path, 4)
    *honest, double = network.validators
    network.twin(double)
    network.start()
    try:
        site = Site(honest[0], 0)
        site.begin()
        for _ in range(10):
            ids = site.certify(5)
            assert until(lambda ids=ids: honest[0].all_final(ids)), honest[0].log()  # type: ignore[misc]
        document = json.loads((double.member.home / "config" / "priv_validator_key.json").read_text())
        accusation = f"validator={document['address'].lower()}"
        assert until(lambda: all("voted twice" in one.log() and accusation in one.log() for one in honest)), honest[0].log()
        assert until(lambda: agree(honest, 52))
        assert len(histories(honest)) == 1
    finally:
        network.close()
