"""promtool, which checks what /metrics says; only a test needs it."""

from tools.setup import apt
from tools.setup.system import SetupError, say, which


def promtool() -> str | None:
    """Its path, or None."""
    return which("promtool")


def ensure() -> None:
    """Install Debian's prometheus without its system service, or say that its check is left out."""
    if promtool():
        return
    try:
        apt.install(["prometheus"], without_service="prometheus")
    except SetupError as error:
        say(f"no promtool, so the test of /metrics with it is left out: {error}")
