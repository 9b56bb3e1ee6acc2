"""Those who mean harm, as processes."""

import json
import shutil
import sys

from ..faults.adversary import Clone, Flood, Fork
from .island import Island, Meter
from .processes import ROOT, Child, run

_PATIENCE_S = 30.0

AnyAdversary = Clone | Flood | Fork


class Adversaries:
    """Whoever is about; `begin` and `end` by fault."""

    def __init__(self, island: Island) -> None:
        self._island = island
        self._about: dict[AnyAdversary, list[Child]] = {}

    def begin(self, fault: AnyAdversary) -> None:
        """Let them loose."""
        children = self._children(fault)
        for child in children:
            child.start()
        self._about[fault] = children

    def end(self, fault: AnyAdversary) -> None:
        """Take them away."""
        for child in self._about.pop(fault, []):
            child.kill()
        if isinstance(fault, Fork):
            self._island.gateway.start()

    def _children(self, fault: AnyAdversary) -> list[Child]:
        if isinstance(fault, Flood):
            return [self._flood()]
        if isinstance(fault, Fork):
            return [self._fork()]
        return [self._clone(name) for name in self._island.meters if fault.hits(name)]

    def _fork(self) -> Child:
        """A gateway on a copy of the site, in the place of the real one."""
        layout = self._island.layout
        self._island.gateway.kill()
        copy = layout.root / "fork"
        # not by this process: SQLite, by which it reads along, loses its locks when another descriptor of the file is closed
        run("the site cannot be copied", ["cp", "-a", str(layout.site.root), str(copy)], ROOT, _PATIENCE_S)
        return Child("fork", [sys.executable, "-m", "gateway", "run", str(copy)], layout.log("fork"), ROOT)

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
