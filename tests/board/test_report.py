"""Reading what the runner prints, without a board."""

from tests.board.report import Report

TRACEBACK = 'Traceback (most recent call last):\n  File "run.py", line 19, in run\n'


def test_all_is_well() -> None:
    assert Report("test_x", "ok test_a\nok test_b\nfailures 0\n").failures == {}


def test_each_failure_has_its_error() -> None:
    printed = f"ok test_a\nFAIL test_b\n{TRACEBACK}OSError: [Errno 2] ENOENT\nok test_c\nfailures 1\n"
    assert Report("test_x", printed).failures == {"test_x::test_b": "OSError: [Errno 2] ENOENT"}


def test_how_many_bytes_lacked_is_chance() -> None:
    printed = f"FAIL test_b\n{TRACEBACK}MemoryError: memory allocation failed, allocating 8101 bytes\nfailures 1\n"
    assert Report("test_x", printed).failures == {"test_x::test_b": "MemoryError"}


def test_a_file_that_does_not_come_to_its_end() -> None:
    printed = f"ok test_a\n{TRACEBACK}ImportError: no module named 'asyncio'\n"
    assert Report("test_x", printed).failures == {"test_x": "ImportError: no module named 'asyncio'"}


def test_a_file_without_tests_is_a_failure() -> None:
    assert Report("test_x", "FAIL tests/portable/test_x.py has no tests\nfailures 1\n").failures
