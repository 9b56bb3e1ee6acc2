"""Plays one scenario: everything is started, disturbed, held, stopped and reckoned, and all of it is written down."""

import time
from dataclasses import dataclass
from pathlib import Path

from ..bench.audit import reckon
from ..bench.commissioning import Layout
from ..bench.island import ERRORS, Island
from ..bench.outages import Outages
from ..bench.rest import come_to_rest
from ..faults.fault import Fault
from ..faults.schedule import Change
from ..history import End, Head, History
from ..roster import roster
from ..scenario import Scenario, load, shipped
from .course import Course, State
from .mishaps import Mishaps, clocks
from .recorder import Recorder

HISTORY = "history.jsonl"
_TICK_S = 0.1


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be run: a scenario's file, a seed if not its own, and a directory, not there yet, for all files of the run."""

    path: Path
    seed: int | None
    out: Path

    @property
    def command(self) -> str:
        """The one command that does it again."""
        seed = "" if self.seed is None else f" --seed {self.seed}"
        return f"skerry hil run {self.path.stem if self.path in shipped() else self.path}{seed}"


def play(job: Job) -> Path:
    """Run a scenario and return its history, whatever came of it. KeyboardInterrupt makes it an aborted run.

    Raises:
        ScenarioError: the scenario is wrong.
        FileExistsError: the directory is there already.
    """
    scenario, text = load(job.path)
    seed = scenario.seed if job.seed is None else job.seed
    job.out.mkdir(parents=True)
    table = scenario.island
    island = Island(Layout(job.out / "run"), table.meters, seed, table.interval_s, job.path)
    head = Head(
        name=job.path.stem,
        scenario=text,
        seed=seed,
        target=island.target.name,
        command=job.command,
        began=time.time(),
    )
    began = time.monotonic()
    with History(job.out / HISTORY, head) as history:
        run = _Run(scenario, island, history)
        try:
            with island:
                run.through()
        except KeyboardInterrupt:
            run.course.transition(State.ABORTED, "somebody stopped it")
        except ERRORS as wrong:
            run.course.transition(State.FAILED, str(wrong))
        except BaseException as defect:
            run.course.transition(State.FAILED, f"a defect of the rig: {defect!r}")
            raise
        finally:
            simulated_s, wall_s = run.recorder.run_s * table.climate.speed, time.monotonic() - began
            ending, error = run.course.ending, run.course.error
            history.end(End(t=run.recorder.t, ending=ending, error=error, simulated_s=simulated_s, wall_s=wall_s))
    return history.path


class _Run:
    """The states of one run, one after the other."""

    def __init__(self, scenario: Scenario, island: Island, history: History) -> None:
        self.recorder = Recorder(island, history)
        self.course = Course(self._entered)
        self._scenario = scenario
        self._island = island
        self._history = history

    def through(self) -> None:
        """Do it all. Whatever goes wrong is raised."""
        self.course.transition(State.STARTING)
        meters = [unit.meter for unit in roster(self._scenario.island.meters)]
        failing = clocks(self._scenario.of_bench(), meters)
        self._island.start(lambda who, what: self._history.event(0.0, "step", who=who, what=what), failing)
        self.course.transition(State.RUNNING)
        outages = self._run()
        self.course.transition(State.RESTING)
        if not come_to_rest(self._island, self.recorder.follower, self._tick):
            self._history.event(self.recorder.t, "not at rest")
        self.course.transition(State.STOPPING)
        self._island.stop()
        self.recorder.look()
        self.course.transition(State.RECKONING)
        layout = self._island.layout
        key, flashes = self._island.gateway_key(), self._island.flashes()
        self.recorder.reckoned(reckon(layout.site.ledger, key, layout.journal, flashes, outages.dead_s))
        self.course.transition(State.FINISHED)

    def _run(self) -> Outages:
        """As long as the plant is to run."""
        mishaps = Mishaps(self._island, self._scenario.of_bench(), self._tell)
        while self.recorder.run_s < self._scenario.island.seconds:
            mishaps.tick(self.recorder.run_s)
            self._tick()
        mishaps.end(self.recorder.run_s)
        return mishaps.outages

    def _entered(self, state: State) -> None:
        self._history.event(self.recorder.t, "state", state=state)

    def _tell(self, change: Change[Fault]) -> None:
        what = "fault begins" if change.begins else "fault ends"
        self._history.event(self.recorder.t, what, fault=change.fault.model_dump(mode="json"))

    def _tick(self) -> None:
        self._island.check()
        self.recorder.look()
        time.sleep(_TICK_S)
