"""The portable tests on an emulated 32-bit board: 139 KB of heap, floats of 32 bits, no clock, no network, files read-only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.board import content
from tests.board.emulator import Emulator
from tools import rom

NO_ASYNCIO = "ImportError: no module named 'asyncio'"
NO_TIME = "ImportError: no module named 'time'"
SMALL_HEAP = "MemoryError"  # it keeps a whole flash in the heap

# What the board cannot do, and what it says then: a file as a whole, or a test.
NOT_THERE = {
    "test_meter_app": NO_ASYNCIO,
    "test_meter_bus": NO_ASYNCIO,
    "test_meter_mqtt_link": NO_ASYNCIO,
    "test_console": NO_ASYNCIO,
    "test_health": NO_ASYNCIO,
    "test_loop_lag": NO_ASYNCIO,
    "test_network": NO_ASYNCIO,
    "test_network_time": NO_ASYNCIO,
    "test_step_lengths": NO_TIME,
    "test_tls_key": NO_ASYNCIO,
    "test_kept_statements::test_a_fortnight_of_quarter_hours_fits_half_a_megabyte": SMALL_HEAP,
    "test_kept_statements::test_a_full_store_keeps_its_word_and_leaves_room_for_events": SMALL_HEAP,
    "test_kept_statements::test_receipts_that_come_only_for_the_newest_still_make_room": SMALL_HEAP,
    "test_kept_statements::test_the_oldest_receipted_go_first": SMALL_HEAP,
    "test_kept_statements::test_a_full_store_takes_the_signed_gap_and_then_has_room": SMALL_HEAP,
    "test_kept_statements::test_what_nobody_receipts_stays_through_a_full_turn": SMALL_HEAP,
    "test_meter_certifier::test_a_full_flash_gives_up_the_oldest_after_a_signed_gap": SMALL_HEAP,
    "test_meter_certifier::test_a_gap_is_kept_before_anything_goes_wherever_the_power_is_cut": SMALL_HEAP,
    "test_meter_certifier::test_a_power_cut_at_any_flash_write_loses_nothing": SMALL_HEAP,
    "test_meter_certifier::test_without_room_even_for_the_gap_certificates_are_held": SMALL_HEAP,
    "test_outbox::test_a_weeks_debt_is_paid_in_order_at_the_rate_while_live_ones_pass": SMALL_HEAP,
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    image = tmp_path_factory.mktemp("board") / "rom"
    image.write_bytes(rom.image(content.files()))
    emulator = Emulator(image)
    yield emulator
    emulator.close()


@pytest.mark.parametrize("file", content.FILES, ids=lambda file: file.stem)
def test_the_board_does_all_it_can(emulator: Emulator, file: Path) -> None:
    """An excuse that no longer holds is a failure, too."""
    excused = {name: error for name, error in NOT_THERE.items() if name.partition("::")[0] == file.stem}
    report = emulator.run(file)
    assert report.failures == excused, report.printed


def test_excuses_are_for_files_that_are_there() -> None:
    assert {name.partition("::")[0] for name in NOT_THERE} <= {file.stem for file in content.FILES}
