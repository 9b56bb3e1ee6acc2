"""Those who mean harm, as processes."""

import json
import shutil
import sys

from ..faults.adversary import Clone, Flood
from .island import Island, Meter
from .processes import ROOT, Child


class Adversaries:
    """Whoever is about; `begin` and `end` by fault."""

    def __init__(self, island: Island) -> None:
        self._island = island
        self._about: dict[Clone | Flood, list[Child]] = {}

    def begin(self, fault: Clone | Flood) -> None:
        """Let them loose."""
        children = [self._flood()] if isinstance(fault, Flood) else [self._clone(name) for name in self._named(fault)]
        for child in children:
            child.start()
        self._about[fault] = children

    def end(self, fault: Clone | Flood) -> None:
        """Take them away."""
        for child in self._about.pop(fault, []):
            child.kill()

    def _named(self, fault: Clone) -> list[str]:
        return [name for name in self._island.meters if fault.hits(name)]

    def _flood(self) -> Child:
        layout = self._island.layout
        command = [sys.executable, "-m", "hil.bench.flood", str(layout.site.settings().broker.port)]
        return Child("flood", command, layout.log("flood"), ROOT)

    def _clone(self, name: str) -> Child:
        """A meter that runs from a copy of another's flash, and reads the same device."""
        layout = self._island.layout
        clone = f"{name}.clone"
        shutil.copyfile(layout.flash(name), layout.flash(clone))
        document = json.loads(layout.config(name).read_text()) | {"flash": layout.flash(clone).name}
        layout.config(clone).write_text(json.dumps(document))
        layout.config(clone).chmod(0o600)
        return Meter(clone, layout, self._island.target)
