"""Where a key that replaces another one begins to sign, the other one ends."""

from .records import NEVER, Key
from .state import State


def begin(state: State, key: Key, certificate: int = NEVER, event: int = NEVER) -> None:
    """``key`` has signed ``certificate``, or ``event``: all that it replaces sign nothing from there on."""
    kid = key.replaces
    while kid is not None:
        old = state.keys[kid]
        short = old.until(certificate, event)
        if short == old:
            return  # so has whatever it replaced
        state.keys.put(kid, short)
        kid = old.replaces
