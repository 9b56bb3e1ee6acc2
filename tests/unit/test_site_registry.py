"""registry.json as people edit it: every mistake has its line, and nothing they wrote is lost."""

import os
from pathlib import Path

import pytest

from gateway.adapters import files
from gateway.adapters.registry import Registry, RegistryError, Unit

WHOLE = """\
{
  "_default": {
    "1": {
      "meter": "wind-1",
      "name": "Wind turbine 1",
      "role": "wind",
      "place": "north hill"
    },
    "2": {"meter": "house-1", "name": "S\u00f8ren's", "role": "house"}
  }
}
"""


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    (tmp_path / "registry.json").write_text(WHOLE, "utf-8")
    return Registry(tmp_path / "registry.json")


def test_what_people_wrote_is_read_and_kept(registry: Registry, tmp_path: Path) -> None:
    assert registry.units()["house-1"] == Unit(meter="house-1", name="S\u00f8ren's", role="house")
    registry.put(Unit.of("pile", "Pile", "load", ""))
    assert list(registry.units()) == ["wind-1", "house-1", "pile"]
    assert "S\u00f8ren's" in (tmp_path / "registry.json").read_text("utf-8")
    registry.put(Unit.of("wind-1", "Wind", "wind", ""))
    assert registry.units()["wind-1"].name == "Wind"
    assert len(registry.units()) == 3


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"role": "wind"', '"role": "wnd"', "line 6: role: Input should be 'wind', 'house', 'storage', 'load' or 'feeder'"),
        ('"role": "wind"', '\t"role": "wnd"', "line 6: role: Input should be 'wind'"),
        ('"place"', '"plaze"', "line 7: plaze: Extra inputs are not permitted"),
        ('      "name": "Wind turbine 1",\n', "", "line 3: name: Field required"),
        ('"meter": "wind-1"', '"meter": "Wind 1"', "line 4: meter: String should match pattern"),
        ("S\u00f8ren's", "", "line 9: name: String should have at least 1 character"),
        ('"role": "wind",', '"role": "wind"', "line 7: this is no JSON: Expecting ',' delimiter"),
        ('"2":', '"1":', 'line 9: "1" is here for the second time'),
        ('"meter": "house-1"', '"meter": "wind-1"', "line 9: meter: wind-1 is here for the second time"),
        ('"2":', '"two":', "line 9: two: String should match pattern"),
        ('"_default"', '"units"', "line 2: units: Extra inputs are not permitted"),
        (WHOLE, "[]", "line 1: registry: Input should be a valid dictionary"),
        (WHOLE, "", "line 1: this is no JSON: Expecting value"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(registry: Registry, tmp_path: Path, old: str, new: str, complaint: str) -> None:
    path = tmp_path / "registry.json"
    path.write_text(WHOLE.replace(old, new, 1), "utf-8")
    with pytest.raises(RegistryError) as error:
        registry.units()
    assert f"{path}: {complaint}" in str(error.value)
    before = path.read_bytes()
    with pytest.raises(RegistryError):
        registry.put(Unit.of("pile", "Pile", "load", ""))
    assert path.read_bytes() == before


def test_a_power_cut_while_writing_leaves_the_old_file(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", power_cut)
    with pytest.raises(KeyboardInterrupt):
        registry.put(Unit.of("pile", "Pile", "load", ""))
    monkeypatch.undo()
    assert (tmp_path / "registry.json").read_text("utf-8") == WHOLE
    registry.put(Unit.of("pile", "Pile", "load", ""))
    assert len(registry.units()) == 3
    assert files.version(tmp_path / "registry.json") == registry.version()
