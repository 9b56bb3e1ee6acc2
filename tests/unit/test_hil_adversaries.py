"""Who is let loose on an island, and that everybody is gone afterwards. Processes are fakes; files are not."""

import json
from pathlib import Path
from typing import Any

import pytest

from hil.bench import adversaries
from hil.bench.adversaries import Adversaries
from hil.bench.commissioning import Layout
from hil.faults.adversary import Clone, Flood, Fork


class FakeChild:
    def __init__(self, name: str) -> None:
        self.name = name
        self.runs = True

    def start(self) -> None:
        self.runs = True

    def kill(self) -> None:
        self.runs = False


class FakeIsland:
    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.target = None
        self.gateway = FakeChild("gateway")
        self.meters = dict.fromkeys(("wind-1", "home-1"))


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[FakeIsland, Adversaries, dict[str, FakeChild]]:
    """An island with a site and a meter's files, its adversaries, and the children that they have started."""
    layout = Layout(tmp_path / "run")
    layout.create()
    layout.site.create("isle", 5, 10)
    layout.flash("wind-1").write_bytes(b"keys and all")
    layout.config("wind-1").write_text(json.dumps({"meter": "wind-1", "flash": "wind-1.flash"}))
    children: dict[str, FakeChild] = {}

    def made(name: str, *_: object) -> FakeChild:
        return children.setdefault(name, FakeChild(name))

    monkeypatch.setattr(adversaries, "Child", made)
    monkeypatch.setattr(adversaries, "Meter", made)
    island: Any = FakeIsland(layout)
    return island, Adversaries(island), children


def test_a_clone_has_everything_but_the_flash_itself(
    started: tuple[FakeIsland, Adversaries, dict[str, FakeChild]],
) -> None:
    island, loose, children = started
    clone = Clone(on="adversary", kind="clone", of="wind-*", at_s=0, for_s=1)
    loose.begin(clone)
    assert list(children) == ["wind-1.clone"]
    document = json.loads(island.layout.config("wind-1.clone").read_text())
    assert document == {"meter": "wind-1", "flash": "wind-1.clone.flash"}
    assert island.layout.flash("wind-1.clone").read_bytes() == b"keys and all"
    loose.end(clone)
    assert not children["wind-1.clone"].runs


def test_a_fork_takes_the_gateways_place_and_gives_it_back(
    started: tuple[FakeIsland, Adversaries, dict[str, FakeChild]],
) -> None:
    island, loose, children = started
    fork = Fork(on="adversary", kind="fork", of="gateway", at_s=0, for_s=1)
    loose.begin(fork)
    assert (island.gateway.runs, children["fork"].runs) == (False, True)
    assert (island.layout.root / "fork" / "site.toml").read_bytes() == (island.layout.site.root / "site.toml").read_bytes()
    loose.end(fork)
    assert (island.gateway.runs, children["fork"].runs) == (True, False)


def test_a_flood_comes_and_goes(started: tuple[FakeIsland, Adversaries, dict[str, FakeChild]]) -> None:
    island, loose, children = started
    flood = Flood(on="adversary", kind="flood", of="broker", at_s=0, for_s=1)
    loose.begin(flood)
    assert children["flood"].runs
    loose.end(flood)
    assert not children["flood"].runs
    assert island.gateway.runs
