"""A restored site's meters: who is silent, who holds receipts for what is not there, and who only gave certificates up."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from firmware.wire import event
from firmware.wire.gap import Gap
from gateway.adapters.mqtt import Delivery, Link
from gateway.core.centre import Message, Publish
from gateway.core.hearing import Hearing
from gateway.core.telemetry import StateMessage
from gateway.monitoring.vitals import Vitals
from gateway.restoring import ReceiptsLost, hear
from gateway.site import Site
from tests.unit.test_health import picture
from tests.virtual_meter import VirtualMeter


def said(receipted: int | None, online: bool = True) -> StateMessage:
    return StateMessage(online=online, receipted=receipted)


def test_all_are_heard_and_nothing_is_lost() -> None:
    hearing = Hearing({"wind-1": 7, "house-1": 0})
    assert hearing.silent == ["house-1", "wind-1"]
    hearing.note("wind-1", said(None, online=False))
    hearing.note("nobody", said(9))
    assert hearing.silent == ["house-1", "wind-1"]
    hearing.note("wind-1", said(7))
    hearing.note("house-1", said(0))
    assert (hearing.silent, hearing.lost) == ([], {})


def test_what_is_receipted_and_not_there_is_lost() -> None:
    hearing = Hearing({"wind-1": 7, "house-1": 3})
    hearing.note("wind-1", said(9))
    hearing.note("house-1", said(2))
    assert hearing.lost == {"wind-1": 2}


def test_what_was_given_up_unheard_is_not_lost() -> None:
    hearing = Hearing({"wind-1": 7})
    hearing.note("wind-1", said(12))
    hearing.note_gap("wind-1", 8, 10)
    hearing.note_gap("wind-1", 8, 10)
    assert hearing.lost == {"wind-1": 2}
    hearing.note_gap("wind-1", 11, 12)
    assert hearing.lost == {}


class Line:
    """A link on which these messages come, two at a time."""

    def __init__(self, *messages: Message) -> None:
        self.coming = [Delivery(message, number, 1, 0.0) for number, message in enumerate(messages, 1)]
        self.acknowledged: list[Delivery] = []

    def take(self, _most: int, _within_s: float) -> list[Delivery]:
        taken, self.coming = self.coming[:2], self.coming[2:]
        return taken

    def answer(self, messages: Sequence[Publish], done: Sequence[Delivery]) -> None:
        assert not messages
        self.acknowledged += done


def heard(tmp_path: Path, *messages: Message) -> Line:
    """The line after ``hear``, on a ledger that holds 10 certificates of wind-1 and of house-1 each."""
    site, line = Site(tmp_path), Line(*messages)
    site.restored.touch()
    hear(site, picture(), cast(Link, line), Vitals(tmp_path), lambda: bool(line.coming))
    return line


def state(meter: str, receipted: int) -> Message:
    return Message(f"sk/v1/isle/{meter}/up/state", json.dumps({"online": True, "receipted": receipted}).encode())


def test_a_gap_that_nobody_has_receipted_explains_what_is_missing(tmp_path: Path) -> None:
    gap = Gap(11, 14, 1_800_000_000, 1_800_000_040, (1, 2), (3, 4))
    told = VirtualMeter("wind-1", 11).record(event.GAP, details=gap.details())
    certificate, junk = (
        Message("sk/v1/isle/wind-1/up/cert", b"kept by the meter"),
        Message("sk/v1/isle/wind-1/up/event", b"junk"),
    )
    messages = (state("wind-1", 14), certificate, junk, state("house-1", 10), Message("sk/v1/isle/wind-1/up/event", told))
    line = heard(tmp_path, *messages)
    assert [one.message for one in line.acknowledged] == list(messages)
    assert not (tmp_path / "restored.json").exists()


def test_without_one_the_loss_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReceiptsLost, match="wind-1: 4 certificates"):
        heard(tmp_path, state("wind-1", 14), state("house-1", 10))
    assert (tmp_path / "restored.json").exists()
