"""The shadow centre puts on record who ordered what, once."""

from dataclasses import replace
from pathlib import Path

import pytest

from blockchain_iface.ledger import Rejected
from blockchain_iface.state.entries import Action
from tests.centre_bench import NOW, CentreBench
from tests.virtual_meter import T0

ACTION = Action("Zo\u00eb", "operator", "recharge", "house-1", "slip 17", T0)


def test_an_action_is_recorded_once_however_often_it_is_said(tmp_path: Path) -> None:
    bench = CentreBench(tmp_path / "ledger.sqlite")
    for later in (0, 1, 5):
        bench.centre.record_action(ACTION, NOW + later)
    (entry,) = bench.entries(Action.TYPE)
    assert Action.decode(entry.payload) == ACTION
    with pytest.raises(Rejected, match="slip 17 stands for another action"):
        bench.centre.record_action(replace(ACTION, at=T0 + 1), NOW)


def test_what_cannot_be_written_down_is_refused(tmp_path: Path) -> None:
    bench = CentreBench(tmp_path / "ledger.sqlite")
    for wrong in ({"role": "chef d'\u00eele"}, {"actor": "\ud800"}, {"actor": ""}, {"verb": "steal"}, {"at": -1}):
        with pytest.raises(Rejected):
            bench.centre.record_action(replace(ACTION, **wrong), NOW)
    assert not bench.entries(Action.TYPE)
