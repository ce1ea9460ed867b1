"""`summary.json`: a run in numbers."""

from collections import Counter
from typing import Any

from zppo.training.state import RunState
from zppo.zone.replay import PromptReplayBuffer


def run_summary(method: str, seed: int, state: RunState, buffer: PromptReplayBuffer) -> dict[str, Any]:
    """Accuracies are None where there were no held-out questions. Counts by entry accuracy have keys like `0.125`."""
    evaluations = [{k: v for k, v in e.items() if k not in ("step", "student_tokens")} for e in state.evaluations]
    return {
        "method": method,
        "seed": seed,
        "rollout_steps": state.step,
        "student_tokens": state.student_tokens,
        "teacher_tokens": state.teacher_tokens,
        "gradient_tokens": state.gradient_tokens,
        "seconds": round(state.seconds, 1),
        "held_out_questions": dict(sorted(Counter(state.levels.values()).items())),
        "accuracy_before": evaluations[0] if evaluations else None,
        "accuracy_after": evaluations[-1] if evaluations else None,
        "evaluations": state.evaluations,
        "graduated": _by_entry(buffer.graduated),
        "admitted": _by_entry(buffer.admitted),
        "left": {fate: count for fate, count in sorted(Counter(d.fate for d in buffer.departures).items())},
        "buffer_size": len(buffer),
    }


def _by_entry(counts: Counter[float]) -> dict[str, int]:
    return {f"{accuracy:g}": count for accuracy, count in sorted(counts.items())}
