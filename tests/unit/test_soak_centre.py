"""The soak's centre: what it takes for a chain without holes."""

from pathlib import Path

import pytest

from firmware.wire import event
from tests.virtual_meter import INTERVAL, T0, VirtualMeter
from tools.soak.centre import CERTIFICATES, EVENTS, METER, Centre


def heard(folder: Path, closing: int) -> Centre:
    """A centre that hears certificates 1, 4 and 5, and that 2 and 3 were given up at a register of ``closing``."""
    meter, centre = VirtualMeter(METER, 11), Centre(folder)
    centre.answering = False
    certificates = [meter.certify(3, 0) for _ in range(5)]
    for at in (0, 3, 4):
        centre._take(CERTIFICATES, certificates[at])
    assert centre.complete == 1
    span = [T0 + INTERVAL, T0 + 3 * INTERVAL]
    details = {1: 2, 2: 3, 3: span, 4: [1003, 2000], 5: [closing, 2000]}
    centre._take(EVENTS, meter.record(event.GAP, details=details))
    return centre


def test_what_a_signed_event_gives_up_is_no_hole(tmp_path: Path) -> None:
    centre = heard(tmp_path, 1009)
    assert (centre.complete, centre.chained, sorted(centre.given_up), centre.debt) == (5, 3, [2, 3], 2)
    centre.check_chain()


def test_energy_that_the_event_does_not_tell_of_is_a_hole(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="a hole before certificate 4"):
        heard(tmp_path, 1008).check_chain()
