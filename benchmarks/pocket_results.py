"""Makes the pages of docs/comparisons: comparisons on the two pairs of the pocket, each an ordinary `zppo compare`.

    python benchmarks/pocket_results.py [--only NAME]

Comparisons of one recipe share their cells, so a run that several of them show is made once. A finished cell is not run
again: started a second time, this continues where it was stopped.
"""

import argparse
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs/comparisons"
OUT = "runs/results"
WORDS = "recipes/words.yaml"
METHODS = (
    "grpo,grpo+replay,grpo+bcq+ncq,grpo+replay+bcq,grpo+replay+ncq,zppo,hint,hint+replay,prefix,prefix+replay,"
    "grpo_teacher,grpo_teacher+replay,off_distill,off_distill+replay,on_distill,on_distill+replay"
)
NORMS = ("--vary", "zone.advantage=none,without_zero,with_zero", "--baseline", "zppo zone.advantage=without_zero")
SEEDS = ("--seeds", "0,1,2")
FIVE = ("--seeds", "0,1,2,3,4")
SETTLED = "grpo,grpo+replay,zppo,hint+replay,prefix+replay,off_distill+replay"
DEALING = ("--vary", "zone.minibatches=groups,rollouts", "--baseline", "zppo zone.minibatches=rollouts")
BASELINES = (NORMS[-1], DEALING[-1])
COMPARISONS: Mapping[str, Sequence[str]] = {
    "settled": ("Six methods, five seeds", WORDS, "--methods", SETTLED, *FIVE),
    "minibatches": ("Whole groups or single rollouts", WORDS, "--methods", "zppo", *FIVE, *DEALING),
    "mixed": (
        *("Words, images and videos", "pocket", "--methods", "grpo,grpo+replay,zppo", *SEEDS),
        *("--rollout_steps", "100"),
    ),
    "headline": ("Three methods, three seeds", WORDS, "--methods", "grpo,grpo+replay,zppo", *SEEDS),
    "methods": ("Sixteen methods, three seeds", WORDS, "--methods", METHODS, *SEEDS, "--match", "both"),
    "norms": ("Three advantage norms", WORDS, "--methods", "zppo", *SEEDS, *NORMS),
}
"""By the name of its page: the page's title, the recipe, and what is compared."""
WITH_CURVES = ("methods",)
"""Comparisons whose curves docs/results.md shows."""
BETWEEN_OPTIONS_AND_VALUES = re.compile(r".{1,114}(?:,| (?=--)|$)")
"""The lines into which a command is cut; a shell joins them again at their backslashes."""


def command(name: str) -> list[str]:
    _, recipe, *compared = COMPARISONS[name]
    compare = [sys.executable, "-m", "zppo.cli.main", "compare", recipe, *compared]
    return [*compare, "--out", f"{OUT}/{name}", "--cells", f"{OUT}/{Path(recipe).stem}"]


def page(name: str, tables: str) -> str:
    """The page of a comparison: its command, and the Markdown `tables` that it printed, their text in short lines."""
    title, *compared = COMPARISONS[name]
    asked = BETWEEN_OPTIONS_AND_VALUES.findall(shlex.join(["zppo", "compare", *compared]))
    lines = tables.strip().replace("#### ", "## ").split("\n")
    lines = [line if line.startswith(("|", "#")) else textwrap.fill(line, 120) for line in lines]
    head = [f"# {title}", "", "[What follows from it](../results.md), and how all comparisons are made.", ""]
    return "\n".join([*head, "```console", "$ " + "\\\n".join(asked), "```", "", *lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=COMPARISONS, help="make one comparison (default: all)")
    only = parser.parse_args().only
    for name in [only] if only else COMPARISONS:
        done = subprocess.run(command(name), cwd=ROOT)
        if done.returncode:
            sys.exit(done.returncode)
        made = ROOT / OUT / name
        (PAGES / f"{name}.md").write_text(page(name, (made / "comparison.md").read_text("utf-8")), "utf-8")
        shutil.copy(made / "comparison.json", PAGES / f"{name}.json")
        if name in WITH_CURVES:
            shutil.copy(made / "curves.png", PAGES / f"{name}.png")


if __name__ == "__main__":
    main()
