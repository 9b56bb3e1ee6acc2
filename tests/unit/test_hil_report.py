"""The report on several runs: HTML that needs nothing else, and JUnit XML."""

import re
from xml.etree import ElementTree as ET

from hil.history import End, Ending, Event, Head, Recording
from hil.report import html, junit
from hil.report.plot import Window, chart
from hil.scenario import parse
from hil.verdict.judge import Judgement, judge

SCENARIO = """\
title = "A <calm> day"
[island]
seconds = 2
[[verdict]]
title = "w stays low"
shape = "within"
series = "*.w"
high = 5
[[verdict]]
title = "it is over"
shape = "within"
series = "nothing"
low = 0
"""


def judgement(name: str, w: float, ending: Ending | None = Ending.FINISHED, rule: int = 2) -> Judgement:
    recording = Recording(Head(name=name, scenario=SCENARIO, seed=7, target="unix", command=f"run {name}", began=0))
    recording.series = {"a.w": [(0, 1), (1, w)], "b.w": [(0, 1), (1, 2)], "debt": [(0, 0), (1, 3)]}
    fault = {"on": "bus", "kind": "crc", "of": "*"}
    recording.events = [
        Event(t=0.5, what="fault begins", details={"fault": fault}),
        Event(t=1.0, what="fault ends", details={"fault": fault}),
        Event(t=1.5, what="fault begins", details={"fault": {**fault, "kind": "unit"}}),
    ]
    recording.last_t = 2.0
    if ending is not None:
        recording.end = End(t=2, ending=ending, error="the <broker> died", simulated_s=120, wall_s=2)
    return judge(recording, parse(SCENARIO, "s").verdict[:rule])


def test_only_what_does_not_pass_is_open() -> None:
    document = html.render([judgement("good", 2, rule=1), judgement("bad", 9, rule=1)])
    good, bad = document.split("<details")[1:3], document.split("<details")[3:5]
    assert not any(part.startswith(" open") for part in good)
    assert all(part.startswith(" open") for part in bad)
    assert "9 at 1 s is outside ... to 5" in bad[1]


def test_the_document_needs_nothing_else_and_escapes_what_it_shows() -> None:
    document = html.render([judgement("aborted", 2, Ending.ABORTED)])
    assert not re.search(r"(src|href)=|@import|url\(", document)
    assert "A &lt;calm&gt; day" in document
    assert "aborted: the &lt;broker&gt; died" in document
    assert "60.0 times as fast" in document
    assert "<code>run aborted</code>" in document


def test_faults_stand_behind_the_plots() -> None:
    document = html.render([judgement("good", 2)])
    assert "power, W" in document
    assert "delivery debt, certificates" in document
    assert document.count("<title>bus crc *</title>") == 2
    # one that was not seen to end lasts as long as the record
    assert document.count("<title>bus unit *</title>") == 2


def test_a_chart_spans_time_and_values_and_always_ends_with_the_last_point() -> None:
    points = [(float(t), float(t)) for t in range(2001)]
    svg = ET.fromstring(chart({"x": points}, [Window(500, 1000, "why & where")], 2000))  # noqa: S314 - our own
    box, line = svg.find("rect"), svg.find("polyline")
    assert box is not None
    assert (box.get("x"), box.get("width")) == ("265.0", "195.0")
    assert line is not None
    path = str(line.get("points")).split()
    assert (path[0], path[-1]) == ("70.0,176.0", "850.0,10.0")
    assert len(path) < 700


def test_a_verdict_is_a_case_and_unknown_is_an_error() -> None:
    root = ET.fromstring(junit.render([judgement("bad", 9), judgement("aborted", 2, Ending.ABORTED)]).encode())  # noqa: S314
    bad, aborted = root.findall("testsuite")
    assert {name: bad.get(name) for name in ("tests", "failures", "errors", "time")} == {
        "tests": "2",
        "failures": "1",
        "errors": "1",
        "time": "2.000",
    }
    failure = bad.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "a.w: 9 at 1 s is outside ... to 5"
    assert (aborted.get("tests"), aborted.get("failures"), aborted.get("errors")) == ("3", "0", "3")
    assert failure.text == "a.w: 9 at 1 s is outside ... to 5"
    last = aborted.findall("testcase/error")[-1]
    assert last.get("message") == "aborted: the <broker> died"
