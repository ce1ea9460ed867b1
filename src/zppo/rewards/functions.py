"""Reward functions as scorers: rollouts -> **reward functions** -> groups.

The signature is that of TRL's trainers, `f(prompts, completions, **columns) -> list[float | None]`, so that functions
written for them can be used here. Their other arguments are passed too (`call.py`).
"""

import asyncio
import inspect
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from zppo.custom import load_callable
from zppo.errors import ConfigError, RewardError
from zppo.loop import BackgroundLoop
from zppo.rewards.call import CONTRACT, LARGEST, arguments_of, noting, rewards_in
from zppo.rewards.extraction import BOXED, Extractor
from zppo.rewards.graded import Graded
from zppo.rewards.routing import RoutedScorer
from zppo.types import Question, Rollout

RewardFunction = Callable[..., Any]


class RewardFunctions:
    """The weighted sum of one or more reward functions; None from any of them leaves the sample unscored.

    Coroutine functions run concurrently on one event loop in its own thread. The loop is the same in every call
    (clients keep their connections) and independent of a loop that runs in the caller.
    """

    def __init__(self, functions: Sequence[RewardFunction], weights: Sequence[float] | None = None) -> None:
        """`weights` default to 1.0 each. Raises ConfigError when they do not match or something is not callable."""
        weights = [1.0] * len(functions) if weights is None else list(weights)
        if not functions or len(weights) != len(functions):
            raise ConfigError(f"{len(functions)} reward functions with {len(weights)} weights; give one for each")
        for function in functions:
            if not callable(function):
                raise ConfigError(f"a reward function must be callable, not {function!r}; see zppo.rewards.functions")
        self.functions, self.weights = dict(zip(_names(functions), functions, strict=True)), weights
        self.trainer_state: Callable[[], Any] = lambda: None
        """Returns the `trainer_state` of the next call; set by a trainer."""
        self._logged: dict[str, list[float]] = {}
        self._loop: BackgroundLoop | None = None

    def __call__(self, questions: Sequence[Question], responses: Sequence[str]) -> list[float | None]:
        return self.score(questions, [Rollout([], response) for response in responses])

    def score(self, questions: Sequence[Question], rollouts: Sequence[Rollout]) -> list[float | None]:
        """Weighted sum of each rollout's rewards. Raises RewardError, naming the function, when one fails or returns
        invalid rewards, or when their weighted sum is invalid.
        """
        return [self._total(rewards) for rewards in self._rewards(questions, rollouts)]

    def grade(
        self, questions: Sequence[Question], responses: Sequence[str], extract: Extractor = BOXED
    ) -> list[Graded]:
        """The scores with each function's reward as the reason; the answer is read by `extract`."""
        given = self._rewards(questions, [Rollout([], response) for response in responses])
        reasons = [
            ", ".join(
                f"{name}: {'unscored' if r is None else f'{r:g}'}"
                for name, r in zip(self.functions, rewards, strict=True)
            )
            for rewards in given
        ]
        return [
            Graded(self._total(rewards), reason, extract(response))
            for rewards, reason, response in zip(given, reasons, responses, strict=True)
        ]

    def metrics(self) -> dict[str, float]:
        """The means since the last call of this: of each function's rewards, unweighted, and of its logged values."""
        logged, self._logged = self._logged, {}
        return {f"reward/{name}": sum(values) / len(values) for name, values in logged.items()}

    def close(self) -> None:
        """Stop the event loop of coroutine functions. A later call starts a new one."""
        if self._loop is not None:
            self._loop.stop()
        self._loop = None

    def _total(self, rewards: Sequence[float | None]) -> float | None:
        known = [weight * r for weight, r in zip(self.weights, rewards, strict=True) if r is not None]
        if len(known) < len(rewards):
            return None
        if not abs(total := sum(known)) <= LARGEST:  # in this order also for a nan
            raise RewardError(
                f"the rewards of {', '.join(self.functions)}, weighted by {self.weights}, add up to {total:g}, beyond "
                f"{LARGEST:g}; give smaller rewards or weights"
            )
        return total

    def _rewards(self, questions: Sequence[Question], rollouts: Sequence[Rollout]) -> list[tuple[float | None, ...]]:
        """The rewards of each rollout, in the order of the functions."""
        if len(questions) != len(rollouts):
            raise ValueError(f"{len(questions)} questions with {len(rollouts)} responses")
        if not rollouts:
            return []  # without a question there are no columns for the call
        arguments = arguments_of(questions, rollouts)
        arguments |= {"trainer_state": self.trainer_state(), "log_extra": noting(rollouts), "log_metric": self._log}
        texts = [rollout.text for rollout in rollouts]
        rewards = {name: rewards_in(result, name, texts) for name, result in self._results(arguments).items()}
        for name in self.functions:
            for reward in rewards[name]:
                if reward is not None:
                    self._log(name, reward)
        return list(zip(*(rewards[name] for name in self.functions), strict=True))

    def _log(self, name: str, value: float) -> None:
        self._logged.setdefault(name, []).append(float(value))

    def _results(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The result of each function, by name."""
        results: dict[str, Any] = {}
        try:
            for name, function in self.functions.items():
                with _blamed(name, arguments):
                    results[name] = function(**arguments)
        except RewardError:
            for result in filter(inspect.iscoroutine, results.values()):
                result.close()  # it will not be awaited
            raise
        waiting = {name: result for name, result in results.items() if inspect.isawaitable(result)}
        return results | (self._waited_for(waiting, arguments) if waiting else {})

    def _waited_for(self, waiting: dict[str, Awaitable[Any]], arguments: dict[str, Any]) -> dict[str, Any]:
        async def finish(name: str, result: Awaitable[Any]) -> Any:
            with _blamed(name, arguments):
                return await result

        async def finish_all() -> dict[str, Any]:
            tasks = [asyncio.ensure_future(finish(*each)) for each in waiting.items()]
            try:
                return dict(zip(waiting, await asyncio.gather(*tasks), strict=True))
            finally:
                for task in tasks:
                    task.cancel()  # when one fails, the others are not awaited

        if self._loop is None or not self._loop.alive:
            self._loop = BackgroundLoop("zppo-rewards")
        return self._loop.wait_for(finish_all())


def as_scorer(
    reward_funcs: RewardFunction | Sequence[RewardFunction] | None = None,
) -> RoutedScorer | RewardFunctions:
    """The scorer of a `reward_funcs` argument: None is the method's own; a function or a list is adapted."""
    if reward_funcs is None:
        return RoutedScorer()
    if isinstance(reward_funcs, RoutedScorer | RewardFunctions):
        return reward_funcs
    return RewardFunctions(list(reward_funcs) if isinstance(reward_funcs, list | tuple) else [reward_funcs])  # type: ignore[list-item]


def load_functions(
    named: Sequence[str], weights: Sequence[float] = (), option: str = "rewards.functions"
) -> RewardFunctions:
    """The functions that an option names. Raises ConfigError naming the one that cannot be loaded or called."""
    return RewardFunctions([load_callable(option, each) for each in named], weights or None)


@contextmanager
def _blamed(name: str, arguments: dict[str, Any]) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        texts = all(isinstance(completion, str) for completion in arguments["completions"])
        raise RewardError(
            f"reward function {name!r} raised {type(error).__name__}: {error}. It is called with the keyword arguments "
            f"{', '.join(arguments)}; completions are {'strings' if texts else 'lists of one message'}. {CONTRACT}"
        ) from error


def _names(functions: Sequence[RewardFunction]) -> list[str]:
    """Name of each function, with a number if an earlier one has the same."""
    plain = [str(getattr(function, "__name__", type(function).__name__)) for function in functions]
    seen: Counter[str] = Counter()
    names: list[str] = []
    for name in plain:
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return names
