"""The unit of one site: the shipped one with this site's place, its owner and the program that is running now."""

import sys
from pathlib import Path

from ..site import Site

SHIPPED = Path(__file__).with_name("skerry@.service")
_PROGRAM, _PLACE, _USER = "/opt/skerry/.venv/bin/skerry", "/var/lib/skerry/%i", "User=skerry"


def unit(site: Site) -> str:
    """The text of the unit. SettingsError; FileNotFoundError without a site."""
    settings, root = site.settings(), site.root.resolve()
    standby = [Path(settings.standby.directory)] if settings.standby else []
    places = " ".join(map(_quoted, (root, *standby)))
    text = SHIPPED.read_text()
    text = text.replace(f"ReadWritePaths={_PLACE}", f"ReadWritePaths={places}")
    text = text.replace(f"RequiresMountsFor={_PLACE}", f"RequiresMountsFor={places}")
    text = text.replace(f"{_PROGRAM} gateway run {_PLACE}", f"{_program()} run {_quoted(root)}")
    return text.replace(_USER, f"User={root.owner()}").replace("gateway of %i", f"gateway of {settings.site}")


def _program() -> str:
    """The command line of `skerry gateway`."""
    skerry = Path(sys.executable).with_name("skerry")
    return f"{_quoted(skerry)} gateway" if skerry.exists() else f"{_quoted(Path(sys.executable))} -m gateway"


def _quoted(path: Path) -> str:
    """As systemd.syntax(7) wants it."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text}"'
