"""Command line of the gateway: `skerry gateway`, or `python -m gateway`."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import structlog
import typer

from blockchain_iface.document import EvidenceError
from blockchain_iface.engines.opening import Engine
from blockchain_iface.ledger import LedgerError

from . import updating
from .adapters.broker import BrokerError
from .adapters.keystore import KeyFileError
from .adapters.orders import OrderError
from .adapters.registry import RegistryError
from .adapters.releases import ReleaseError
from .adapters.settings import SettingsError
from .core.centre import OtherSite
from .core.command_words import WordsError, micro_tokens
from .core.dispatch import GRACE_S
from .core.view import Outcome
from .service import AlreadyRunning, run
from .site import Site, SiteError
from .witness import witness

app = typer.Typer(no_args_is_help=True, add_completion=False)

_POLL_S = 0.1
_EXPECTED = (
    AlreadyRunning,
    BrokerError,
    EvidenceError,
    KeyFileError,
    LedgerError,
    OSError,
    OrderError,
    OtherSite,
    RegistryError,
    ReleaseError,
    SettingsError,
    SiteError,
    WordsError,
)

Directory = Annotated[Path, typer.Argument(help="The site's directory.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Role(StrEnum):
    """What a meter measures. The feeder is the island's boundary and has no account."""

    WIND = "wind"
    HOUSE = "house"
    STORAGE = "storage"
    LOAD = "load"
    FEEDER = "feeder"


@app.callback()
def gateway() -> None:
    """Run a site's shadow centre, and enrol meters in it."""


@contextmanager
def _plainly() -> Iterator[None]:
    """An expected error is one sentence and exit status 1; anything else is a defect and shows where."""
    try:
        yield
    except _EXPECTED as error:
        typer.echo(f"gateway: {error}", err=True)
        raise typer.Exit(1) from None


@app.command()
def init(
    directory: Directory,
    site: Annotated[str, typer.Option(help="The site's name: 1 to 32 of a-z, 0-9 and -.")],
    interval: Annotated[int, typer.Option(min=1, max=86400, help="Seconds that are settled at once.")] = 10,
    deadline: Annotated[int | None, typer.Option(min=1, help="Seconds a silent meter may hold up the others.")] = None,
) -> None:
    """Begin a new site."""
    with _plainly():
        Site(directory).create(site, interval, deadline or 3 * interval)
        typer.echo(f"Site {site} begins in {directory}. Its tariff is in {directory / 'site.toml'}: the first run fixes it.")


@app.command()
def token(
    directory: Directory,
    meter: Annotated[str, typer.Argument(help="The meter's name.")],
    name: Annotated[str | None, typer.Option(help="What people call the meter.")] = None,
    role: Annotated[Role | None, typer.Option(help="What it measures.")] = None,
    place: Annotated[str | None, typer.Option(help="Where it is.")] = None,
) -> None:
    """Print a token by which a meter may be enrolled, once and within 15 minutes; for one that is, to renew its certificate."""
    with _plainly():
        typer.echo(Site(directory).token(meter, name, role.value if role else None, place))


@app.command()
def enrol(
    directory: Directory,
    identity: Annotated[Path, typer.Argument(help="What the meter prints with --identity.")],
    token: Annotated[str, typer.Option(help="The operator's token for this meter.")],
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the gateway's answer.")] = 5,
) -> None:
    """Hand a meter's identity and its token to the gateway, and say where its answer lies."""
    with _plainly():
        site = Site(directory)
        site.settings()
        application = site.apply(identity.read_bytes(), token)
        until = time.monotonic() + wait
        while (answer := site.answer(application)) is None and time.monotonic() < until:
            time.sleep(_POLL_S)
        if answer is None:
            typer.echo(f"{application} waits for the gateway.")
        else:
            typer.echo(f"{application.stem} is enrolled. Carry {answer} to the meter.")


@app.command()
def revoke(directory: Directory, meter: Annotated[str, typer.Argument(help="The meter's name.")]) -> None:
    """Shut the broker's door to a meter, at once. What it has certified stays on the ledger."""
    with _plainly():
        site = Site(directory)
        site.settings()
        count = site.revoke(meter)
        typer.echo(f"{count} certificates of {meter} are revoked. A new token lets it in again.")


@app.command()
def recharge(
    directory: Directory,
    account: Annotated[str, typer.Argument(help="A meter's name, @grid or @subsidy.")],
    tokens: Annotated[str, typer.Argument(help="How many, with up to six decimals.")],
    reference: Annotated[str | None, typer.Option(help="The receipt's number; an order counts once a reference.")] = None,
) -> None:
    """Bring tokens into an account."""
    _order(directory, "recharge", account, tokens, reference)


@app.command()
def recover(
    directory: Directory,
    account: Annotated[str, typer.Argument(help="A meter's name, @grid or @subsidy.")],
    tokens: Annotated[str, typer.Argument(help="How many, with up to six decimals.")],
    reference: Annotated[str | None, typer.Option(help="The payment's number; an order counts once a reference.")] = None,
) -> None:
    """Take tokens out of an account, to be paid out."""
    _order(directory, "recovery", account, tokens, reference)


