"""A model in this process as a `TextEngine`: a local teacher, judge or rewriter, or a student that is evaluated."""

import math
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

from zppo.engines.base import PolicyEngine, Priority, Rendering, TokenRequest, refuse_logprobs, sample, token_request
from zppo.engines.deferred import DeferredQueue, Waiting
from zppo.errors import DataError
from zppo.types import Group, Prompt, Sampling


class LocalText:
    """Asks `engine` for what `renderer` reads. For one thread.

    `parameters` is the size of the model, `window` its context window in tokens. Futures are computed together when the
    first result is asked for: those of urgent requests, and the one asked for.
    """

    works_ahead = False

    def __init__(
        self, engine: PolicyEngine, renderer: Rendering, parameters: int | None = None, window: float = math.inf
    ) -> None:
        self.engine = engine
        self.renderer = renderer
        self.parameters = parameters
        self._window = window
        self._queue = DeferredQueue(self._answer)

    def check(self) -> None:
        """A loaded model can be asked."""

    def submit(self, prompt: Prompt, n: int, sampling: Sampling, priority: Priority | None = None) -> "Future[Group]":
        refuse_logprobs(sampling)
        return self._queue.submit(prompt, n, sampling, priority)

    def fits(self, prompt: Prompt, sampling: Sampling) -> bool:
        return len(self.renderer.read(prompt, sampling.thinking)) + sampling.max_tokens <= self._window

    def with_engine(self, engine: PolicyEngine) -> "LocalText":
        """The same model, asked through another engine."""
        return LocalText(engine, self.renderer, self.parameters, self._window)

    def metrics(self) -> dict[str, float]:
        return {}

    def close(self) -> None:
        self._queue.close()
        self.engine.close()

    def _answer(self, batch: Sequence[Waiting]) -> None:
        requests: dict[Sampling, list[tuple[Waiting, TokenRequest]]] = {}
        for each in batch:
            try:
                request = token_request(self.renderer, each.subject, each.n, each.sampling)
            except DataError as error:  # one question's affair
                each.future.set_exception(error)
            else:
                requests.setdefault(replace(each.sampling, seed=0), []).append((each, request))
        for decoding, asked in requests.items():
            for place, group in sample(self.engine, self.renderer, [request for _, request in asked], decoding):
                asked[place][0].future.set_result(group)
