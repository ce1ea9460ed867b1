"""A run ends when its held-out accuracy has stopped to rise."""

import pytest

from zppo.config import EvalConfig
from zppo.errors import ConfigError
from zppo.training.state import RunState
from zppo.training.stopping import EarlyStopping


def after(patience: int, *accuracies: float | None) -> tuple[EarlyStopping, bool]:
    """Evaluations at the rollout steps 0, 2, 4, ...; and whether the last one asks for a checkpoint."""
    stopping = EarlyStopping(EvalConfig(every=2, early_stopping_patience=patience), held_out=3)
    evaluations = [{"step": 2 * number, "overall": accuracy} for number, accuracy in enumerate(accuracies)]
    return stopping, stopping.observe(RunState(step=2 * len(evaluations) - 2, evaluations=evaluations))


@pytest.mark.parametrize(
    ("accuracies", "ends"),
    [
        ((0.1, 0.5, 0.4), False),
        ((0.1, 0.5, 0.4, 0.5), True),  # as good is not better
        ((0.1, 0.5, 0.4, 0.6), False),
        ((0.5, 0.1, 0.2), True),  # the model before training was the best
        ((0.1, 0.5, None, 0.2), True),
        ((None, None, None, None), False),
    ],
)
def test_training_ends_after_two_evaluations_without_a_better_one(
    accuracies: tuple[float | None, ...], ends: bool
) -> None:
    assert after(2, *accuracies)[0].ends is ends
    assert after(0, *accuracies)[0].ends is False


def test_the_best_step_is_saved_and_kept() -> None:
    assert after(3, 0.1, 0.5)[1] is True
    stopping, save = after(3, 0.1, 0.5, 0.3)
    assert (stopping.kept, save) == ([2], False)
    assert after(0, 0.1, 0.5)[1] is False and after(0, 0.1, 0.5)[0].kept == []


def test_a_step_without_an_evaluation_decides_nothing() -> None:
    stopping = EarlyStopping(EvalConfig(every=2, early_stopping_patience=1), held_out=3)
    state = RunState(step=3, evaluations=[{"step": 0, "overall": 0.5}, {"step": 2, "overall": 0.4}])
    assert stopping.observe(state) is False and not stopping.ends


def test_patience_that_could_count_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"set eval\.every"):
        EvalConfig(early_stopping_patience=2)
    with pytest.raises(ConfigError, match="evaluations, or 0"):
        EvalConfig(every=1, early_stopping_patience=-1)
    with pytest.raises(ConfigError, match="needs held-out questions"):
        EarlyStopping(EvalConfig(every=1, early_stopping_patience=2), held_out=0)
