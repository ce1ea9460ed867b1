"""The algorithm stands on the standard library: no torch, no transformers, and the zone knows only its neighbours."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import zppo

ROOT = Path(zppo.__file__).parent
ZONE = sorted((ROOT / "zone").glob("*.py"))
MODULES = ["zppo.types", "zppo.errors", "zppo.config", "zppo.methods", "zppo.step", "zppo.alarms"]
MODULES += [f"zppo.zone.{path.stem}" for path in ZONE if path.stem != "__init__"]


def test_the_algorithm_loads_neither_torch_nor_transformers() -> None:
    code = f"import sys, {', '.join(MODULES)}; print(sorted({{'torch', 'transformers', 'numpy'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("path", ZONE, ids=lambda path: path.stem)
def test_the_zone_imports_types_errors_and_itself_only(path: Path) -> None:
    own = {name for name in imported(path) if name.split(".")[0] == "zppo"}
    assert all(name in ("zppo.types", "zppo.errors") or name.startswith("zppo.zone.") for name in own)
    assert {name.split(".")[0] for name in imported(path) - own} <= sys.stdlib_module_names


ARROWS = {
    "types": "",
    "errors": "",
    "loop": "",
    "masking": "",
    "strict_yaml": "",
    "custom": "errors",
    "zone": "errors types",
    "methods": "errors types zone",
    "rewards": "custom errors loop types zone",
    "config": "custom errors methods rewards types zone",
    "models": "config errors types zone",
    "pocket": "models types zone",
    "recipe": "config custom errors pocket strict_yaml",
    "data": "config errors masking models rewards strict_yaml types",
    "engines": "config errors loop models types zone",
    "judges": "engines rewards types zone",
    "teacher": "config custom engines errors models rewards types zone",
    "rollout": "config engines errors methods rewards types zone",
    "step": "config engines methods rollout types zone",
    "alarms": "config methods types zone",
    "run": "config data errors types zone",
    "reports": "config errors methods run types zone",
    "training": "alarms config custom data engines errors judges masking "
    "models reports rewards rollout run step teacher types zone",
    "compare": "config errors methods recipe reports rewards run teacher training",
    "evals": "compare config data engines errors judges models pocket reports rewards run types zone",
    "cli": "compare config custom data errors evals judges masking models "
    "pocket recipe reports rewards run strict_yaml training types zone",
}
"""Rooms of the package, from the ground up, and the rooms that each may import: only such as stand before it."""


def rooms_imported(room: str) -> set[str]:
    files = sorted((ROOT / room).rglob("*.py")) or [ROOT / f"{room}.py"]
    names = {name.split(".")[1] for path in files for name in imported(path) if name.startswith("zppo.")}
    return names - {room}


def test_every_room_stands_in_the_table() -> None:
    there = {path.stem for path in ROOT.glob("*.py")} | {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert there - {"__init__"} == set(ARROWS)


@pytest.mark.parametrize("room", ARROWS)
def test_arrows_between_rooms_point_down_and_are_those_of_the_table(room: str) -> None:
    assert rooms_imported(room) == set(ARROWS[room].split())
    below = list(ARROWS)[: list(ARROWS).index(room)]
    assert set(ARROWS[room].split()) <= set(below)
