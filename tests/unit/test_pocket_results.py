"""The tables of docs/results.md are made by this script."""

import importlib.util
from pathlib import Path

import pytest

from zppo.compare.grid import MATCHINGS, parse_grid
from zppo.compare.plan import load_recipes

FILE = Path(__file__).parents[2] / "benchmarks/pocket_results.py"
spec = importlib.util.spec_from_file_location("pocket_results", FILE)
assert spec and spec.loader
results = importlib.util.module_from_spec(spec)
spec.loader.exec_module(results)


@pytest.mark.parametrize("name", results.SECTIONS)
def test_every_section_is_a_comparison_that_can_be_made(name: str) -> None:
    recipe, *words = results.command(name)[4:]
    options = dict(zip(words[::2], words[1::2], strict=True))
    variations = [options["--vary"]] if "--vary" in options else []
    grid = parse_grid(recipe, options["--methods"], options["--seeds"], variations, {})
    assert len(load_recipes(grid, MATCHINGS[options.get("--match", "steps")])) == len(grid.cells) >= 9
    assert grid.baseline(options.get("--baseline")) in ("grpo+replay", *results.BASELINES)


def test_tables_are_written_between_their_markers_and_again() -> None:
    document = "before\n<!-- a -->\n<!-- a -->\nbetween\n<!-- b -->old<!-- b -->\nafter\n"
    for tables in ("first\n", "second\n"):
        document = results.spliced(document, "a", tables)
    rest = "\nbetween\n<!-- b -->old<!-- b -->\nafter\n"
    assert document == f"before\n<!-- a -->\n\nsecond\n\n<!-- a -->{rest}"


@pytest.mark.parametrize("document", ["", "<!-- a -->", "<!-- a --><!-- a --><!-- a -->"])
def test_a_document_without_two_markers_is_left_alone(document: str) -> None:
    with pytest.raises(SystemExit, match=r"<!-- a --> stands there \d times"):
        results.spliced(document, "a", "tables")
