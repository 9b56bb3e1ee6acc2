"""`skerry gateway recharge|recover|command`: what the running gateway is to do."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ..core.api_key import Role
from ..core.bulk import HOLD_S
from ..core.command_words import micro_tokens
from ..core.dispatch import GRACE_S
from ..core.view import Outcome
from ..site import Site, SiteError
from .conventions import POLL_S, AsJson, Directory, plainly, site_of_caller

app = typer.Typer()


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
    with plainly():
        site = site_of_caller(directory, Role.ADMINISTRATOR if kind == "recovery" else Role.OPERATOR)
        used = site.order(kind, account, micro_tokens(tokens), reference).reference
        typer.echo(f"Ordered: {kind} of {tokens} tokens, account {account}, reference {used}. The gateway carries it out.")


@app.command("command")
def command_meter(
    directory: Directory,
    meter: Annotated[str, typer.Argument(help="The meter's name.")],
    words: Annotated[list[str], typer.Argument(help="relay open|close, limit W S, credit add TOKENS, log, ...")],
    valid: Annotated[int, typer.Option(min=1, max=604800, help="Seconds in which the meter may still obey.")] = 60,
    as_json: AsJson = False,
) -> None:
    """Command a meter, and wait for its signed answer. Ctrl-C ends the waiting, not the command."""
    with plainly():
        site = site_of_caller(directory)
        outcome = _wait(site, meter, site.command(meter, words, valid), valid)
    typer.echo(json.dumps(asdict(outcome)) if as_json else _told(outcome))
    if outcome.result != "done":
        raise typer.Exit(1)


def _wait(site: Site, meter: str, name: str, valid_s: int) -> Outcome:
    """The outcome of order ``name``; overdue if the gateway does not say one either. SiteError if it refused the order."""
    patience = valid_s + GRACE_S + POLL_S * 10
    end, is_told = time.monotonic() + patience, False
    while (outcome := site.outcomes.of(name)) is None:
        refusal = site.refusal(name)
        if refusal is not None:
            raise SiteError(refusal)
        if not is_told and site.is_held(name):
            typer.echo(f"{meter}: a second person has to approve this: skerry gateway approve {site.root} {name}", err=True)
            end, is_told = end + HOLD_S, True
        if time.monotonic() > end:
            return Outcome(name, meter, "overdue", reason="the gateway has not said anything")
        time.sleep(POLL_S)
    return outcome


def _told(outcome: Outcome) -> str:
    """The outcome for people."""
    after = [f"contact {outcome.contact}"] if outcome.contact else []
    after += [f"{outcome.power_w} W"] if outcome.power_w is not None else []
    lines = [f"{outcome.meter}: {', '.join([outcome.result, *after])}" + (f" ({outcome.reason})" if outcome.reason else "")]
    lines += [f"event {outcome.event}"] if outcome.event else []
    return "\n".join(lines + ([outcome.log.rstrip()] if outcome.log else []))
