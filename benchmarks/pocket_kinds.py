"""What the runs of `pocket_results.py --only mixed` did on words, images and videos: figures in that section's text.

    python benchmarks/pocket_kinds.py

Prints three tables: held-out accuracy at the end, by what a question shows; in training, how many responses to new hard
questions were right while the run went on; and what ZPPO's prompts of the last steps achieved on the clusters that stay
hard.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

from zppo.pocket import ASSETS

ROOT = Path(__file__).parents[1]
RUNS = ROOT / "runs/results/pocket"
METHODS, SEEDS = ("grpo", "grpo+replay", "zppo"), (0, 1, 2)
SHOWN = ("words", "image", "video")
STUBBORN, AIDED = ("bars_but", "perimeter", "undo"), ("bcq", "ncq", "replayed")
SPAN = 20
"""Rollout steps that are averaged over."""

Accuracies = dict[Any, list[float]]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def groups(method: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every group of every seed, with the number of its span of steps from 0."""
    for seed in SEEDS:
        for file in sorted((RUNS / f"{method}-{seed}" / "rollouts").glob("step-*.jsonl")):
            span = (int(file.stem.removeprefix("step-")) - 1) // SPAN
            yield from ((span, row) for row in rows(file))


def held_out(method: str, modality: dict[str, str]) -> str:
    """Hard and easy accuracy after the last step, mean and each seed; a cluster counts as much as another."""
    cells = []
    for level in ("hard", "easy"):
        for shown in SHOWN:
            each = []
            for seed in SEEDS:
                after = json.loads((RUNS / f"{method}-{seed}/summary.json").read_text("utf-8"))["accuracy_after"]
                each.append(fmean(a[level] for name, a in after["clusters"].items() if modality[name] == shown))
            cells.append(f"{fmean(each):.2f} ({' '.join(f'{a:.2f}' for a in each)})")
    return " | ".join(cells)


def in_training(method: str, about: dict[str, dict[str, Any]]) -> str:
    found: Accuracies = defaultdict(list)
    for span, row in groups(method):
        asked = about[row["question_id"]]
        if row["kind"] == "plain" and asked["level"] == "hard":
            found[asked["modality"], span].append(row["accuracy"])
    spans = sorted({span for _, span in found})
    return " | ".join(" ".join(f"{fmean(found[shown, span]):.2f}" for span in spans) for shown in SHOWN)


def with_help(method: str) -> str:
    """By kind of prompt and cluster, in the last span."""
    found: Accuracies = defaultdict(list)
    for span, row in groups(method):
        found[span, row["kind"], row["cluster"]].append(row["accuracy"])
    last = max(span for span, _, _ in found)
    head = f"| cluster | {' | '.join(AIDED)} |\n|---|---|---|---|"
    cells = {name: " | ".join(f"{fmean(found[last, kind, name]):.2f}" for kind in AIDED) for name in STUBBORN}
    return "\n".join([head, *(f"| {name} | {row} |" for name, row in cells.items())])


def main() -> None:
    about = {row["id"]: row for row in rows(ASSETS / "train.jsonl")}
    modality = {row["cluster"]: row["modality"] for row in about.values()}
    heads = [f"{shown}, {level}" for level in ("hard", "easy") for shown in SHOWN]
    print(f"| held-out | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}")
    for method in METHODS:
        print(f"| {method} | {held_out(method, modality)} |")
    print(f"\n| new hard questions, per {SPAN} steps | {' | '.join(SHOWN)} |\n|---|---|---|---|")
    for method in METHODS:
        print(f"| {method} | {in_training(method, about)} |")
    print(f"\nzppo, last {SPAN} steps:\n\n{with_help('zppo')}")


if __name__ == "__main__":
    main()
