"""docs/corpus.md is true: reasons, tiers and sources are those of the code and the recipe."""

import re
from collections import Counter
from pathlib import Path

from zppo.data.corpus.reasons import REASONS
from zppo.data.corpus.recipe import load_recipe

PAGE = (Path(__file__).parents[4] / "docs/corpus.md").read_text("utf-8")


def rows_of_table(head: str) -> list[list[str]]:
    """The cells of the table under the line that begins with `head`."""
    table = PAGE[PAGE.index(head) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_reasons_are_listed_in_the_order_of_the_checks() -> None:
    listed = [reason for names, _ in rows_of_table("| reason |") for reason in re.findall(r"`(\w+)`", names)]
    assert listed == list(REASONS)


def test_tiers_and_caps_are_those_of_the_recipe() -> None:
    recipe, _ = load_recipe()
    sizes = Counter(each.tier for each in recipe.sub_datasets.values())
    expected = [[f"{tier}", f"{cap:,} each", f"{sizes[tier]}"] for tier, cap in recipe.caps.items()]
    assert [row[:3] for row in rows_of_table("| tier |")] == expected


def test_sources_are_those_of_the_recipe() -> None:
    recipe, _ = load_recipe()
    assert [row[1] for row in rows_of_table("| source |")] == [f"`{facts.hub}`" for facts in recipe.sources.values()]