def _order(directory: Path, kind: str, account: str, tokens: str, reference: str | None) -> None:
    with _plainly():
        site = Site(directory)
        site.settings()
        used = site.order(kind, account, micro_tokens(tokens), reference)
        typer.echo(f"Ordered: {kind} of {tokens} tokens, account {account}, reference {used}. The gateway carries it out.")


@app.command()
def cosign(
    directory: Directory,
    checkpoint: Annotated[Path, typer.Argument(help="Another ledger's head, from `skerry ledger checkpoint`.")],
    out: Annotated[Path | None, typer.Option(help="Where to write it; without it, over the one given.")] = None,
) -> None:
    """Vouch for another ledger's head, if it goes on from the one this gateway vouched for last."""
    with _plainly():
        signed = witness(Site(directory), checkpoint.read_bytes(), int(time.time()))
        target = out or checkpoint
        target.write_bytes(signed.to_json().encode() if target.suffix == ".json" else signed.to_cbor())
        typer.echo(f"Cosigned: {target}. The next one must go on from it: hand it to `skerry ledger checkpoint --since`.")


@app.command("command")
def command_meter(
    directory: Directory,
    meter: Annotated[str, typer.Argument(help="The meter's name.")],
    words: Annotated[list[str], typer.Argument(help="relay open|close, limit W S, credit add TOKENS, log, ...")],
    valid: Annotated[int, typer.Option(min=1, max=604800, help="Seconds in which the meter may still obey.")] = 60,
    as_json: AsJson = False,
) -> None:
    """Command a meter, and wait for its signed answer. Ctrl-C ends the waiting, not the command."""
    with _plainly():
        outcome = _wait(Site(directory), meter, Site(directory).command(meter, words, valid), valid)
    typer.echo(json.dumps(asdict(outcome)) if as_json else _told(outcome))
    if outcome.result != "done":
        raise typer.Exit(1)


def _wait(site: Site, meter: str, name: str, valid_s: int) -> Outcome:
    """The outcome of order ``name``; overdue if the gateway does not say one either. SiteError if it refused the order."""
    end = time.monotonic() + valid_s + GRACE_S + _POLL_S * 10
    while (outcome := site.outcomes.of(name)) is None:
        refusal = site.refusal(name)
        if refusal is not None:
            raise SiteError(refusal)
        if time.monotonic() > end:
            return Outcome(name, meter, "overdue", reason="the gateway has not said anything")
        time.sleep(_POLL_S)
    return outcome


def _told(outcome: Outcome) -> str:
    """The outcome for people."""
    after = [f"contact {outcome.contact}"] if outcome.contact else []
    after += [f"{outcome.power_w} W"] if outcome.power_w is not None else []
    lines = [f"{outcome.meter}: {', '.join([outcome.result, *after])}" + (f" ({outcome.reason})" if outcome.reason else "")]
    lines += [f"event {outcome.event}"] if outcome.event else []
    return "\n".join(lines + ([outcome.log.rstrip()] if outcome.log else []))


@app.command()
def update(
    directory: Directory,
    release: Annotated[Path, typer.Argument(help="The release: an archive of `python -m tools.release`.")],
    meters: Annotated[list[str], typer.Argument(help="The meters that are to run it.")],
) -> None:
    """Have meters run another release, and show what they say of it. Ctrl-C ends the showing only."""
    with _plainly():
        site = Site(directory)
        after = updating.newest(site)
        version = site.update(release.read_bytes(), meters)
        typer.echo(f"Version {version} is offered to {', '.join(meters)} as soon as the gateway and they are there.")
        for line in updating.follow(site, meters, after):
            typer.echo(line)
        inbox = site.updates
        refused = [f"{meter}: {reason}" for meter in meters if (reason := inbox.reason(inbox.path(meter)))]
        if refused:
            raise SiteError(f"not updated: {'; '.join(refused)}")


@app.command("run")
def run_gateway(
    directory: Directory,
    engine: Annotated[Engine | None, typer.Option(help="What orders the ledger's entries, if not as site.toml says.")] = None,
) -> None:
    """Run the gateway until Ctrl-C."""
    from .dashboard.page import serve  # noqa: PLC0415 - takes a second to load, and only this command needs it

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    with _plainly():
        run(directory, serve, engine)


@app.command()
def status(directory: Directory, as_json: AsJson = False) -> None:
    """Say whether the gateway runs, and where it answers."""
    with _plainly():
        running = Site(directory).status()
    if as_json:
        typer.echo(json.dumps(running))
    elif running["running"]:
        broker = running["broker"]
        typer.echo(
            f"The gateway runs: dashboard {running['dashboard']}, {broker['kind']} on {broker['host']}:{broker['port']}."
        )
    else:
        typer.echo("The gateway does not run.")
