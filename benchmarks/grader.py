r"""Our verdicts on boxed answers beside those of mathruler, plain math-verify and TRL, on pairs whose truth is known.

    pip install -c constraints.txt -e ".[bench]"
    python benchmarks/grader.py            # prints
    python benchmarks/grader.py --write    # also writes benchmarks/results/grader.md

The pairs are those of `grader_pairs.py` and those of the tests: reported cases, and attacks on graders. Every grader
decides every pair, alternating pair by pair with the others; three rounds, each from cold caches and with a new worker
process. The others run in this process and have no deadline that ends one long operation, which is why no pair here is
endless.
"""

import argparse
import json
import os
import platform
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter

from grader_pairs import Pair, make_pairs
from math_verify import parse, verify
from mathruler.grader import grade_answer
from sympy.core.cache import clear_cache
from trl.rewards import accuracy_reward

from zppo.rewards.boxed import last_boxed
from zppo.rewards.equivalence import Equivalence
from zppo.rewards.graded import reference

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks/results/grader.md"
TESTS = ROOT / "tests/unit/rewards"
GRADERS = ("ours", "mathruler", "math-verify", "trl")
ROUNDS = 3

Grade = Callable[[str, str], bool]


@dataclass
class Round:
    """Verdicts in the order of the pairs, and the seconds they took, by grader."""

    verdicts: dict[str, list[bool | None]] = field(default_factory=lambda: {name: [] for name in GRADERS})
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(GRADERS, 0.0))
    again_s: float = 0.0
    """Seconds for ours to decide all pairs once more."""
    batch_s: float = 0.0
    """Seconds for ours to decide all pairs in one call with its workers."""


def plain_math_verify(gold: str, answer: str) -> bool:
    """As reward functions call it, on boxed texts."""
    return bool(verify(parse(f"\\boxed{{{gold}}}"), parse(f"\\boxed{{{answer}}}")))


def mathruler(gold: str, answer: str) -> bool:
    return bool(grade_answer(answer, gold))


def trl(gold: str, answer: str) -> bool:
    """TRL's accuracy reward, which leaves a reference unscored that it cannot read; that counts as wrong."""
    return bool(accuracy_reward([[{"role": "assistant", "content": f"\\boxed{{{answer}}}"}]], [f"${gold}$"])[0])


def pairs_of_tests() -> list[Pair]:
    """Reported cases of type `math` with one final box, and our attacks."""

    def rows(name: str) -> list[dict[str, str]]:
        return [json.loads(line) for line in (TESTS / name).read_text("utf-8").splitlines()]

    cases = [(row, last_boxed(row["response"])) for row in rows("field_cases.jsonl") if "answer_type" not in row]
    pairs = [Pair("reported", reference(r["answer"]), box, r["expected"] == "right") for r, box in cases if box]
    return pairs + [
        Pair("attacks", r["answer"], r["box"], r["expected"] == "right") for r in rows("answer_pairs.jsonl")
    ]


def one_round(pairs: Sequence[Pair]) -> Round:
    clear_cache()
    equal, result = Equivalence(workers=1), Round()
    graders: dict[str, Callable[[str, str], bool | None]] = {
        "ours": equal,
        "mathruler": mathruler,
        "math-verify": plain_math_verify,
        "trl": trl,
    }
    equal("x + 1", "1 + x")  # starts the worker
    for i, pair in enumerate(pairs):
        for name in GRADERS[i % len(GRADERS) :] + GRADERS[: i % len(GRADERS)]:
            began = perf_counter()
            verdict = graders[name](pair.gold, pair.answer)
            result.seconds[name] += perf_counter() - began
            result.verdicts[name].append(verdict)
    result.again_s = seconds_for(equal, pairs)
    equal.close()
    pool = Equivalence()
    pool.many([(f"x + {i}", f"{i} + x") for i in range(2, 10)])  # starts the workers
    result.batch_s = seconds_for(pool, pairs)
    pool.close()
    return result


def seconds_for(equal: Equivalence, pairs: Sequence[Pair]) -> float:
    began = perf_counter()
    equal.many([(pair.gold, pair.answer) for pair in pairs])
    return perf_counter() - began


def by_kind(pairs: Sequence[Pair], verdicts: dict[str, list[bool | None]]) -> list[str]:
    """One row per kind: accuracy against the truth, and agreement with ours."""
    kinds = [*dict.fromkeys(pair.kind for pair in pairs), "all"]
    agree = "".join(f" agree: {name} |" for name in GRADERS[1:])
    rows = [f"| kind | pairs | same | {' | '.join(GRADERS)} |{agree}", "|" + "---|" * (2 + 2 * len(GRADERS))]
    for kind in kinds:
        chosen = [i for i, pair in enumerate(pairs) if kind in (pair.kind, "all")]
        right = [share(verdicts[name][i] == pairs[i].same for i in chosen) for name in GRADERS]
        shared = [share(verdicts[name][i] == verdicts["ours"][i] for i in chosen) for name in GRADERS[1:]]
        same = sum(pairs[i].same for i in chosen)
        rows.append(f"| {kind} | {len(chosen)} | {same} | " + " | ".join([*right, *shared]) + " |")
    return rows


