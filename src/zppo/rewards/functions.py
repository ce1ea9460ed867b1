"""Reward functions as verdicts: rollouts -> **reward functions** -> groups.

The signature is TRL's, `f(prompts, completions, **columns) -> list[float | None]`, so that functions written for its
trainers can be used here. Completions are plain strings.
"""

import inspect
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from numbers import Real
from typing import Any

from zppo.errors import ConfigError, RewardError
from zppo.loop import BackgroundLoop
from zppo.rewards.routing import RoutedVerdict
from zppo.rewards.verdict import BoxedVerdict
from zppo.types import Question

RewardFunction = Callable[..., Any]
_CONTRACT = "Return one finite number, or None for unscored, per completion, in their order."


class RewardFunctions:
    """The weighted sum of one or more reward functions; None from any of them leaves the sample unscored.

    Each is called with `prompts` (question texts), `completions` (responses), `answer` and the questions' other
    columns, all lists of one length. Coroutine functions run on one event loop in a thread of their own, which stays
    the same from call to call (clients keep their connections) and does not mind a loop that runs in the caller.
    """

    def __init__(self, functions: Sequence[RewardFunction], weights: Sequence[float] | None = None) -> None:
        """`weights` default to 1.0 each. Raises ConfigError when they do not match or something is not callable."""
        weights = [1.0] * len(functions) if weights is None else list(weights)
        if not functions or len(weights) != len(functions):
            raise ConfigError(f"{len(functions)} reward functions with {len(weights)} weights; give one for each")
        for function in functions:
            if not callable(function):
                raise ConfigError(f"a reward function must be callable, not {function!r}; see zppo.rewards.functions")
        self.functions, self.weights = list(functions), weights
        self._scored: dict[str, list[float]] = {}
        self._loop: BackgroundLoop | None = None

    def __call__(self, questions: Sequence[Question], responses: Sequence[str]) -> list[float | None]:
        arguments = _arguments(questions, responses)
        if not responses:
            return []  # without a question there are no columns to call a function with
        totals: list[float | None] = [0.0] * len(responses)
        for function, weight in zip(self.functions, self.weights, strict=True):
            rewards = self._rewards(function, arguments, responses)
            totals = [None if t is None or r is None else t + weight * r for t, r in zip(totals, rewards, strict=True)]
            self._scored.setdefault(f"reward/{_name(function)}", []).extend(r for r in rewards if r is not None)
        return totals

    def metrics(self) -> dict[str, float]:
        """The mean reward of each function over the samples scored since the last call of this, unweighted."""
        scored, self._scored = self._scored, {}
        return {name: sum(rewards) / len(rewards) for name, rewards in scored.items() if rewards}

    def close(self) -> None:
        """Stops the event loop of coroutine functions. A later call starts a new one."""
        if self._loop is not None:
            self._loop.stop()
        self._loop = None

    def _rewards(
        self, function: RewardFunction, arguments: dict[str, list[Any]], responses: Sequence[str]
    ) -> list[float | None]:
        name = _name(function)
        try:
            result = function(**arguments)
            if inspect.isawaitable(result):
                result = self._wait_for(result)
        except Exception as error:
            raise RewardError(
                f"reward function {name!r} raised {type(error).__name__}: {error}. It is called with the keyword "
                f"arguments {', '.join(arguments)} (lists; completions are strings). {_CONTRACT}"
            ) from error
        values = _as_list(result)
        if values is None or len(values) != len(responses):
            got = f"{len(values)} values" if values is not None else f"{type(result).__name__}"
            raise RewardError(f"reward function {name!r} returned {got} for {len(responses)} completions. {_CONTRACT}")
        return [_checked(value, name, index, responses[index]) for index, value in enumerate(values)]

    def _wait_for(self, result: Awaitable[Any]) -> Any:
        async def finish() -> Any:
            return await result

        if self._loop is None or not self._loop.alive:
            self._loop = BackgroundLoop("zppo-rewards")
        return self._loop.wait_for(finish())


def as_verdict(
    reward_funcs: RewardFunction | Sequence[RewardFunction] | None = None,
) -> RoutedVerdict | BoxedVerdict | RewardFunctions:
    """The verdict meant by a `reward_funcs` argument: None is the method's own, a function or a list is adapted."""
    if reward_funcs is None:
        return RoutedVerdict()
    if isinstance(reward_funcs, RoutedVerdict | BoxedVerdict | RewardFunctions):
        return reward_funcs
    return RewardFunctions(list(reward_funcs) if isinstance(reward_funcs, list | tuple) else [reward_funcs])  # type: ignore[list-item]


def _arguments(questions: Sequence[Question], responses: Sequence[str]) -> dict[str, list[Any]]:
    if len(questions) != len(responses):
        raise ValueError(f"{len(questions)} questions with {len(responses)} responses")
    columns: dict[str, list[Any]] = {
        name: [q.fields.get(name) for q in questions] for name in dict.fromkeys(n for q in questions for n in q.fields)
    }
    own = {
        "prompts": [q.text for q in questions],
        "completions": list(responses),
        "answer": [q.answer for q in questions],
    }
    return columns | own


def _as_list(result: Any) -> list[Any] | None:
    result = result.tolist() if hasattr(result, "tolist") else result  # arrays and tensors
    return list(result) if isinstance(result, Iterable) and not isinstance(result, str | bytes | dict) else None


def _checked(value: Any, name: str, index: int, response: str) -> float | None:
    value = value.item() if hasattr(value, "item") else value
    if value is None:
        return None
    if isinstance(value, Real) and math.isfinite(value):
        return float(value)
    where = f"completion {index} ({response[:60]!r})"
    raise RewardError(f"reward function {name!r} returned {value!r} for {where}. {_CONTRACT}")


def _name(function: RewardFunction) -> str:
    return getattr(function, "__name__", type(function).__name__)
