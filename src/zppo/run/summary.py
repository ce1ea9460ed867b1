"""`summary.json`: the numbers of a run."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from zppo.run.state import RunState
from zppo.zone.replay import PromptReplayBuffer

ACCURACY = ("overall", "easy", "hard", "clusters")


def run_summary(method: str, seed: int, state: RunState, buffer: PromptReplayBuffer) -> dict[str, Any]:
    """Numbers of a run. Accuracies are None without held-out questions; entry accuracies are keys like `0.125`."""
    evaluations = [{k: e[k] for k in ACCURACY} for e in state.evaluations]
    counters = state.counters()
    return {
        "method": method,
        "seed": seed,
        "rollout_steps": counters.pop("step"),
        **counters,
        "held_out_questions": dict(sorted(Counter(state.levels.values()).items())),
        "accuracy_before": evaluations[0] if evaluations else None,
        "accuracy_after": evaluations[-1] if evaluations else None,
        "evaluations": state.evaluations,
        **buffer_counts(buffer),
        "left": {fate: count for fate, count in sorted(Counter(d.fate for d in buffer.departures).items())},
        "buffer_size": len(buffer),
    }


def buffer_counts(buffer: PromptReplayBuffer) -> dict[str, dict[str, Any]]:
    """Counts of questions by plain accuracy at entry, and the courses of those that left, also by scored visits.

    `replayed` counts those `admitted` with a later scored visit. A ratio of graduates names its denominator.
    """
    counts = buffer.by_entry_accuracy()
    shown = {name: counts[name] for name in ("graduated", "admitted", "replayed")}
    return {name: {f"{entry:g}": n for entry, n in sorted(each.items())} for name, each in shown.items()} | {
        "left_by_entry": _courses((f"{d.entry_accuracy:g}", d.course) for d in buffer.departures),
        "left_by_visits": _courses((str(d.visits), d.course) for d in buffer.departures),
    }


def _courses(departures: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Counts of the courses by key. `departures` are pairs of a key (a number as text) and a course."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for number, course in departures:
        found[number][course] += 1
    return {number: dict(sorted(found[number].items())) for number in sorted(found, key=float)}
