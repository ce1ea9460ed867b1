"""`summary.json`: a run in numbers."""

from collections import Counter
from typing import Any

from zppo.training.state import RunState
from zppo.zone.replay import PromptReplayBuffer

ACCURACY = ("overall", "easy", "hard", "clusters")


def run_summary(method: str, seed: int, state: RunState, buffer: PromptReplayBuffer) -> dict[str, Any]:
    """Accuracies are None where there were no held-out questions. Counts by entry accuracy have keys like `0.125`."""
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
        **by_entry(buffer),
        "left": {fate: count for fate, count in sorted(Counter(d.fate for d in buffer.departures).items())},
        "buffer_size": len(buffer),
    }


def by_entry(buffer: PromptReplayBuffer) -> dict[str, dict[str, int]]:
    """Questions `graduated` and `admitted` so far, by plain accuracy at entry."""
    counts = {"graduated": buffer.graduated, "admitted": buffer.admitted}
    return {name: {f"{entry:g}": n for entry, n in sorted(each.items())} for name, each in counts.items()}
