"""Judgements as JUnit XML: a suite a scenario, a case a verdict. What is unknown is an error, not a skipped test."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from ..verdict.finding import Word
from ..verdict.judge import Judgement, Verdict

_ELEMENT = {Word.FAIL: "failure", Word.UNKNOWN: "error"}


def render(judgements: Sequence[Judgement]) -> str:
    """The document."""
    root = ET.Element("testsuites", name="skerry hil")
    for judgement in judgements:
        _suite(root, judgement)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: ET.Element, judgement: Judgement) -> None:
    head, end = judgement.recording.head, judgement.recording.end
    words = [verdict.word for verdict in judgement.verdicts]
    unfinished = judgement.why is not None
    counts = {"tests": len(words) + unfinished, "failures": words.count(Word.FAIL)}
    counts["errors"] = words.count(Word.UNKNOWN) + unfinished
    suite = ET.SubElement(root, "testsuite", {"name": head.name, **{name: str(count) for name, count in counts.items()}})
    suite.set("time", f"{end.wall_s if end else 0.0:.3f}")
    properties = ET.SubElement(suite, "properties")
    for name, value in {"seed": head.seed, "target": head.target, "again": head.command}.items():
        ET.SubElement(properties, "property", name=name, value=str(value))
    for verdict in judgement.verdicts:
        _case(suite, head.name, verdict)
    if judgement.why is not None:
        case = ET.SubElement(suite, "testcase", classname=head.name, name="the run is finished")
        ET.SubElement(case, "error", message=judgement.why)


def _case(suite: ET.Element, name: str, verdict: Verdict) -> None:
    case = ET.SubElement(suite, "testcase", classname=name, name=verdict.title)
    if verdict.word in _ELEMENT:
        found = [(series, finding) for series, finding in verdict.findings.items() if finding.word is verdict.word]
        evidence = [f"{series}: {finding.evidence}" for series, finding in found]
        ET.SubElement(case, _ELEMENT[verdict.word], message=evidence[0]).text = "\n".join(evidence)
