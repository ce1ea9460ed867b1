"""Text engines for tests: scripted ones, and policy engines asked for whole groups."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from zppo.engines.base import PolicyEngine, Priority, ask_all
from zppo.engines.deferred import DeferredQueue, Waiting
from zppo.engines.local import LocalText
from zppo.engines.scripted import ByteRenderer, Script, ScriptedEngine
from zppo.types import Group, Prompt, Sampling

BYTES = ByteRenderer()


def rolled_out(engine: Any, prompts: Sequence[Prompt], n: int, sampling: Sampling) -> list[Group]:
    """The groups of a policy engine that has a renderer, or of a scripted one, in order."""
    return ask_all(LocalText(engine, getattr(engine, "renderer", BYTES)), prompts, n, sampling)


class ScriptedText:
    """Says what a script tells it to. Tests override `generate`, which answers what is asked together."""

    parameters: int | None = None
    works_ahead = False

    def __init__(self, script: Script, engine: PolicyEngine | None = None) -> None:
        self._local = LocalText(engine or ScriptedEngine(script), BYTES)
        self._queue = DeferredQueue(self._answer)

    @property
    def prompts(self) -> list[Prompt]:
        return self._local.engine.prompts  # type: ignore[attr-defined]

    def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling) -> list[Group]:
        return ask_all(self._local, prompts, n, sampling)

    def check(self) -> None: ...

    def fits(self, prompt: Prompt, sampling: Sampling) -> bool:
        return True

    def submit(self, prompt: Prompt, n: int, sampling: Sampling, priority: Priority | None = None) -> "Future[Group]":
        return self._queue.submit(prompt, n, sampling, priority)

    def metrics(self) -> dict[str, float]:
        return {}

    def close(self) -> None: ...

    def _answer(self, batch: Sequence[Waiting]) -> None:
        groups = self.generate([each.subject for each in batch], batch[0].n, batch[0].sampling)
        for each, group in zip(batch, groups, strict=True):
            each.future.set_result(group)


class Offline(ScriptedText):
    """Cannot be reached: no response comes."""

    def __init__(self) -> None:
        super().__init__(lambda prompt, n, visit: [])

    def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling) -> list[Group]:
        return [Group(prompt, []) for prompt in prompts]
