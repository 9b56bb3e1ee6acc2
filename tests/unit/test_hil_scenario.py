"""Scenarios: what is valid, and that every complaint names file and line."""

from pathlib import Path

import pytest

from hil.scenario import ScenarioError, find, load, parse, shipped
from hil.toml_lines import line_of

GOOD = """\
title = "a calm minute"

[island]
meters = 2
seconds = 60

[[verdict]]
title = "power balances"
shape = "conservation"
plus = ["feeder.w"]
minus = [
    "*.w",
]

[[verdict]]
title = "nothing is owed"
shape = "eventually"
series = "*.pending"
high = 0
"""


def test_a_scenario_is_read_with_its_defaults() -> None:
    scenario = parse(GOOD, "calm.toml")
    assert (scenario.seed, scenario.island.interval_s) == (1, 5)
    assert [rule.shape for rule in scenario.verdict] == ["conservation", "eventually"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("meters = 2", "meters = 1", "s.toml:4: meters: Input should be greater than or equal to 2"),
        ("meters = 2", "metres = 2", "s.toml:4: there is no key metres here; is meters meant?"),
        ("seconds = 60", "", "s.toml:3: seconds is missing"),
        ("seconds = 60", 'seconds = "60"', "s.toml:5: seconds: Input should be a valid number"),
        ('plus = ["feeder.w"]', "", "s.toml:7: plus is missing"),
        ('    "*.w",', "    7,", "s.toml:11: minus: Input should be a valid string"),
        ("high = 0", "", "s.toml:15: verdict: say low, high or both"),
        ('shape = "eventually"', 'shape = "never"', "s.toml:15: verdict: Input tag 'never' found"),
        ("seconds = 60", "seconds =", "s.toml: Invalid value (at line 5, column 10)"),
    ],
)
def test_a_complaint_names_the_line(old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    with pytest.raises(ScenarioError) as raised:
        parse(GOOD.replace(old, new), "s.toml")
    assert str(raised.value).startswith(complaint)


def test_a_line_is_where_the_statement_begins() -> None:
    text = 'a = 1\n\n# why\nb = """\nc = 3\n"""\n[t]\nc = [\n 1,\n 2]\n[[u]]\n[[u]]\nx = {y = 1}\n'
    assert line_of(text, ("a",)) == 1
    assert line_of(text, ("b",)) == 4
    assert line_of(text, ("t",)) == 7
    assert line_of(text, ("t", "c", 1)) == 8
    assert line_of(text, ("u", 1)) == 12
    assert line_of(text, ("u", 1, "tag", "x", "y")) == 13
    assert line_of(text, ("missing",)) == 1


def test_files_and_names_are_found(tmp_path: Path) -> None:
    path = tmp_path / "calm.toml"
    with pytest.raises(ScenarioError, match=r"calm\.toml: .*No such file"):
        load(find(str(path)))
    path.write_text(GOOD)
    assert load(find(str(path)))[1] == GOOD
    with pytest.raises(ScenarioError, match="there is no scenario nowhere"):
        find("nowhere")


def test_every_shipped_scenario_is_valid() -> None:
    for path in shipped():
        assert load(path)[0].title
