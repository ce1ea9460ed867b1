"""Makes the tables of docs/results.md: comparisons on the two pairs of the pocket, each an ordinary `zppo compare`.

    python benchmarks/pocket_results.py [--only NAME]

Comparisons of one recipe share their cells, so a run that several of them show is made once. A finished cell is not run
again: started a second time, this continues where it was stopped.
"""

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs/results.md"
OUT = "runs/results"
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
SECTIONS: Mapping[str, Sequence[str]] = {
    "settled": ("words", "--methods", SETTLED, *FIVE),
    "minibatches": ("words", "--methods", "zppo", *FIVE, *DEALING),
    "mixed": ("pocket", "--methods", "grpo,grpo+replay,zppo", *SEEDS, "--rollout_steps", "100"),
    "headline": ("words", "--methods", "grpo,grpo+replay,zppo", *SEEDS),
    "methods": ("words", "--methods", METHODS, *SEEDS, "--match", "both"),
    "norms": ("words", "--methods", "zppo", *SEEDS, *NORMS),
}
"""A section of the document, marked there by `<!-- NAME -->` before and after its tables; its recipe, and what is
compared."""


def command(name: str) -> list[str]:
    recipe, *compared = SECTIONS[name]
    compare = [sys.executable, "-m", "zppo.cli.main", "compare", f"recipes/{recipe}.yaml", *compared]
    return [*compare, "--out", f"{OUT}/{name}", "--cells", f"{OUT}/{recipe}"]


def spliced(document: str, name: str, tables: str) -> str:
    """`document` with `tables` between its two markers of `name`. Exits if there are not two."""
    marker = f"<!-- {name} -->"
    parts = document.split(marker)
    if len(parts) != 3:
        sys.exit(f"{DOCUMENT}: {marker} stands there {len(parts) - 1} times; it marks begin and end of the tables")
    return f"{parts[0]}{marker}\n\n{tables.strip()}\n\n{marker}{parts[2]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SECTIONS, help="make one section (default: all)")
    only = parser.parse_args().only
    names = [only] if only else list(SECTIONS)
    for name in names:  # hours of runs should not end at a missing marker
        spliced(DOCUMENT.read_text("utf-8"), name, "")
    for name in names:
        done = subprocess.run(command(name), cwd=ROOT)
        if done.returncode:
            sys.exit(done.returncode)
        tables = (ROOT / OUT / name / "comparison.md").read_text("utf-8")
        DOCUMENT.write_text(spliced(DOCUMENT.read_text("utf-8"), name, tables), "utf-8")


if __name__ == "__main__":
    main()
