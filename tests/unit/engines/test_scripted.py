"""The scripted engine keeps the contract of a student."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from contract import PolicyEngineContract

from zppo.engines.scripted import END, ByteRenderer, ScriptedEngine
from zppo.types import Prompt


class TestScriptedEngine(PolicyEngineContract):
    draws = False

    @pytest.fixture
    def said(self) -> list[str]:
        return ["yes"]

    @pytest.fixture
    def policy(self, said: list[str]) -> ScriptedEngine:
        def script(prompt: Prompt, n: int, visit: int) -> list[str]:
            return [f"{said[-1]} {i}" for i in range(n)]

        return ScriptedEngine(script)

    @pytest.fixture
    def renderer(self) -> ByteRenderer:
        return ByteRenderer()

    @pytest.fixture
    def ends(self) -> list[int]:
        return [END]

    @pytest.fixture
    def stops(self, said: list[str]) -> Callable[[int | None], Any]:
        @contextmanager
        def stopping(token: int | None) -> Iterator[None]:
            said.append("yes" if token == END else "and so on and on")
            yield
            said.pop()

        return stopping

    @pytest.fixture
    def logprobs_of(self) -> Callable[..., list[float]]:
        return lambda request, rollout, temperature: [0.0] * len(rollout.token_ids)
