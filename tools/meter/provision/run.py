"""A board is given its configuration, and asked for the key that it makes for itself."""

import json
from dataclasses import dataclass

from firmware.wire import cose, enrolment
from firmware.wire.fields import WireError

from ..board import BoardError
from ..install.run import Reached, prepare, send

ENROLLED, ASKING = "/config.json", "/asking.json"
"""Where a board has its configuration, and where it lies while its key is fetched: nothing starts with that one."""
_IDENTITY = """\
import sys
sys.path.insert(0, {root!r})
from firmware.main import main
print(main(["--identity", {config!r}]))
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a meter is enrolled by: `document` is for the gateway; people compare the `fingerprint` of its `public` key."""

    meter: str
    public: str
    fingerprint: str
    document: str


def provision(board: Reached, config: bytes, enrolled: bool, root: str = "") -> Identity:
    """Put the configuration on the board, wholly or not at all, and have it make its key; who it is then.

    Only an enrolled meter keeps it: another one would begin its record before anybody knows it.
    Raises BoardError: the board is gone, has no application, or does not take the configuration.
    """
    path = root + (ENROLLED if enrolled else ASKING)
    prepare(board)
    for _ in send(board, path, config):
        pass
    try:
        return identity(board, path, root)
    finally:
        if not enrolled:
            board.run(f"os.remove({path!r})")


def identity(board: Reached, config: str, root: str = "") -> Identity:
    """The identity that the board makes on first use, with the configuration at this path; the secret stays there.

    Raises BoardError: there is no application on the board, or it does not take the configuration.
    """
    said = board.run(_IDENTITY.format(root=root or "/", config=config)).strip().splitlines()
    if len(said) < 2 or said[-1] != "0":
        raise BoardError(f"the meter makes no key: {' '.join(said[:-1]) or 'it says nothing'}. `skerry meter install` first?")
    try:
        document = json.loads(said[-2])
        statement = cose.parse(bytes.fromhex(document["request"]), enrolment.MAX_SIZE)
    except (ValueError, KeyError, WireError) as error:
        raise BoardError(f"the meter's identity cannot be read ({error}): install this version of the application") from None
    return Identity(document["meter"], document["public"], statement.kid.hex(), said[-2])
