"""The import table of the root DESIGN.md, held against every module of ours."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("blockchain_iface", "firmware", "gateway", "hil", "tools")
NAMES = re.compile(r"`([a-z_.]+)`")


def table() -> dict[str, tuple[str, ...]]:
    """The packages of each row, and what they may import."""
    rows: dict[str, tuple[str, ...]] = {}
    text = (ROOT / "DESIGN.md").read_text(encoding="utf-8")
    for line in text.partition("| package | may import |")[2].splitlines()[2:]:
        if not line.startswith("|"):
            break
        packages, allowed = line.strip("|").split("|")
        names = PACKAGES if allowed.strip() == "everything" else tuple(NAMES.findall(allowed))
        rows.update(dict.fromkeys(NAMES.findall(packages), names))
    return rows


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def owner(module: str, packages: tuple[str, ...]) -> str:
    """The most special package that holds the module; for a module no row names, its top-level package."""
    return max((package for package in packages if within(module, package)), key=len, default=module.partition(".")[0])


def may_import(module: str, imported: str, rows: dict[str, tuple[str, ...]]) -> bool:
    home = owner(module, tuple(rows))
    return any(within(imported, package) for package in (home, *rows.get(home, ())))


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path


def imports(module: str, path: Path) -> Iterator[str]:
    """Full names of all that a file imports, at any depth of its code."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def is_ours(name: str) -> bool:
    return name.partition(".")[0] in PACKAGES


def test_every_package_has_a_row() -> None:
    tops = {package.partition(".")[0] for package in table()}
    assert tops == set(PACKAGES)


@pytest.mark.parametrize(
    ("module", "imported", "expected"),
    [
        ("firmware.wire.cose", "firmware.wire.cbor", True),
        ("firmware.wire.cose", "firmware.meter.app", False),
        ("firmware.meter.app", "firmware.wire.cose", True),
        ("firmware.main", "firmware.meter.app", True),
        ("blockchain_iface.ledger", "gateway.core", False),
        ("blockchain_iface.ledger", "firmware.meter.store", False),
        ("gateway.core.admit", "blockchain_iface.ledger", True),
        ("gateway.core.admit", "hil.plant", False),
        ("gateway.core.admit", "hil.bench", False),
        ("hil.plant.island", "gateway.site", False),
        ("hil.bench.commissioning", "gateway.site", True),
        ("hil.bench.commissioning", "hil.plant", True),
        ("hil.bench.commissioning", "tools.cli", False),
        ("tools.cli", "hil.plant", True),
    ],
)
def test_table_is_read_as_meant(module: str, imported: str, expected: bool) -> None:
    assert may_import(module, imported, table()) is expected


def test_imports_keep_to_the_table() -> None:
    rows = table()
    wrong = [
        f"{module} imports {name}"
        for module, path in modules()
        for name in imports(module, path)
        if is_ours(name) and not may_import(module, name, rows)
    ]
    assert wrong == []


def test_one_file_imports_pymodbus_server() -> None:
    users = {module for module, path in modules() if any(within(name, "pymodbus.server") for name in imports(module, path))}
    assert users <= {"hil.links.server"}
