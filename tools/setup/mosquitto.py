"""The broker mosquitto where it may be installed; skerry has amqtt where not."""

from tools.setup import apt
from tools.setup.system import SetupError, say, which

# The package starts a broker on port 1883 and at every boot. Nobody asked for that one: skerry starts its own.
# policy-rc.d is Debian's way to forbid the start; a machine that already has one has decided for itself.
INSTALL_WITHOUT_SERVICE = """\
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\\nexit 101\\n' > "$policy"
    chmod 755 "$policy"
fi
{install}
if command -v systemctl > /dev/null; then systemctl --quiet disable mosquitto.service; fi
"""


def ensure() -> None:
    """Install mosquitto without its system service, or say which broker serves instead."""
    if which("mosquitto"):
        return
    try:
        apt.install(["mosquitto"], INSTALL_WITHOUT_SERVICE)
    except SetupError as error:
        say(f"no mosquitto, so skerry uses its embedded broker, amqtt: {error}")
        return
    say("mosquitto's system service stays off: skerry starts a broker of its own while it runs")
