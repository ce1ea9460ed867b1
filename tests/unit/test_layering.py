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
