"""Average hard accuracy of words runs, by seed, before and after the method followed the paper's full text.

    python benchmarks/before_after.py [COMPARISON.json]

Before: docs/comparisons/before.json. After: a comparison of `zppo compare` at equal steps. The unit is mean held-out
hard accuracy over steps 20 to 100.
"""

import json
import sys
from pathlib import Path
from statistics import fmean, stdev

COMPARISONS = Path(__file__).parents[1] / "docs/comparisons"


def averages(comparison: Path) -> dict[str, dict[str, float]]:
    """Average hard accuracy by label and seed, at equal steps."""
    found: dict[str, dict[str, float]] = {}
    for cell in json.loads(comparison.read_text("utf-8"))["cells"]:
        if cell["matching"] == "steps":
            found.setdefault(cell["label"], {})[str(cell["seed"])] = cell["average"]["hard"]
    return found


def row(name: str, when: str, by_seed: dict[str, float]) -> str:
    values = [by_seed[seed] for seed in sorted(by_seed)]
    mean = f"{fmean(values):.3f} ± {stdev(values):.3f}"
    return "| " + " | ".join([name, when, *(f"{value:.2f}" for value in values), mean]) + " |"


def main() -> None:
    after = averages(Path(sys.argv[1]) if len(sys.argv) > 1 else COMPARISONS / "settled.json")
    before = json.loads((COMPARISONS / "before.json").read_text("utf-8"))
    seeds = sorted(next(iter(before.values())))
    print("| " + " | ".join(["method", "code", *(f"seed {seed}" for seed in seeds), "mean ± sd"]) + " |")
    print("|" + " --- |" * (len(seeds) + 3))
    for label in before:
        print(row(label, "before", before[label]))
        print(row(label, "after", {seed: after[label][seed] for seed in seeds}))


if __name__ == "__main__":
    main()
