"""`skerry meter scan`: the thin shell around a scan."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .. import errors, job_log
from ..conventions import AsJson, plainly
from . import report
from .candidates import matching
from .course import FULL, QUICK, Course, State
from .frame_log import FrameLog
from .ports import SerialPort, TcpPort
from .run import run

_STEP = "scan"
_STATE = TypeAdapter(State)
_MODBUS_TCP = 502

app = typer.Typer()


@app.command()
def scan(
    line: Annotated[str, typer.Argument(help="A serial port, or HOST[:PORT] of a Modbus TCP device.")],
    quick: Annotated[bool, typer.Option("--quick", help="Ask only the units that devices come with.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from where the last scan of this line stopped.")] = False,
    log: Annotated[Path | None, typer.Option(metavar="FILE", help="Append every frame there, as JSON lines.")] = None,
    json: AsJson = False,
) -> None:
    """Find the devices on a line, its rate and parity, and the map that fits each. It only ever reads.

    Exit status 0 if one map fits each device, 3 if no device has answered, 4 if a device stays open, 1 if the line failed,
    130 after Ctrl-C.
    """
    with plainly(), ExitStack() as stack:
        jobs = job_log.JobLog(job_log.place())
        job = (jobs.unfinished(_STEP, line) if resume else None) or job_log.Job(_STEP, line, job_log.stamp(_now()))
        serial = "/" in line or line.upper().startswith("COM")
        state = _STATE.validate_python(job.state) if job.state else None
        course = Course(serial, (QUICK,) if quick else (QUICK, FULL), state)
        port = stack.enter_context(closing(SerialPort(line) if serial else _tcp(line)))
        frames = stack.enter_context(FrameLog(log, line, "rtu" if serial else "tcp")) if log else None
        with _bar() as progress:
            stop = run(course, port, frames, progress)
        if stop is None:
            jobs.keep(job.finished(f"{len(course.state.found)} devices", _now()))
        else:
            jobs.keep(job.stopped(stop.reason, _STATE.dump_python(course.state, mode="json")))
        if json:
            typer.echo(report.as_json(course, stop))
        else:
            report.show(Console(highlight=False, soft_wrap=True), course, stop, not quick)
        if stop is not None:
            raise typer.Exit(errors.INTERRUPTED if stop.aborted else errors.FAILED)
    raise typer.Exit(_status(course))


def _status(course: Course) -> int:
    if not course.state.found:
        return errors.NOTHING_FOUND
    decided = all(len(matching(found.identity.candidates)) == 1 for found in course.state.found)
    return 0 if decided else errors.UNDECIDED


def _tcp(line: str) -> TcpPort:
    host, _, port = line.partition(":")
    if port and not port.isdecimal():
        raise errors.PortError(f"{line}: HOST or HOST:PORT is expected, or the path of a serial port")
    return TcpPort(host, int(port or _MODBUS_TCP))


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _bar() -> Iterator[Callable[[Course], None]]:
    """A progress bar on stderr, where a person looks on."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda course: bar.update(task, description=course.place, total=course.total, completed=course.state.index)
