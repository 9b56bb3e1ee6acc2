"""What a technician saw when a meter was accepted: from a file on the ledger, linked to the meter's key, and shown again."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from blockchain_iface.cli.app import app as ledger_app
from blockchain_iface.cli.words import sentence
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Rejected
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Action, Commissioning
from blockchain_iface.state.entries.commissioning import MAX_SIZE, Check
from firmware.wire import cose
from firmware.wire.fields import WireError
from gateway.adapters import keystore
from gateway.cli import app
from gateway.core.centre import ShadowCentre
from gateway.inboxes import Inboxes
from gateway.site import Site, now
from tests.centre_bench import NOW, TwoMeters
from tests.virtual_meter import INTERVAL, SITE, T0, VirtualMeter, signed

HOUSE = VirtualMeter("house-1", 12)
PHOTO = bytes(range(32))
SEEN = Commissioning(
    "house-1",
    HOUSE.signer.kid,
    "Sam \u00d8degaard",
    T0,
    ("Acme", "M1", "17", "2.0"),
    "sunspec",
    PHOTO[::-1],
    (1, 247, 3),
    (Check("power W", 2310, 2200, 2400), Check("import Wh", -5, 0, 9)),
    1,
    (PHOTO,),
)
DOCUMENT: dict[str, Any] = {
    "meter": "house-1",
    "key": HOUSE.signer.kid.hex(),
    "technician": "Sam \u00d8degaard",
    "time": T0,
    "nameplate": {"maker": "Acme", "model": "M1", "serial": "17", "version": "2.0"},
    "map": "sunspec",
    "firmware": PHOTO[::-1].hex(),
    "scan": {"devices": 1, "requests": 247, "failed": 3},
    "checks": [
        {"what": "power W", "measured": 2310, "least": 2200, "most": 2400},
        {"what": "import Wh", "measured": -5, "least": 0, "most": 9},
    ],
    "certificate": 1,
    "photos": [PHOTO.hex()],
}


def test_a_record_is_taken_in_one_form_only_and_no_longer_than_it_may_be() -> None:
    assert Commissioning.decode(SEEN.encode()) == SEEN
    largest = replace(SEEN, checks=tuple(Check("x" * 64, 1, 0, 2) for _ in range(16)), photos=(PHOTO,) * 16)
    assert len(largest.encode()) < MAX_SIZE
    for wrong in (
        {"meter": "House"},
        {"kid": b"1234567"},
        {"technician": ""},
        {"technician": "x" * 65},
        {"time": 5},
        {"nameplate": ("Acme", "M1", "17")},
        {"nameplate": ("Acme", "M1", "17", "\n")},
        {"map": ""},
        {"firmware": b""},
        {"scan": (1, -1, 0)},
        {"checks": (("power W", 1, 2),)},
        {"checks": SEEN.checks * 9},
        {"certificate": 0},
        {"photos": (b"",)},
        {"photos": (PHOTO,) * 17},
    ):
        with pytest.raises(WireError):
            Commissioning.decode(replace(SEEN, **wrong).encode())
    with pytest.raises(WireError, match="at most 4096"):
        Commissioning.decode(SEEN.encode() + bytes(MAX_SIZE))


def test_a_record_is_of_a_key_and_a_certificate_that_are_here_and_is_made_once(tmp_path: Path) -> None:
    bench = TwoMeters(tmp_path / "ledger.sqlite")
    commission: Callable[[Commissioning, int], None] = bench.centre.register.commission
    with pytest.raises(Rejected, match="certificate 1 of house-1 is not here yet"):
        commission(SEEN, NOW)
    bench.send(bench.house, bench.house.certify(1, 0))
    for change in ({"kid": bench.wind.signer.kid}, {"kid": bytes(8)}):
        with pytest.raises(Rejected, match="is not that of house-1: enrol the meter first"):
            commission(replace(SEEN, **change), NOW)  # type: ignore[arg-type]
    with pytest.raises(Rejected, match="technician"):
        commission(replace(SEEN, technician="\u00d8" * 33), NOW)
    with pytest.raises(Rejected, match="surrogates"):
        commission(replace(SEEN, technician="\ud800"), NOW)
    commission(SEEN, NOW)
    commission(SEEN, NOW)
    with pytest.raises(Rejected, match="on record already"):
        commission(replace(SEEN, technician="Kim"), NOW)
    commission(replace(SEEN, time=T0 + 1, certificate=None), NOW)
    assert len(bench.entries(Commissioning.TYPE)) == 2
    (first, _) = bench.entries(Commissioning.TYPE)
    assert bench.ledger.state.commissionings["house-1", T0] == first.id


def test_a_record_in_a_sentence_says_what_was_out_of_range() -> None:
    said = sentence(cose.parse(signed(SEEN, "house-1")))
    who = "2027-01-15 08:00:00 UTC: Sam \u00d8degaard accepted house-1 (Acme M1 17 2.0)"
    assert said == f"{who}, out of range: import Wh"
    good = replace(SEEN, checks=SEEN.checks[:1])
    assert sentence(cose.parse(signed(good, "house-1"))) == f"{who}, 1 checks, all in range"


def test_a_technicians_file_comes_to_the_ledger_and_is_shown(tmp_path: Path) -> None:
    site = Site(tmp_path / "site")
    site.create(SITE, INTERVAL, 30)
    signer, verifier = keystore.load(site.keys), Verifier()
    ledger = EmbeddedLedger(site.ledger, signer, SITE, verifier)
    centre = ShadowCentre(ledger, signer, SITE, site.genesis(signer.public), 30, verifier, now())
    inboxes = Inboxes(site, centre)
    centre.enrol(HOUSE.request, "house", now())
    file = tmp_path / "acceptance.json"

    def commission(document: object) -> tuple[int, str]:
        file.write_text(json.dumps(document))
        result = CliRunner().invoke(app, ["commission", str(site.root), str(file), "--wait", "0"])
        return result.exit_code, result.output

    for wrong in ({"key": "12"}, {"more": 1}, {"checks": [{"what": "x"}]}, {"photos": [PHOTO.hex()] * 17}, {"time": "now"}):
        status, said = commission({**DOCUMENT, **wrong})
        assert (status, said.startswith("gateway: ")) == (1, True)
    assert commission({**DOCUMENT, "certificate": None}) == (0, "The order waits for the gateway.\n")
    inboxes.take()
    action = Action.decode(cose.parse(ledger.read(-1, 100)[-2].data).payload)
    assert (action.verb, action.subject) == ("commission", "house-1")
    newest = str(ledger.read(-1, 100)[-1].index)
    shown = json.loads(CliRunner().invoke(ledger_app, ["show", str(site.ledger), newest]).output)
    assert shown["type"] == "vnd.skerry.commissioning"
    assert shown["body"]["kid"] == DOCUMENT["key"]
    assert shown["body"]["checks"][0] == {"what": "power W", "measured": 2310, "least": 2200, "most": 2400}
    assert shown["body"]["photos"] == DOCUMENT["photos"]
