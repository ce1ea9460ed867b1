"""Rollout steps as an iterable of minibatches: what `transformers.Trainer` takes for a train dataloader."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from zppo.types import Minibatch, StepBatch


@dataclass(frozen=True)
class UpdateInput:
    """The input of one gradient update: minibatch `index` of `step`."""

    step: StepBatch
    index: int

    @property
    def minibatch(self) -> Minibatch:
        return self.step.minibatches[self.index]


class StepLoader:
    """Makes a rollout step only when its first minibatch is asked for, so that it is always on policy.

    Not wrapped by accelerate, whose loaders fetch one batch ahead of the update.
    """

    def __init__(self, make_step: Callable[[], StepBatch], remaining_steps: int, total_updates: int) -> None:
        self._make_step = make_step
        self._remaining_steps = remaining_steps
        self._total_updates = total_updates

    def __len__(self) -> int:
        """Gradient updates of the whole run, whether or not some were made before a resume."""
        return self._total_updates

    def __iter__(self) -> Iterator[dict[str, UpdateInput]]:
        for _ in range(self._remaining_steps):
            step = self._make_step()
            for index in range(len(step.minibatches)):
                yield {"update": UpdateInput(step, index)}
