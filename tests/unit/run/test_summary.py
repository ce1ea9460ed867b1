"""Counts of the replay buffer in `summary.json`."""

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from zppo.reports.fates import by_visits
from zppo.run.state import RunState
from zppo.run.summary import buffer_counts, run_summary
from zppo.types import Group, Prompt, Question, Rollout
from zppo.zone.replay import PromptReplayBuffer


def played(steps: int, seed: int) -> PromptReplayBuffer:
    """A small buffer after `steps` refreshes with groups of random accuracy."""
    buffer, rng = PromptReplayBuffer(4), random.Random(seed)
    for _ in range(steps):
        questions = [Question(f"q{i}", f"{i}?", "1") for i in rng.sample(range(12), 4)]
        rollouts = [[Rollout([1], "", reward=float(rng.random() < 0.3)) for _ in range(4)] for _ in questions]
        buffer.refresh([Group(Prompt("plain", q, "?"), r) for q, r in zip(questions, rollouts, strict=True)], 0.5)
    return buffer


@settings(max_examples=40)
@given(steps=st.integers(0, 30), seed=st.integers(0, 999))
def test_the_counts_of_the_questions_that_left_add_up(steps: int, seed: int) -> None:
    buffer = played(steps, seed)
    counts = buffer_counts(buffer)
    for counted in (counts["left_by_entry"], counts["left_by_visits"], by_visits(counts["left_by_visits"])):
        assert sum(sum(courses.values()) for courses in counted.values()) == len(buffer.departures)
    graduates = {e: c["graduated"] for e, c in counts["left_by_entry"].items() if "graduated" in c}
    assert graduates == counts["graduated"]
    for entry, admitted in counts["admitted"].items():
        left = sum(counts["left_by_entry"].get(entry, {}).values())
        assert left + buffer.by_entry_accuracy()["size"][float(entry)] == admitted
        assert graduates.get(entry, 0) <= counts["replayed"].get(entry, 0) <= admitted
    assert not {"graduated", "improved"} & counts["left_by_visits"].get("0", {}).keys()


def test_a_summary_says_who_left_how() -> None:
    buffer = PromptReplayBuffer(1)
    for name, rewards in (("a", (0, 0)), ("a", (0, 0)), ("a", (1, 0)), ("b", (0, 0)), ("c", (1, 0, 0)), ("d", (0, 0))):
        rollouts = [Rollout([1], "", reward=r) for r in rewards]
        buffer.refresh([Group(Prompt("plain", Question(name, "?", "1"), "?"), rollouts)], 0.5)
    summary: dict[str, Any] = run_summary("zppo", 0, RunState(audit={"ncq_wrong_matches_listed": 2}), buffer)
    assert summary["left_by_visits"] == {"0": {"never_improved": 2}, "2": {"graduated": 1}}
    assert summary["left_by_entry"]["0"] == {"graduated": 1, "never_improved": 1}
    assert (summary["admitted"]["0"], summary["replayed"], summary["graduated"]) == (3, {"0": 1}, {"0": 1})
    assert summary["audit"] == {"ncq_wrong_matches_listed": 2}
