"""The call of a reward function: what goes in for questions and rollouts, and what may come out.

As in TRL's `GRPOTrainer._calculate_rewards` (1.16): everything by keyword.
"""

import math
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from numbers import Real
from typing import Any

from zppo.errors import RewardError
from zppo.types import Question, Rollout

LARGEST = 1e30
"""Squares of rewards are summed for their deviation, and advantages are kept in single precision: both stay finite."""
CONTRACT = "Return one finite number, or None for unscored, per completion, in their order; none beyond 1e30."


def arguments_of(questions: Sequence[Question], rollouts: Sequence[Rollout]) -> dict[str, Any]:
    """Lists of one length: the questions' columns, `prompts`, `completions`, `completion_ids` and `answer`.

    Where the row's prompt is a conversation, so are prompt and completion; else they are texts. The ids are those that
    were sampled: none for a response of which a server gave only the text. The answer is as it was in the row.
    """
    names = dict.fromkeys(name for question in questions for name in question.fields)
    columns: dict[str, list[Any]] = {name: [question.fields.get(name) for question in questions] for name in names}
    return columns | {
        "prompts": [list(question.messages) or question.text for question in questions],
        "completions": [
            [{"role": "assistant", "content": rollout.text}] if question.messages else rollout.text
            for question, rollout in zip(questions, rollouts, strict=True)
        ],
        "completion_ids": [rollout.token_ids for rollout in rollouts],
        "answer": [question.fields.get("answer", question.answer) for question in questions],
    }


def noting(rollouts: Sequence[Rollout]) -> Callable[[str, Sequence[Any]], None]:
    """TRL's `log_extra`: puts one value of a column into the notes of each rollout."""

    def log_extra(column: str, values: Sequence[Any]) -> None:
        if len(values) != len(rollouts):
            raise ValueError(f"log_extra({column!r}) was given {len(values)} values for {len(rollouts)} completions")
        for rollout, value in zip(rollouts, values, strict=True):
            rollout.notes[column] = value if _is_json(value) else str(value)

    return log_extra


def rewards_in(result: Any, name: str, responses: Sequence[str]) -> list[float | None]:
    """The rewards in what function `name` returned. Raises RewardError, with the completion where it is about one."""
    values = result.tolist() if hasattr(result, "tolist") else result  # arrays and tensors
    # A set has no order, a mapping's keys are no rewards.
    if not isinstance(values, Iterable) or isinstance(values, str | bytes | Mapping | Set):
        raise RewardError(
            f"reward function {name!r} returned {type(result).__name__} for {len(responses)} completions. {CONTRACT}"
        )
    values = list(values)
    if len(values) != len(responses):
        raise RewardError(
            f"reward function {name!r} returned {len(values)} values for {len(responses)} completions. {CONTRACT}"
        )
    return [_reward(value, name, index, responses[index]) for index, value in enumerate(values)]


def _reward(value: Any, name: str, index: int, response: str) -> float | None:
    if value is None:
        return None
    try:
        number = value.item() if hasattr(value, "item") else value
        if isinstance(number, Real) and abs(float(number)) <= LARGEST:
            return float(number)
    except (ValueError, RuntimeError, OverflowError):  # an array of several numbers, an integer beyond all floats
        pass
    where = f"completion {index} ({response[:60]!r})"
    raise RewardError(f"reward function {name!r} returned {reprlib.repr(value)} for {where}. {CONTRACT}")


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