def errors(pairs: Sequence[Pair], verdicts: dict[str, list[bool | None]]) -> list[str]:
    """How many wrong answers each grader pays, and how many right ones it misses, by where the pairs are from."""
    rows = ["| pairs | grader | wrong answers paid | right answers missed |", "|---|---|---|---|"]
    for source, kinds in {"generated": None, "reported": ["reported"], "attacks": ["attacks"]}.items():
        chosen = [
            i for i, p in enumerate(pairs) if (p.kind in kinds if kinds else p.kind not in ("reported", "attacks"))
        ]
        for name in GRADERS:
            paid = [i for i in chosen if verdicts[name][i] and not pairs[i].same]
            missed = [i for i in chosen if not verdicts[name][i] and pairs[i].same]
            same = sum(pairs[i].same for i in chosen)
            rows.append(f"| {source} | {name} | {len(paid)} of {len(chosen) - same} | {len(missed)} of {same} |")
    return rows


def share(outcomes: object) -> str:
    each = list(outcomes)  # type: ignore[call-overload]
    return f"{100 * sum(each) / len(each):.1f} %"


def disagreements(pairs: Sequence[Pair], verdicts: dict[str, list[bool | None]], shown: int = 2) -> list[str]:
    """How often who says otherwise than ours, and who is right then, with examples."""
    rows = ["| kind | other | disagreements | ours right | other right | examples (reference, answer: ours) |"]
    rows.append("|---|---|---|---|---|---|")
    for kind in dict.fromkeys(pair.kind for pair in pairs):
        for name in GRADERS[1:]:
            apart = [
                (pair, mine)
                for pair, mine, other in zip(pairs, verdicts["ours"], verdicts[name], strict=True)
                if pair.kind == kind and mine != other
            ]
            if apart:
                ours = sum(pair.same == mine for pair, mine in apart)
                examples = "; ".join(f"`{p.gold}`, `{p.answer}`: {mine}" for p, mine in apart[:shown]).replace(
                    "|", "\\|"
                )
                rows.append(f"| {kind} | {name} | {len(apart)} | {ours} | {len(apart) - ours} | {examples} |")
    return rows


def speeds(rounds: Sequence[Round], pairs: int) -> list[str]:
    def per_second(seconds: Callable[[Round], float]) -> str:
        each = sorted(pairs / seconds(r) for r in rounds)
        return f"{median(each):,.0f} ({each[0]:,.0f}-{each[-1]:,.0f})"

    rows = ["| grader | verdicts per second: median (slowest-fastest round) |", "|---|---|"]
    rows += [f"| {name} | {per_second(lambda r, name=name: r.seconds[name])} |" for name in GRADERS]  # type: ignore[misc]
    workers = Equivalence().workers
    rows.append(f"| ours, all pairs in one call, {workers} workers | {per_second(lambda r: r.batch_s)} |")
    rows.append(f"| ours, the same pairs once more | {per_second(lambda r: r.again_s)} |")
    return rows


def report(pairs: Sequence[Pair], rounds: Sequence[Round]) -> str:
    verdicts = rounds[0].verdicts
    versions = ", ".join(f"{name} {version(name)}" for name in ("zppo", "math-verify", "mathruler", "trl", "sympy"))
    lines = ["# Graders on pairs of answers", ""]
    lines += [f"- {len(pairs)} pairs of known truth, {sum(p.same for p in pairs)} of them the same."]
    lines += ["- Accuracy against the truth; an unscored pair would count as an error of ours."]
    lines += [
        f"- {versions}, Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}."
    ]
    lines += [
        "",
        *errors(pairs, verdicts),
        "",
        *by_kind(pairs, verdicts),
        "",
        "Where the others say otherwise:",
        "",
        *disagreements(pairs, verdicts),
    ]
    lines += ["", f"Speed, {len(rounds)} interleaved rounds:", "", *speeds(rounds, len(pairs))]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare graders on pairs of answers.")
    parser.add_argument("--per-kind", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help=f"also write {RESULTS.name}")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    pairs = make_pairs(options.per_kind, options.seed) + pairs_of_tests()
    text = report(pairs, [one_round(pairs) for _ in range(options.rounds)])
    print(text, end="")
    if options.write:
        RESULTS.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
