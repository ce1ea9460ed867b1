"""The closed form of method section 3 on the batches of a real run: with_zero = without_zero / sqrt(f_nt).

    python benchmarks/advantage_norms.py RUN_DIR [RUN_DIR ...]

Reads the rollout dumps of finished runs, gives every step's rewards to both norms, and compares. `f_nt` is the share of
scored rollouts that stand in non-trivial groups.
"""

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import yaml

from zppo.types import AdvantageNorm, Group, Prompt, Question, Rollout
from zppo.zone.advantage import EPS, assign_advantages


@dataclass(frozen=True)
class Step:
    """One rollout step: the share `f_nt`, and the largest relative distances found in it."""

    non_trivial: float
    from_closed_form: float
    from_dump: float


def groups_of(file: Path) -> tuple[list[Group], list[float]]:
    """The groups of a dumped step with the rewards they got, and the advantages that were trained on."""
    groups, trained = [], []
    for line in file.read_text("utf-8").split("\n")[:-1]:
        row = json.loads(line)
        question = Question(row["question_id"], row["question"], row["answer"])
        rollouts = [Rollout([], r["text"], reward=r["reward"]) for r in row["rollouts"]]
        groups.append(Group(Prompt(row["kind"], question, row["prompt"]), rollouts))
        trained += [r["advantage"] for r in row["rollouts"]]
    return groups, trained


def advantages(groups: Sequence[Group], norm: AdvantageNorm) -> list[float]:
    assign_advantages(groups, norm)
    return [rollout.advantage for group in groups for rollout in group.rollouts]


def distance(found: Sequence[float], expected: Sequence[float]) -> float:
    """The largest difference as a share of the largest expected advantage."""
    return max(abs(f - e) for f, e in zip(found, expected, strict=True)) / max(map(abs, expected))


def steps_of(run: Path) -> Iterator[Step]:
    """Every step of a run that has a signal at all."""
    norm: AdvantageNorm = yaml.safe_load((run / "config.yaml").read_text("utf-8"))["zone"]["advantage"]
    for file in sorted((run / "rollouts").glob("step-*.jsonl")):
        groups, trained = groups_of(file)
        scored = [len(g.rewards) for g in groups]
        share = sum(n for n, g in zip(scored, groups, strict=True) if not g.is_trivial) / sum(scored)
        if share:
            closed = [a / math.sqrt(share) for a in advantages(groups, "without_zero")]
            with_zero = advantages(groups, "with_zero")
            yield Step(share, distance(with_zero, closed), distance(advantages(groups, norm), trained))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN_DIR")
    print(
        "| run | steps with a signal | f_nt, median (least, most) | amplification 1/sqrt(f_nt), median (most) |", end=""
    )
    print(" largest distance from the closed form | from what was trained on |\n|---|---|---|---|---|---|")
    for run in parser.parse_args().runs:
        steps = list(steps_of(run))
        shares = [s.non_trivial for s in steps]
        print(
            f"| {run.name} | {len(steps)} | {median(shares):.2f} ({min(shares):.2f}, {max(shares):.2f}) "
            f"| {median(1 / math.sqrt(s) for s in shares):.2f} ({1 / math.sqrt(min(shares)):.2f}) "
            f"| {max(s.from_closed_form for s in steps):.1e} | {max(s.from_dump for s in steps):.1e} |"
        )
    print(f"\nAdvantages divide by sigma + {EPS:g}, which alone makes a distance of up to about 1e-5.")


if __name__ == "__main__":
    main()
