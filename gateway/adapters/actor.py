"""Who orders something: a person at this computer, or the holder of an API key."""

import os
import pwd
from pathlib import Path
from typing import NamedTuple

CONSOLE = "console"
"""The role of whoever has an account on the gateway's computer that may write to the site's directory."""
_LOGIN = Path("/proc/self/loginuid")
_UNSET = (1 << 32) - 1


class Actor(NamedTuple):
    """``name`` is a person's, or the id of an API key; 1 to 64 bytes of UTF-8. ``role`` is in ASCII."""

    name: str
    role: str


def at_the_keyboard() -> Actor:
    """The operating system's user who runs this process: as they have logged in, whatever sudo has made of them since."""
    uid = _logged_in()
    try:
        return Actor(pwd.getpwuid(uid).pw_name, CONSOLE)
    except KeyError:
        return Actor(f"uid {uid}", CONSOLE)


def _logged_in() -> int:
    try:
        uid = int(_LOGIN.read_text())
    except (OSError, ValueError):
        uid = _UNSET
    return os.getuid() if uid == _UNSET else uid
