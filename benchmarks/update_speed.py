"""How long the gradient updates of one rollout step take: this trainer beside TRL's GRPOTrainer.

Both trainers run their own training loop on the same model and the same rollouts; only the making of rollouts and of
rewards is replaced. The clock runs from the moment the rollouts are there to the end of the last optimizer step of
the rollout step. Every run is one rollout step; the runs of the trainers alternate, after a warm-up run of each.

    python benchmarks/update_speed.py            # needs `pip install trl`
    python benchmarks/update_speed.py --write    # also writes benchmarks/results/update_speed.md
"""

import argparse
import platform
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median

import torch
from transformers.utils import logging as transformers_logging
from update_speed_runs import UPDATES, Rollouts, Run, Student, make_rollouts, measure_trl, measure_zppo

from zppo import UpdateConfig

ROOT = Path(__file__).resolve().parent.parent
STUDENT = ROOT / "src/zppo/pocket/words/student"
RESULTS = ROOT / "benchmarks/results/update_speed.md"
SHARES = (0.0, 0.5, 0.9)
LOSS_TOLERANCE, NORM_TOLERANCE, MOVE_TOLERANCE = 1e-5, 1e-4, 2e-2

Measure = Callable[[Rollouts], Run]


def fastest_passes(student: Student, rollouts: Rollouts) -> tuple[int, str]:
    """TRL's cheaper number of passes per update here (one, or four with gradient accumulation), and a line on it."""
    per_update = rollouts.size // UPDATES
    options = [n for n in (1, 4) if per_update % n == 0]
    rounds = [{n: measure_trl(student, rollouts, n, False).cpu_seconds for n in options} for _ in range(2)]
    seconds = {n: min(each[n] for each in rounds) for n in options}
    best = min(options, key=seconds.__getitem__)
    tried = ", ".join(f"{per_update // n}: {seconds[n]:.1f} CPU s" for n in options)
    return best, f"TRL: {per_update // best} rollouts per pass, the faster choice ({tried})."


def same_work(student: Student, ours: Run, theirs: Run) -> str:
    """One line on how far two runs agree in their first update and in the end. Ends the program if they do not."""
    start = torch.cat([p.detach().flatten() for p in student.model.parameters()])
    end, other = (torch.cat([w.flatten() for w in run.weights]) for run in (ours, theirs))
    apart = float((end - other).norm() / (end - start).norm())
    line = (
        f"first update: loss {ours.losses[0]:+.6f} / {theirs.losses[0]:+.6f}, gradient norm {ours.norms[0]:.6f} / "
        f"{theirs.norms[0]:.6f}; after {UPDATES} updates the weights are apart by {apart:.1e} of the way they moved"
    )
    loss, norm = abs(ours.losses[0] - theirs.losses[0]), abs(ours.norms[0] / theirs.norms[0] - 1)
    if loss > LOSS_TOLERANCE or norm > NORM_TOLERANCE or apart > MOVE_TOLERANCE:
        raise SystemExit(f"the two trainers do different work: {line}")
    return line


def interleaved(measures: dict[str, Measure], rollouts: Rollouts, repeats: int) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {name: [] for name in measures}
    for repeat in range(repeats):
        names = list(measures)
        for name in names[repeat % len(names) :] + names[: repeat % len(names)]:
            runs[name].append(measures[name](rollouts))
    return runs


def ratio(theirs: Sequence[Run], ours: Sequence[Run], clock: str) -> str:
    """Median, over the repeats, of TRL's time over ours measured next to it."""
    return f"{median(getattr(t, clock) / getattr(o, clock) for t, o in zip(theirs, ours, strict=True)):.2f}x"


def shown(runs: Sequence[Run]) -> str:
    seconds = [run.seconds for run in runs]
    return f"{median(seconds):.2f} ({min(seconds):.2f}-{max(seconds):.2f})"


def table_row(share: float, runs: dict[str, list[Run]]) -> str:
    ours = runs["zppo"]
    cells = [f"{share:.0%}", shown(ours)]
    for name in ("trl", "trl_head"):
        cells += [shown(runs[name]), ratio(runs[name], ours, "seconds"), ratio(runs[name], ours, "cpu_seconds")]
    return f"| {' | '.join(cells)} |"


HEADER = """\
| trivial groups | zppo, s/step | TRL, s/step | ratio | CPU ratio | TRL with response head, s/step | ratio | CPU ratio |
|---|---|---|---|---|---|---|---|"""


def introduction(options: argparse.Namespace, student: Student, rollouts: Rollouts, trl_setting: str) -> list[str]:
    packages = ("zppo", "trl", "torch", "transformers", "accelerate")
    return [
        f"- Model: {options.model.name}, {student.model.num_parameters() / 1e6:.2f}M parameters, fp32, CPU, "
        f"torch threads: {torch.get_num_threads()}.",
        f"- One rollout step: {rollouts.describe()}.",
        f"- Versions: {', '.join(f'{name} {version(name)}' for name in packages)}, Python {platform.python_version()}.",
        f"- {trl_setting} zppo: microbatches of at most {options.microbatch_tokens} tokens.",
        f"- Seconds: median (fastest-slowest) of {options.repeats} rollout steps. Ratios: TRL's time over zppo's, "
        "median over the repeats; the CPU ratio compares processor time, which other work on the machine disturbs "
        "less.",
        "- Outside a GPU, TRL applies its LM head to prompt positions too. With response head: limited to response "
        "positions, as TRL does on a GPU.",
        "",
        HEADER,
    ]


def compare(options: argparse.Namespace) -> list[str]:
    """The lines of the report, printed as they come."""
    student = Student.load(options.model)
    ids, end = student.plain_ids(), student.tokenizer.eos_token_id
    sets = {share: make_rollouts(options.groups, options.long_prompts, share, ids, end) for share in SHARES}
    passes, tried = fastest_passes(student, sets[0.0])
    measures: dict[str, Measure] = {
        "zppo": lambda rollouts: measure_zppo(student, rollouts, options.microbatch_tokens),
        "trl": lambda rollouts: measure_trl(student, rollouts, passes, False),
        "trl_head": lambda rollouts: measure_trl(student, rollouts, passes, True),
    }
    interleaved(measures, sets[0.9], 1)
    lines = introduction(options, student, sets[0.0], tried)
    print("\n".join(lines), flush=True)
    checks = ["", "Same work, zppo / TRL:", ""]
    for share, rollouts in sets.items():
        runs = interleaved(measures, rollouts, options.repeats)
        lines.append(table_row(share, runs))
        print(lines[-1], flush=True)
        agreement = [same_work(student, runs["zppo"][0], runs[name][0]) for name in ("trl", "trl_head")]
        checks.append(f"- {share:.0%}: {agreement[0]}")
    print("\n".join(checks))
    return lines + checks


def write(lines: Sequence[str]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("# Seconds per rollout step for the gradient updates\n\n" + "\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=STUDENT, help="checkpoint folder (default: the pocket student)")
    parser.add_argument("--groups", type=int, default=48, help="groups per rollout step (default 48)")
    parser.add_argument("--long-prompts", type=float, default=0.2, help="share of NCQ-like prompts (default 0.2)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each trainer and share (default 3)")
    parser.add_argument("--threads", type=int, default=1, help="torch threads (default 1)")
    parser.add_argument("--microbatch-tokens", type=int, default=UpdateConfig.microbatch_tokens, help="of zppo")
    parser.add_argument("--write", action="store_true", help=f"write the report to {RESULTS.relative_to(ROOT)}")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    warnings.simplefilter("ignore")
    lines = compare(options)
    if options.write:
        write(lines)


if __name__ == "__main__":
    main()
