"""The broker mosquitto where it may be installed; skerry has amqtt where not."""

from tools.setup import apt
from tools.setup.system import SetupError, say, which


def ensure() -> None:
    """Install mosquitto without its system service, or say which broker serves instead."""
    if which("mosquitto"):
        return
    try:
        # its own would take port 1883, and start at every boot: skerry starts one of its own
        apt.install(["mosquitto"], without_service="mosquitto")
    except SetupError as error:
        say(f"no mosquitto, so skerry uses its embedded broker, amqtt: {error}")
        return
    say("mosquitto's system service stays off: skerry starts a broker of its own while it runs")
