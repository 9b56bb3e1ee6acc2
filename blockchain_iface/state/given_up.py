"""Certificates that a meter has given up without receipt, its flash being full: billed by the registers that it says.

The energy between two registers is known, so it is covered as by one certificate without a profile. What was on the ledger
before is left out of that, and what comes after all adds nothing.
"""

from firmware.wire.gap import Gap

from .measurement import cover
from .records import Chain, GapFact
from .state import Refused, State


def apply_gap(state: State, meter: str, gap: Gap) -> None:
    """Cover what certificates of ``gap`` would have told and are not here. What was given up before is passed over."""
    known = state.given_up.get(meter) or ()
    if any(gap.first <= other.last and other.first <= gap.last for other in known):
        return
    if gap.last >= state.keys[state.meters[meter].kid].certificates[1]:
        raise Refused(f"certificate {gap.last} is not the meter's to give up: its key was revoked, or it was taken out")
    chain = state.chains.get(meter) or Chain()
    fact = GapFact(gap.first, gap.last, gap.t0, gap.end, gap.opening, gap.closing)
    neighbours = [number for number in (fact.first - 1, fact.last + 1) if chain.holds(number)]
    if not all(fact.joins(number, state.certificates[meter, number]) for number in neighbours):
        raise Refused("broken chain: the gap does not meet the certificates beside it")
    point = state.meters[meter].point
    for first, last in _runs(chain, fact):
        start, opening = (fact.t0, fact.opening) if first == fact.first else _end(state, meter, first - 1)
        end, closing = (fact.end, fact.closing) if last == fact.last else _start(state, meter, last + 1)
        imported, exported = closing[0] - opening[0], closing[1] - opening[1]
        if start >= end or min(imported, exported) < 0:
            raise Refused("broken chain: the gap contradicts the certificates in it")
        cover(state, point, [(start, end, imported, exported)])
    state.given_up.put(meter, (*known, fact))


def missing(state: State, meter: str) -> tuple[tuple[int, int], ...]:
    """The certificates that may still come: (first, last) of each gap in what is here, without what was given up."""
    pieces = (state.chains.get(meter) or Chain()).gaps
    for fact in state.given_up.get(meter) or ():
        left = [(first, min(last, fact.first - 1)) for first, last in pieces]
        right = [(max(first, fact.last + 1), last) for first, last in pieces]
        pieces = tuple(sorted((first, last) for first, last in left + right if first <= last))
    return pieces


def _runs(chain: Chain, fact: GapFact) -> list[tuple[int, int]]:
    """(first, last) of each stretch of the gap that is not here."""
    absent = (*chain.gaps, (chain.highest + 1, fact.last))
    runs = [(max(first, fact.first), min(last, fact.last)) for first, last in absent]
    return [(first, last) for first, last in runs if first <= last]


def _start(state: State, meter: str, number: int) -> tuple[int, tuple[int, int]]:
    fact = state.certificates[meter, number]
    return fact.t0, fact.opening


def _end(state: State, meter: str, number: int) -> tuple[int, tuple[int, int]]:
    fact = state.certificates[meter, number]
    return fact.end, fact.closing
