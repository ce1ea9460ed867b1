"""Several seeds of several methods on the pocket, at equal rollout steps and at equal sampled tokens.

    python benchmarks/pocket_seeds.py --methods grpo grpo+replay zppo --seeds 1 2 3 4 5 6 7 8 --write docs/results.md

Every cell is an ordinary `zppo train recipes/pocket.yaml`; a finished cell is not run again, an interrupted one is
resumed. The primary measure was fixed before the runs: mean held-out hard accuracy over the evaluations at steps 20,
40, 60, 80 and 100; difference between methods paired by seed, with a 95 % t interval.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[1]
PRIMARY_STEPS = (20, 40, 60, 80, 100)
STUDENT_T_975 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 11: 2.201}
"""97.5 % quantiles of Student's t by degrees of freedom."""
MARKER = "<!-- pocket seeds: written by benchmarks/pocket_seeds.py -->"

Summary = dict
Cells = dict[tuple[str, int], Summary]


def run_cell(method: str, seed: int, out: Path, steps: int) -> Summary:
    """Run, resume or read one cell."""
    folder = out / f"{method}-{seed}"
    if not (folder / "summary.json").exists():
        command = [sys.executable, "-m", "zppo.cli.main", "train", str(ROOT / "recipes/pocket.yaml")]
        command += ["--run-dir", str(folder), "--method", method, "--seed", str(seed)]
        command += ["--rollout_steps", str(steps), "--eval.every", "10", "--training.disable_tqdm", "true"]
        command += ["--resume"] if (folder / "config.yaml").exists() else []
        one_core = os.environ | {"OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, env=one_core, stdout=subprocess.DEVNULL)
        print(f"finished {method} seed {seed}", flush=True)
    return json.loads((folder / "summary.json").read_text())


def hard_at_step(summary: Summary, step: int) -> float:
    return next(e["hard"] for e in summary["evaluations"] if e["step"] == step)


def primary(summary: Summary) -> float:
    """Mean held-out hard accuracy over `PRIMARY_STEPS`."""
    return statistics.fmean(hard_at_step(summary, step) for step in PRIMARY_STEPS)


def hard_at_tokens(summary: Summary, tokens: int) -> float:
    """Held-out hard accuracy after `tokens` sampled student tokens, linear between evaluations."""
    points = [(e["student_tokens"], e["hard"]) for e in summary["evaluations"]]
    for (t0, h0), (t1, h1) in pairwise(points):
        if t0 <= tokens <= t1:
            return h0 + (h1 - h0) * (tokens - t0) / (t1 - t0)
    raise ValueError(f"{tokens} tokens lie outside the run's {points[-1][0]}")


def paired(differences: Sequence[float]) -> str:
    """`mean [low, high]`: 95 % t interval of a paired difference."""
    mean, n = statistics.fmean(differences), len(differences)
    if n < 2:
        return f"{mean:+.3f}"
    half = STUDENT_T_975[n - 1] * statistics.stdev(differences) / math.sqrt(n)
    return f"{mean:+.3f} [{mean - half:+.3f}, {mean + half:+.3f}]"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def by_seed(
    cells: Cells, methods: Sequence[str], seeds: Sequence[int], measure: Callable[[str, int], float], baseline: str
) -> str:
    """One row per method: every seed, mean, standard deviation, and the paired difference to the baseline."""
    rows = []
    for method in methods:
        values = [measure(method, seed) for seed in seeds]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        gain = [v - measure(baseline, seed) for v, seed in zip(values, seeds, strict=True)]
        shown = [f"{v:.2f}" for v in values]
        rows.append(
            [
                method,
                *shown,
                f"{statistics.fmean(values):.3f}",
                f"{spread:.3f}",
                paired(gain) if method != baseline else "-",
            ]
        )
    header = ["method", *(f"seed {s}" for s in seeds), "mean", "sd", f"minus {baseline}, paired 95 %"]
    return table(header, rows)


def curves(cells: Cells, methods: Sequence[str], seeds: Sequence[int], steps: int) -> str:
    """Mean held-out hard accuracy at every second evaluation."""
    points = range(0, steps + 1, 20)
    rows = [
        [m, *(f"{statistics.fmean(hard_at_step(cells[m, s], p) for s in seeds):.3f}" for p in points)] for m in methods
    ]
    return table(["method", *(f"step {p}" for p in points)], rows)


def graduation(cells: Cells, methods: Sequence[str], seeds: Sequence[int]) -> str:
    """Graduates / admitted by entry accuracy, summed over seeds."""
    bins = ("0", "0.125", "0.25", "0.375")
    rows = []
    for method in (m for m in methods if any(cells[m, s]["admitted"] for s in seeds)):
        row = [method]
        for entry in bins:
            graduated = sum(cells[method, s]["graduated"].get(entry, 0) for s in seeds)
            admitted = sum(cells[method, s]["admitted"].get(entry, 0) for s in seeds)
            row.append(f"{graduated}/{admitted} ({graduated / admitted:.0%})" if admitted else "0/0")
        rows.append(row)
    return table(["method", *(f"entry accuracy {float(b):.1%}" for b in bins)], rows)


def costs(cells: Cells, methods: Sequence[str], seeds: Sequence[int]) -> str:
    """Means over seeds."""

    def mean(method: str, key: str) -> float:
        return statistics.fmean(cells[method, s][key] for s in seeds)

    keys = ("student_tokens", "teacher_tokens", "gradient_tokens", "seconds")
    rows = [[m, *(f"{mean(m, k):,.0f}" for k in keys)] for m in methods]
    return table(["method", *(k.replace("_", " ") for k in keys)], rows)


def easy_and_clusters(cells: Cells, methods: Sequence[str], seeds: Sequence[int]) -> str:
    """Accuracy after training: easy, hard, and the number of clusters below one half (stuck) over all seeds."""
    rows = []
    for m in methods:
        after = [cells[m, s]["accuracy_after"] for s in seeds]
        hard = [c["hard"] for a in after for c in a["clusters"].values()]
        mean = {k: statistics.fmean(a[k] for a in after) for k in ("overall", "easy", "hard")}
        rows.append([m, *(f"{mean[k]:.3f}" for k in mean), f"{sum(h < 0.5 for h in hard)} of {len(hard)}"])
    return table(["method", "overall", "easy", "hard", "clusters with hard accuracy below .5"], rows)


def report(cells: Cells, methods: Sequence[str], seeds: Sequence[int], steps: int, baseline: str) -> str:
    budget = {s: min(cells[m, s]["student_tokens"] for m in methods) for s in seeds}
    parts = [
        "#### Equal rollout steps: mean held-out hard accuracy over steps 20-100 (primary measure)",
        by_seed(cells, methods, seeds, lambda m, s: primary(cells[m, s]), baseline),
        "#### Held-out hard accuracy, mean over seeds",
        curves(cells, methods, seeds, steps),
        "#### Equal sampled student tokens: held-out hard accuracy when each run has sampled as many tokens as the "
        f"cheapest method of its seed has at step {steps} (mean {statistics.fmean(budget.values()):,.0f})",
        by_seed(cells, methods, seeds, lambda m, s: hard_at_tokens(cells[m, s], budget[s]), baseline),
        f"#### After {steps} steps, mean over seeds",
        easy_and_clusters(cells, methods, seeds),
        "#### Graduated / admitted by plain accuracy at entry, summed over seeds",
        graduation(cells, methods, seeds),
        "#### Cost per run, mean over seeds (one core each, two runs side by side)",
        costs(cells, methods, seeds),
    ]
    return "\n\n".join(parts)


def write_between_markers(path: Path, text: str) -> None:
    """Replace what stands between the two markers of a document."""
    before, _, rest = path.read_text("utf-8").partition(MARKER)
    _, _, after = rest.partition(MARKER)
    path.write_text(f"{before}{MARKER}\n\n{text}\n\n{MARKER}{after}", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=["grpo", "grpo+replay", "zppo"])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(1, 9)))
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--baseline", default="grpo+replay")
    parser.add_argument("--out", type=Path, default=Path("runs/seeds"))
    parser.add_argument("--jobs", type=int, default=2, help="cells side by side, one core each")
    parser.add_argument("--write", type=Path, help="document with two markers to write the tables between")
    options = parser.parse_args()
    keys = [(method, seed) for seed in options.seeds for method in options.methods]
    with ThreadPoolExecutor(options.jobs) as pool:
        cells = dict(zip(keys, pool.map(lambda k: run_cell(*k, options.out, options.steps), keys), strict=True))
    text = report(cells, options.methods, options.seeds, options.steps, options.baseline)
    print(text)
    if options.write:
        write_between_markers(options.write, text)


if __name__ == "__main__":
    main()
