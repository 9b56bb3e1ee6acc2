"""``skerry loadtest``: how many certificates this machine's gateway takes, how fast, and what an attacker changes."""

import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from gateway.site import SiteError
from hil.bench.processes import Failed

from . import page, report
from .course import Wishes, run

_INTERRUPTED = 130

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def loadtest(
    meters: Annotated[int, typer.Option(min=2, max=9999, help="How many meters.")] = 1000,
    each: Annotated[int, typer.Option(min=2, max=10_000, help="Certificates of each meter at full speed.")] = 50,
    attack: Annotated[int, typer.Option(min=0, help="Messages a second of the attacker; 0 for none.")] = 5000,
    json: Annotated[str, typer.Option(metavar="FILE", help="Write the figures there; - for stdout.")] = "",
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page for people there.")] = None,
) -> None:
    """Load a gateway of its own, in a temporary directory: at full speed, at half of it, and with one meter that floods.

    Exit status 1 if a certificate stays without receipt, or a receipt does not hold.
    """
    wishes = Wishes(meters, each, attack)
    signal.signal(signal.SIGTERM, _interrupt)
    place = Path(tempfile.mkdtemp(prefix="skerry-load-"))
    try:
        with report.Bars(wishes.steps()) as bars:
            outcome = run(wishes, place / "site", bars.advance)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except (Failed, SiteError, OSError) as error:
        typer.echo(f"loadtest: {error}", err=True)
        sys.exit(1)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    report.show(outcome)
    if json:
        report.write(outcome, json)
    if html is not None:
        html.write_text(page.page(outcome))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
