"""`skerry gateway revoke|readmit|exchange|commission`: what is decided about a meter and its key, and seen of it, for good."""

from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated

import typer

from blockchain_iface.archive import Archive
from blockchain_iface.state.registry import newest
from blockchain_iface.state.state import State

from .. import progress
from ..core.api_key import Role
from ..core.register import Takeover
from ..progress import Stage
from ..site import Site, SiteError, now
from .conventions import POLL_S, Directory, Wait, plainly, site_of_caller
from .meters import tell_answer

app = typer.Typer()
Meter = Annotated[str, typer.Argument(help="The meter's name.")]
Reason = Annotated[str, typer.Option(help="For the record: 1 to 64 letters.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def revoke(
    directory: Directory,
    meter: Meter,
    first: Annotated[int | None, typer.Option("--from", min=1, help="First certificate that is worth nothing.")] = None,
    reason: Reason = "revoked by the operator",
    door: Annotated[bool, typer.Option("--door", help="Shut the broker's door only: a new token opens it again.")] = False,
    wait: Wait = 5,
    yes: Yes = False,
) -> None:
    """Shut a meter out, at once, and end its key for good. What it has certified before stays valid, also if it comes late."""
    with plainly():
        site = site_of_caller(directory, Role.ADMINISTRATOR)
        if door:
            count = site.shut_out(meter)
            typer.echo(f"{count} certificates of {meter} are revoked. A new token lets it in again.")
            return
        if not yes:
            typer.confirm(f"The key of {meter} will never certify again, another meter has to take over. Go on?", abort=True)
        name = site.revoke(meter, first, reason)
        typer.echo(f"{meter} is shut out.")
        end = "the next certificate" if first is None else f"certificate {first}"
        _tell(site, name, wait, f"Its key signs nothing from {end} on: that is on the ledger.")


@app.command()
def readmit(directory: Directory, meter: Meter, reason: Reason = "looked at", wait: Wait = 5) -> None:
    """End a quarantine: what two devices under the meter's key have certified stands, and is settled."""
    with plainly():
        site = site_of_caller(directory, Role.ADMINISTRATOR)
        _tell(site, site.readmit(meter, reason), wait, f"What the quarantine of {meter} has held back is settled now.")


@app.command()
def exchange(
    directory: Directory,
    old: Annotated[str, typer.Argument(help="The meter that is taken out.")],
    identity: Annotated[Path, typer.Argument(help="What the new meter prints with --identity.")],
    token: Annotated[str, typer.Option(help="The operator's token for the new meter.")],
    opening: Annotated[tuple[int, int], typer.Option(help="What the new meter shows: import and export, Wh.")],
    closing: Annotated[
        tuple[int, int] | None, typer.Option(help="What the old one shows; without it, what it has certified last.")
    ] = None,
    at: Annotated[datetime | None, typer.Option(help="When it was done, UTC; without it, now.")] = None,
    wait: Wait = 5,
    yes: Yes = False,
) -> None:
    """Let another meter go on at a metering point: account and bills stay, the registers join, the old key ends."""
    with plainly():
        site = site_of_caller(directory, Role.ADMINISTRATOR)
        number, certified = _certified(site, old)
        time = now() if at is None else int(at.replace(tzinfo=UTC).timestamp())
        takeover = Takeover(old, closing or certified, opening, time)
        if not yes:
            more = [after - before for before, after in zip(certified, takeover.closing, strict=True)]
            typer.echo(f"{old} shows {_energy(takeover.closing)}, that is {_energy(more)} more than certificate {number} says.")
            typer.echo(f"The new meter begins with {_energy(opening)} at {datetime.fromtimestamp(time, UTC):%F %T} UTC.")
            typer.confirm(f"The key of {old} will never certify again. Is this right?", abort=True)
        tell_answer(site, site.apply(identity.read_bytes(), token, takeover), wait)


@app.command()
def commission(
    directory: Directory,
    acceptance: Annotated[Path, typer.Argument(help="What the technician saw, as JSON.")],
    wait: Wait = 5,
) -> None:
    """Put on record what a technician saw when a meter was accepted."""
    with plainly():
        site = Site(directory)
        site.settings()
        _tell(site, site.commission(acceptance.read_bytes()), wait, "It is on the ledger: `skerry ledger show` prints it.")


def _certified(site: Site, meter: str) -> tuple[int, tuple[int, int]]:
    """Number and closing registers of the meter's newest certificate, or of what it gave up. SiteError if there is none."""
    state = State(Archive(site.ledger).state(), site.settings().site)
    number, last = newest(state, meter)
    if last is None:
        raise SiteError(f"{meter} has certified nothing yet: enrol the new meter by itself")
    return number, last.closing


def _energy(registers: list[int] | tuple[int, int]) -> str:
    return f"{registers[0]} Wh import and {registers[1]} Wh export"


def _tell(site: Site, name: str, wait_s: float, done: str) -> None:
    """Wait for the gateway to carry the order out, and say so. SiteError with the reason if it refuses."""
    until = monotonic() + wait_s
    while (found := progress.find(site, name)) and found.stage is Stage.WAITING and monotonic() < until:
        sleep(POLL_S)
    if found is not None and found.stage is Stage.REFUSED:
        raise SiteError(found.reason)
    typer.echo(done if found is not None and found.stage is Stage.DONE else "The order waits for the gateway.")
