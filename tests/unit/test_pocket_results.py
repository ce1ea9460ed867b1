"""The pages of docs/comparisons are made by this script."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

from zppo.compare.grid import MATCHINGS, parse_grid
from zppo.compare.plan import load_recipes

FILE = Path(__file__).parents[2] / "benchmarks/pocket_results.py"
spec = importlib.util.spec_from_file_location("pocket_results", FILE)
assert spec and spec.loader
results = importlib.util.module_from_spec(spec)
spec.loader.exec_module(results)
TABLE = f"| a |\n|---|\n| {'cell ' * 40}|"


@pytest.mark.parametrize("name", results.COMPARISONS)
def test_every_page_is_a_comparison_that_can_be_made(name: str) -> None:
    recipe, *words = results.command(name)[4:]
    options = dict(zip(words[::2], words[1::2], strict=True))
    variations = [options["--vary"]] if "--vary" in options else []
    grid = parse_grid(recipe, options["--methods"], options["--seeds"], variations, {})
    assert len(load_recipes(grid, MATCHINGS[options.get("--match", "steps")])) == len(grid.cells) >= 9
    assert grid.baseline(options.get("--baseline")) in ("grpo+replay", *results.BASELINES)


@pytest.mark.parametrize("name", results.COMPARISONS)
def test_a_shell_reads_the_command_of_a_page_as_the_script_runs_it(name: str) -> None:
    page = results.page(name, "")
    shown = page.split("```console\n$ ")[1].split("```")[0]
    assert max(map(len, page.splitlines())) <= 120
    read = subprocess.run(["sh", "-c", f"printf '%s\\n' {shown}"], check=True, capture_output=True, text=True).stdout
    assert read.splitlines() == ["zppo", *results.command(name)[3:-4]]


def test_a_page_keeps_its_tables_and_wraps_the_text_between_them() -> None:
    written = results.page("headline", f"#### Title\n\n{TABLE}\n\n{'word ' * 60}\n").split("```\n\n")[1]
    heading, table, text = written.strip().split("\n\n")
    assert (heading, table, text.split()) == ("## Title", TABLE, ["word"] * 60)
    assert max(map(len, text.splitlines())) <= 120


def test_the_pages_that_are_there_begin_as_the_script_writes_them() -> None:
    there = [name for name in results.COMPARISONS if (results.PAGES / f"{name}.md").exists()]
    assert {"settled", "mixed"} <= set(there)
    for name in there:
        assert (results.PAGES / f"{name}.md").read_text("utf-8").startswith(results.page(name, "").rstrip())
