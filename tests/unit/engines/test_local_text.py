"""A model in this process as an engine of texts: what waits is answered in one batch."""

from concurrent.futures import CancelledError
from typing import Any

import pytest
from contract import SHORT, TextEngineContract, prompts, unreadable
from sighted import new_processor, new_sighted
from texts import BYTES

from zppo.engines.base import EXPECTED, SPECULATIVE, Priority
from zppo.engines.local import LocalText
from zppo.engines.scripted import ScriptedEngine
from zppo.engines.transformers import local_text
from zppo.errors import DataError, EngineError
from zppo.types import Prefix, Prompt, Question, Sampling

PROCESSOR = new_processor()


class TestLocalText(TextEngineContract):
    @pytest.fixture
    def engine(self) -> LocalText:
        return local_text(new_sighted(PROCESSOR, seed=1), PROCESSOR, 8)


class Counting(ScriptedEngine):
    """Keeps what is asked together."""

    def __init__(self) -> None:
        super().__init__(lambda prompt, n, visit: ["yes"] * n)
        self.batches: list[list[str]] = []

    def generate(self, requests: Any, decoding: Any) -> Any:
        self.batches.append([request.prompt.text for request in requests])
        return super().generate(requests, decoding)


def test_what_is_urgent_is_answered_together_when_the_first_result_is_asked_for() -> None:
    engine = Counting()
    local, later = LocalText(engine, BYTES), Priority(SPECULATIVE)
    now, also, perhaps, likely = (
        local.submit(prompt, 1, SHORT, priority)
        for prompt, priority in zip(
            prompts("now", "also", "perhaps", "likely"), (None, Priority(), later, Priority(EXPECTED)), strict=True
        )
    )
    assert engine.batches == []
    assert also.result().rollouts and now.done() and not perhaps.done()
    later.rank = 0
    assert likely.result().rollouts and perhaps.done(), "urgent by now, and asked for"
    assert engine.batches == [["now", "also"], ["perhaps", "likely"]]


def test_what_is_cancelled_is_never_answered() -> None:
    engine = Counting()
    local = LocalText(engine, BYTES)
    one, other = (local.submit(prompt, 1, SHORT) for prompt in prompts("one", "other"))
    assert one.cancel()
    assert other.result().rollouts and engine.batches == [["other"]]
    with pytest.raises(CancelledError):
        one.result()


def test_an_engine_that_fails_fails_for_all_that_were_asked_together_and_can_be_asked_again() -> None:
    answers = iter([["too", "many"], ["yes"]])
    local = LocalText(ScriptedEngine(lambda prompt, n, visit: next(answers)), BYTES)
    one, other = (local.submit(prompt, 1, SHORT) for prompt in prompts("one", "other"))
    for future in (one, other):
        with pytest.raises(EngineError, match="gives 2 responses for 'one/plain'"):
            future.result()
    assert local.submit(prompts("again")[0], 1, SHORT).result().rollouts


def test_control_c_reaches_the_caller_and_nobody_waits_for_ever() -> None:
    def interrupted(prompt: Prompt, n: int, visit: int) -> list[str]:
        raise KeyboardInterrupt

    local = LocalText(ScriptedEngine(interrupted), BYTES)
    one, other = (local.submit(prompt, 1, SHORT) for prompt in prompts("one", "other"))
    with pytest.raises(KeyboardInterrupt):
        one.result()
    assert other.done()


def test_an_unreadable_image_fails_alone_in_its_batch() -> None:
    local = local_text(new_sighted(PROCESSOR), PROCESSOR, 8)
    bad, good = (local.submit(prompt, 1, SHORT) for prompt in (unreadable(), *prompts("one?")))
    assert good.result().rollouts
    assert isinstance(bad.exception(), DataError)


def test_a_prompt_fits_if_a_whole_response_ends_within_the_window() -> None:
    question = Question("q", "1+1?", "2")
    for prefix in (None, Prefix((5, 6), "ab")):  # which counts in the response
        prompt = Prompt("plain", question, "1+1?", prefix)
        local = LocalText(Counting(), BYTES, window=len(BYTES.read(prompt)) + 10)
        assert local.fits(prompt, Sampling(10)) and not local.fits(prompt, Sampling(11))


def test_the_window_of_a_loaded_model_is_that_of_its_config(new_model: Any, tokenizer: Any) -> None:
    local = local_text(new_model(), tokenizer, 8)
    (prompt,) = prompts("one?")
    room = 1024 - len(local.renderer.read(prompt))
    assert local.fits(prompt, Sampling(room)) and not local.fits(prompt, Sampling(room + 1))
    assert local.parameters == local.engine.model.num_parameters()  # type: ignore[attr-defined]
