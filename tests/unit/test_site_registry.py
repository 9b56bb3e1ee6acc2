"""registry.json as people edit it: every mistake has its line, and nothing they wrote is lost."""

import os
from pathlib import Path

import pytest

from gateway.adapters import files
from gateway.adapters.registry import Registry, RegistryError, row_of
from gateway.adapters.registry_rows import Contact, Tariff, Unit

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


PILE = row_of(Unit, meter="pile", name="Pile", role="load")
FULL = """\
{
  "_default": {
    "1": {"meter": "wind-1", "name": "Wind turbine 1", "role": "wind"},
    "2": {"meter": "house-1", "name": "House 1", "role": "house"}
  },
  "contacts": {
    "1": {
      "contact": "s-lund",
      "name": "S\u00f8ren Lund",
      "phone": "+45 20 12 34 56",
      "mail": "soren@isle.example",
      "meters": [
        "house-1",
        "wind-1"
      ]
    }
  },
  "tariffs": {
    "1": {"tariff": "basic", "name": "Basic", "valid_from": "2026-01-01", "valid_until": "2027-01-01", "meters": ["house-1"]},
    "2": {
      "tariff": "basic-27",
      "name": "Basic 2027",
      "valid_from": "2027-01-01",
      "meters": ["house-1"],
      "prices": {"grid_price": 320000}
    }
  }
}
"""
PRICES = {"feed_in": 80_000, "price_min": 100_000, "price_max": 300_000, "grid_price": 320_000}


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    (tmp_path / "registry.json").write_text(WHOLE, "utf-8")
    return Registry(tmp_path / "registry.json")


def test_what_people_wrote_is_read_and_kept(registry: Registry, tmp_path: Path) -> None:
    assert registry.units()["house-1"] == Unit(meter="house-1", name="S\u00f8ren's", role="house")
    registry.put(PILE)
    assert list(registry.units()) == ["wind-1", "house-1", "pile"]
    assert "S\u00f8ren's" in (tmp_path / "registry.json").read_text("utf-8")
    registry.put(row_of(Unit, meter="wind-1", name="Wind", role="wind"))
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
        registry.put(PILE)
    assert path.read_bytes() == before


def test_a_power_cut_while_writing_leaves_the_old_file(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", power_cut)
    with pytest.raises(KeyboardInterrupt):
        registry.put(PILE)
    monkeypatch.undo()
    assert (tmp_path / "registry.json").read_text("utf-8") == WHOLE
    registry.put(PILE)
    assert len(registry.units()) == 3
    assert files.version(tmp_path / "registry.json") == registry.version()


@pytest.fixture
def full(tmp_path: Path) -> Registry:
    (tmp_path / "registry.json").write_text(FULL, "utf-8")
    return Registry(tmp_path / "registry.json", lambda: PRICES)


def test_contacts_and_tariffs_are_read_and_kept(full: Registry, tmp_path: Path) -> None:
    lund = full.book().contacts["s-lund"]
    assert (lund.name, lund.phone, lund.meters) == ("S\u00f8ren Lund", "+45 20 12 34 56", ["house-1", "wind-1"])
    assert full.book().tariffs["basic-27"].valid_from.isoformat() == "2027-01-01"
    full.put(row_of(Contact, contact="ida", name="Ida", mail="ida@isle.example", meters=["wind-1"]))
    full.put(row_of(Tariff, tariff="feed", name="Feed-in", valid_from="2026-05-01", meters=["wind-1"]))
    full.put(PILE)
    full.remove(Contact, "s-lund")
    again = Registry(tmp_path / "registry.json").book()
    assert (list(again.contacts), list(again.tariffs), len(again.units)) == (["ida"], ["basic", "basic-27", "feed"], 3)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("+45 20", "forty five", "line 10: phone: String should match pattern"),
        ("soren@", "soren at ", "line 11: mail: String should match pattern"),
        (
            '"house-1",\n        "wind-1"',
            '"house-1",\n        "wind-2"',
            "line 14: meters: wind-2 is no meter of this registry",
        ),
        ('"house-1",\n        "wind-1"', '"house-1",\n        3', "line 14: meters: Input should be a valid string"),
        ('"meters": [\n', '"meter": [\n', "line 12: meter: Extra inputs are not permitted"),
        (
            '"valid_until": "2027-01-01"',
            '"valid_until": "2026-01-01"',
            "line 19: valid_until: basic would end before it begins",
        ),
        (
            '"valid_until": "2027-01-01"',
            '"valid_until": "2027-01-02"',
            "line 23: valid_from: house-1 would be on basic and basic-27",
        ),
        ('"valid_until": "2027-01-01", ', "", "line 23: valid_from: house-1 would be on basic and basic-27 at once"),
        ('"valid_from": "2027-01-01",\n', '"valid_from": "next year",\n', "line 23: valid_from: Input should be a valid date"),
        (
            '"grid_price": 320000',
            '"grid_price": 310000',
            "line 25: grid_price: the ledger's is 320000, and what it says is what",
        ),
        ('"2027-01-01",\n', "1798761600,\n", "line 23: valid_from: Value error, a day is written like 2026-12-31"),
        ('"grid_price": 320000', '"night_price": 310000', "line 25: night_price: Input should be 'feed_in'"),
        ('"basic-27"', '"basic"', "line 21: tariff: basic is here for the second time"),
    ],
)
def test_a_mistake_among_contacts_and_tariffs_has_its_line(
    full: Registry, tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    path = tmp_path / "registry.json"
    assert old in FULL
    path.write_text(FULL.replace(old, new, 1), "utf-8")
    with pytest.raises(RegistryError) as error:
        full.book()
    assert f"{path}: {complaint}" in str(error.value)


def test_an_edit_that_does_not_fit_leaves_the_file(full: Registry, tmp_path: Path) -> None:
    for change, complaint in (
        (lambda: full.put(row_of(Contact, contact="ida", name="Ida", meters=["wind-2"])), "^meters: wind-2 is no meter"),
        (lambda: full.put(row_of(Tariff, tariff="x", name="X", valid_from="2026-06-01", meters=["house-1"])), "at once"),
        (lambda: full.remove(Unit, "wind-1"), "^meters: wind-1 is no meter"),
    ):
        with pytest.raises(RegistryError, match=complaint):
            change()
    assert (tmp_path / "registry.json").read_text("utf-8") == FULL
