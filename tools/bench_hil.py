"""The rig's figures: `python -m tools.bench_hil` prints `name value unit` lines. Takes ten minutes: it plays whole scenarios.

The wall time of a run is all of it: keys made, meters enrolled, the day played, the last certificate settled, all verified.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hil.bench.processes import Failed
from hil.history import Recording
from hil.plant.island import Island
from hil.report.text import lines
from hil.roster import MAX_METERS, roster
from hil.runner.launch import launch
from hil.runner.play import Job
from hil.scenario import find
from hil.verdict.finding import Word
from hil.verdict.judge import Judgement, judge_by_its_own

SCENARIOS = ("island-day", "hundred-meters")
STEPS = 500


def main() -> int:
    """Return the exit status: 0 if all passes."""
    print(f"hil_plant_step_of_200 {plant_step_ms():.3f} ms")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in SCENARIOS:
            try:
                judgement = played(name, Path(folder))
            except Failed as error:
                print(error, file=sys.stderr)
                return 1
            failed |= judgement.word is not Word.PASS
            print(*figures(name.replace("-", "_"), judgement), sep="\n", flush=True)
            if failed:
                print(*lines(judgement), sep="\n", file=sys.stderr)
    return failed


def plant_step_ms() -> float:
    """Of the largest island."""
    island = Island(roster(MAX_METERS), 1)
    begun = time.perf_counter()
    for _ in range(STEPS):
        island.step(0.2)
    return (time.perf_counter() - begun) / STEPS * 1000


def played(name: str, folder: Path) -> Judgement:
    """The judgement on a scenario that comes with the rig. Failed if it could not even begin."""
    return judge_by_its_own(Recording.read(launch(Job(find(name), None, folder / name), lambda _line: None)))


def figures(name: str, judgement: Judgement) -> Iterator[str]:
    """What a run took, and how far the ledger ever was behind its meters."""
    recording = judgement.recording
    begun = time.perf_counter()
    judge_by_its_own(recording)
    judged = time.perf_counter() - begun
    yield f"hil_{name}_passes {int(judgement.word is Word.PASS)} of_1"
    if recording.end is not None:
        yield f"hil_{name}_wall {recording.end.wall_s:.1f} s"
        yield f"hil_{name}_day {recording.end.simulated_s / 3600:.2f} h"
        yield f"hil_{name}_ratio {recording.end.ratio:.1f} times"
    yield f"hil_{name}_most_debt {max((value for _, value in recording.series.get('debt', ())), default=0):.0f} certificates"
    issued = sum(points[-1][1] for series, points in recording.series.items() if series.endswith(".issued"))
    yield f"hil_{name}_certificates {issued:.0f} count"
    yield f"hil_{name}_judged {judged * 1000:.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
