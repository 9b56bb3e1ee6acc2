"""Collecting the figures of the benchmarks, with stand-ins for them."""

import sys

import pytest

from tools.figures import BenchError, figures, print_all


def bench(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


def test_figures_are_passed_on_as_they_are() -> None:
    printed = "sign_ms 0.948 ms\nsteps 12 count\ntiny -1.5e-05 ratio"
    assert figures(bench(f"print({printed!r})")) == printed.splitlines()


@pytest.mark.parametrize("printed", ["", "sign 1.0", "sign fast ms", "two words 1 ms", "sign 1 ms\nTraceback"])
def test_other_words_are_refused(printed: str) -> None:
    with pytest.raises(BenchError, match="something else"):
        figures(bench(f"print({printed!r})"))


def test_a_failure_is_named_with_its_last_words() -> None:
    with pytest.raises(BenchError, match=r"failed with status 3:\nno flash"):
        figures(bench("import sys; print('no flash', file=sys.stderr); sys.exit(3)"))


def test_the_others_run_after_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_all((bench("1/0"), bench("print('size 5 bytes')"))) == 1
    printed = capsys.readouterr()
    assert printed.out == "size 5 bytes\n"
    assert "ZeroDivisionError" in printed.err
