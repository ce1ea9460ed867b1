"""Rollout steps as an iterable of minibatches."""

from typing import Any

from zppo.training.loader import StepLoader
from zppo.types import StepBatch


def batch(number: int, minibatches: int) -> StepBatch:
    return StepBatch([], [[] for _ in range(minibatches)], {"number": number})


def test_a_rollout_step_is_made_when_its_first_minibatch_is_asked_for() -> None:
    """Otherwise its rollouts would come from a policy that the updates before it have not yet changed."""
    made: list[int] = []

    def make() -> StepBatch:
        made.append(len(made))
        return batch(made[-1], 3)

    seen: list[Any] = []
    for item in StepLoader(make, remaining_steps=4, total_updates=12):
        update = item["update"]
        seen.append((update.step.metrics["number"], update.index))
        assert made == list(range(update.step.metrics["number"] + 1))  # type: ignore[arg-type]
        assert update.minibatch is update.step.minibatches[update.index]
    assert seen == [(step, index) for step in range(4) for index in range(3)]


def test_the_length_is_that_of_the_whole_run() -> None:
    loader = StepLoader(lambda: batch(0, 3), remaining_steps=1, total_updates=12)
    assert len(loader) == 12
    assert len(list(loader)) == 3
