"""What evaluation asks of sampling beyond temperature, top-p and top-k."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import torch
from texts import rolled_out
from transformers import GenerationConfig

from zppo.config import EndpointConfig
from zppo.engines.decoding import Draw, PresencePenalty, processors
from zppo.engines.endpoint import EndpointEngine
from zppo.engines.transformers import TransformersEngine
from zppo.models.renderer import Renderer
from zppo.types import Prompt, Question, Sampling

PROMPT = Prompt("plain", Question("q", "a a a", "1"), "a a a")


@pytest.fixture(scope="module")
def engine(new_model: Callable[..., Any], tokenizer: Any) -> TransformersEngine:
    return TransformersEngine(new_model(seed=1), Renderer(tokenizer), batch_size=8)


def sampled(engine: TransformersEngine, **options: Any) -> list[list[int]]:
    sampling = Sampling(**({"max_tokens": 12, "temperature": 1.0, "seed": 4} | options))
    return [rollout.token_ids for rollout in rolled_out(engine, [PROMPT], 24, sampling)[0].rollouts]


def test_the_presence_penalty_lowers_what_was_sampled_once_and_nothing_of_the_prompt() -> None:
    scores = torch.zeros(2, 6)
    ids = torch.tensor([[0, 1, 2, 2, 3], [0, 1, 4, 4, 4]])
    assert PresencePenalty(1.5, begin=2)(ids, scores).tolist() == [[0, 0, -1.5, -1.5, 0, 0], [0, 0, 0, 0, -1.5, 0]]
    assert PresencePenalty(1.5, begin=5)(ids, scores).tolist() == scores.tolist()


def test_a_huge_presence_penalty_lets_no_token_come_twice(engine: TransformersEngine) -> None:
    assert any(len(set(ids)) < len(ids) for ids in sampled(engine))
    assert all(len(set(ids)) == len(ids) for ids in sampled(engine, presence_penalty=1e4))


def test_the_penalty_applies_before_the_temperature(engine: TransformersEngine, tokenizer: Any) -> None:
    """As in vLLM: at temperature T the difference between two logits is changed by penalty / T."""
    seen = []

    class Look(PresencePenalty):
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            seen.append(scores.clone())
            return super().__call__(input_ids, scores)

    ids = torch.tensor([rolled_out(engine, [PROMPT], 1, Sampling(max_tokens=1))[0].prompt_ids])
    config = GenerationConfig(
        do_sample=True, temperature=0.5, top_k=0, max_new_tokens=1, eos_token_id=0, pad_token_id=0
    )
    engine.model.generate(input_ids=ids, generation_config=config, logits_processor=[Look(1.0, ids.shape[1])])
    kinds = [type(each).__name__ for each in processors(Sampling(temperature=0.5, presence_penalty=1.0), 3, Draw([0]))]
    assert kinds == ["PresencePenalty", "TemperatureLogitsWarper", "Draw"]
    with torch.no_grad():
        raw = engine.model(input_ids=ids).logits[:, -1].float()
    assert torch.allclose(seen[0], raw, atol=1e-4)


def test_a_huge_repetition_penalty_avoids_the_prompts_tokens_too(engine: TransformersEngine) -> None:
    prompt = set(rolled_out(engine, [PROMPT], 1, Sampling(max_tokens=1))[0].prompt_ids)
    assert any(prompt & set(ids) for ids in sampled(engine))
    greedy = {"temperature": 0.0, "max_tokens": 60}
    assert sampled(engine, **greedy) != sampled(engine, **greedy, repetition_penalty=50.0)


def test_min_p_one_leaves_the_likeliest_token_only(engine: TransformersEngine) -> None:
    assert sampled(engine, min_p=1.0) == sampled(engine, temperature=0.0)


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    probabilities = torch.tensor([0.5, 0.0, 0.3, 0.2])
    rows = 20_000
    left = Draw(range(rows))(torch.zeros(rows, 0, dtype=torch.long), probabilities.log().repeat(rows, 1))
    assert (left > -torch.inf).sum(-1).tolist() == [1] * rows
    shares = torch.bincount(left.argmax(-1), minlength=4) / rows
    assert torch.allclose(shares, probabilities, atol=0.015) and shares[1] == 0


def test_a_number_next_to_one_draws_the_last_token_that_is_possible() -> None:
    draw = Draw([0])
    draw._generators[0].random = lambda: 1 - 2**-53  # type: ignore[method-assign]
    logits = torch.tensor([[0.0, 1.0, 0.5, -torch.inf]])
    assert draw(torch.zeros(1, 0, dtype=torch.long), logits).argmax() == 2


def test_neutral_values_change_nothing(engine: TransformersEngine) -> None:
    assert sampled(engine) == sampled(engine, min_p=0.0, presence_penalty=0.0, repetition_penalty=1.0)


def test_a_server_is_told_what_is_not_neutral_and_nothing_else() -> None:
    endpoint = EndpointEngine(EndpointConfig(("http://localhost:1/v1",), "m"))
    plain = asyncio.run(endpoint._request(PROMPT, Sampling(), 0))
    assert not {"presence_penalty", "extra_body"} & plain.keys()
    asked = Sampling(top_k=20, min_p=0.1, presence_penalty=1.5, repetition_penalty=1.1)
    full = asyncio.run(endpoint._request(PROMPT, asked, 0))
    assert full["presence_penalty"] == 1.5
    assert full["extra_body"] == {"top_k": 20, "min_p": 0.1, "repetition_penalty": 1.1}


def test_earlier_turns_stand_before_the_question(engine: TransformersEngine, tokenizer: Any) -> None:
    turns = ({"role": "user", "content": "b"}, {"role": "assistant", "content": "c"})
    prompt = Prompt("plain", PROMPT.question, "d", turns=turns)
    said = tokenizer.decode(rolled_out(engine, [prompt], 1, Sampling(max_tokens=1))[0].prompt_ids)
    assert said == (
        "<|im_start|>user\nb<|im_end|>\n<|im_start|>assistant\nc<|im_end|>\n"
        "<|im_start|>user\nd<|im_end|>\n<|im_start|>assistant\n"
    )
    endpoint = EndpointEngine(EndpointConfig(("http://localhost:1/v1",), "m"))
    asked = asyncio.run(endpoint._request(prompt, Sampling(), 0))
    assert asked["messages"] == [*turns, {"role": "user", "content": "d"}]
