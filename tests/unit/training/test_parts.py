"""The parts of a rollout step, as the options make them."""

from typing import Any

from zppo.models.renderer import Renderer
from zppo.training.parts import _fitting
from zppo.types import Prefix, Prompt, Question, Sampling


def test_a_prompt_fits_if_a_whole_response_ends_within_the_window(tokenizer: Any) -> None:
    renderer, question = Renderer(tokenizer), Question("q", "1+1?", "2")
    for prefix in (None, Prefix((5, 6), "ab")):  # which counts in the response
        prompt = Prompt("plain", question, "1+1?", prefix)
        window = len(renderer.read(prompt)) + 10
        assert _fitting(renderer, window, Sampling(10), [prompt]) == [prompt]
        assert _fitting(renderer, window, Sampling(11), [prompt]) == []
