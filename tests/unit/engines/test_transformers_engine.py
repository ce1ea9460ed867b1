"""Sampling in this process: what is fed, what is sampled, and what is left behind."""

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from contract import PolicyEngineContract
from sighted import new_processor, new_sighted
from texts import rolled_out
from transformers import GenerationConfig, GPT2Config, LlamaConfig, MambaConfig, Qwen2Config, Qwen3_5Config

from zppo.engines.base import TokenRequest
from zppo.engines.transformers import TransformersEngine
from zppo.errors import EngineError
from zppo.models.loading import context_window
from zppo.models.renderer import Renderer
from zppo.types import Group, Prefix, Prompt, Question, Rollout, Sampling, Thinking

TEXTS = ("12 + 30 = ?", "a", "a much longer question, with many more words than the others have, ?", "b c", "7?")
FULL, HYBRID = ("full_attention",) * 2, ("linear_attention", "full_attention")


def prompts(*texts: str) -> list[Prompt]:
    return [Prompt("plain", Question(t, t, "1"), t) for t in texts or TEXTS]


def ids(groups: list[Group]) -> list[list[list[int]]]:
    return [[r.token_ids for r in g.rollouts] for g in groups]


@pytest.fixture(scope="module")
def model(new_model: Callable[..., Any]) -> Any:
    return new_model(seed=1)


@pytest.fixture
def engine(model: Any, tokenizer: Any) -> TransformersEngine:
    return TransformersEngine(model, Renderer(tokenizer), batch_size=8)


@contextmanager
def shifted(model: Any, **by: tuple[int, float]) -> Iterator[None]:
    """Logits with something added to single tokens."""

    def shift(module: Any, args: Any, logits: torch.Tensor) -> torch.Tensor:
        for token, amount in by.values():
            logits[..., token] += amount
        return logits

    hook = model.lm_head.register_forward_hook(shift)
    yield
    hook.remove()


@contextmanager
def inputs_of(model: Any) -> Iterator[list[tuple[int, int]]]:
    """(rows, length) of every forward pass."""
    seen: list[tuple[int, int]] = []
    hook = model.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    yield seen
    hook.remove()


class TestTransformersEngine(PolicyEngineContract):
    """With two end tokens, of which the tokenizer knows one."""

    @pytest.fixture
    def policy(self, model: Any, tokenizer: Any) -> TransformersEngine:
        return TransformersEngine(model, Renderer(tokenizer), batch_size=8)

    @pytest.fixture
    def renderer(self, policy: TransformersEngine) -> Renderer:
        return policy.renderer

    @pytest.fixture
    def ends(self, policy: TransformersEngine) -> list[int]:
        vocabulary = policy.renderer.tokenizer.get_vocab()
        return [vocabulary[name] for name in ("<|im_end|>", "<|stop|>") if name in vocabulary]

    @pytest.fixture
    def stops(self, policy: TransformersEngine, ends: list[int]) -> Callable[[int | None], Any]:
        def stopping(token: int | None) -> Any:
            shifts = {end: (end, 2.0 if end == token else -1e4) for end in ends}
            return shifted(policy.model, **{str(end): shift for end, shift in shifts.items()})

        return stopping

    @pytest.fixture
    def logprobs_of(self, policy: TransformersEngine) -> Callable[[TokenRequest, Rollout, float], list[float]]:
        def computed(request: TokenRequest, rollout: Rollout, temperature: float) -> list[float]:
            policy.model.base_model.rope_deltas = None
            with torch.no_grad():
                ids = torch.tensor([[*request.prompt_ids, *rollout.token_ids]])
                logits = policy.model(input_ids=ids).logits[0, len(request.prompt_ids) - 1 : -1]
            logits[:, policy._banned] = -torch.inf
            logp = (logits / temperature).log_softmax(-1)
            return logp.gather(1, torch.tensor(rollout.token_ids)[:, None])[:, 0].tolist()

        return computed


class TestTransformersEngineThatSees(TestTransformersEngine):
    reads_media = True

    @pytest.fixture
    def policy(self) -> TransformersEngine:
        processor = new_processor()
        return TransformersEngine(new_sighted(processor, seed=1), Renderer(processor), batch_size=8)


def test_a_prompt_is_what_the_chat_template_makes_of_it(engine: TransformersEngine, tokenizer: Any) -> None:
    for group in rolled_out(engine, prompts(), 1, Sampling(max_tokens=1)):
        rendered = f"<|im_start|>user\n{group.prompt.text}<|im_end|>\n<|im_start|>assistant\n"
        assert tokenizer.decode(group.prompt_ids) == rendered
        message = [{"role": "user", "content": group.prompt.text}]
        expected = tokenizer.apply_chat_template(message, add_generation_prompt=True, return_dict=True)["input_ids"]
        assert group.prompt_ids == expected


@pytest.mark.parametrize(
    ("default", "openings"),
    [
        ("true", {"on": "<think>\n", "off": "<think></think>", "template": "<think>\n"}),
        ("false", {"on": "<think>\n", "off": "<think></think>", "template": "<think></think>"}),
    ],
)
def test_a_chat_template_is_told_whether_to_think_or_left_to_its_own_default(
    model: Any, tokenizer: Any, default: str, openings: dict[Thinking, str]
) -> None:
    """Qwen3.5's larger templates think by default, the smaller ones do not."""
    thinker = copy.deepcopy(tokenizer)
    thinker.chat_template = (
        "{{ messages[0].content }}: {% if enable_thinking | default(" + default + ") %}<think>\n{% else %}"
        "<think></think>{% endif %}"
    )
    engine = TransformersEngine(model, Renderer(thinker))
    assert engine.renderer.switches_thinking
    for thinking, opening in openings.items():
        (group,) = rolled_out(engine, prompts("7?"), 1, Sampling(max_tokens=1, thinking=thinking))
        assert tokenizer.decode(group.prompt_ids) == f"7?: {opening}"
        assert group.rollouts[0].opened == (opening if opening == "<think>\n" else "")
        assert engine.renderer.length(prompts("7?")[0], lambda medium: (0, 0), thinking) == len(group.prompt_ids)


def test_an_end_token_at_the_very_limit_is_a_stop(engine: TransformersEngine, model: Any, tokenizer: Any) -> None:
    with shifted(model, end=(tokenizer.eos_token_id, 1e4)):
        (group,) = rolled_out(engine, prompts("7?"), 2, Sampling(max_tokens=1))
    assert [(r.token_ids, r.finish_reason) for r in group.rollouts] == [([tokenizer.eos_token_id], "stop")] * 2


def test_media_tokens_are_never_sampled(engine: TransformersEngine, model: Any, tokenizer: Any) -> None:
    token = tokenizer.convert_tokens_to_ids("<|image_pad|>")
    with shifted(model, image=(token, 1e4)):
        groups = rolled_out(engine, prompts(), 8, Sampling(max_tokens=8))
    assert token not in {t for g in groups for r in g.rollouts for t in r.token_ids}


def test_media_tokens_that_only_the_model_config_names_are_never_sampled(
    new_model: Callable[..., Any], tokenizer: Any
) -> None:
    model = new_model(seed=1)
    model.config.image_token_id = 77
    with shifted(model, image=(77, 1e4)):
        groups = rolled_out(TransformersEngine(model, Renderer(tokenizer)), prompts(), 4, Sampling(max_tokens=4))
    assert 77 not in {t for g in groups for r in g.rollouts for t in r.token_ids}


def test_each_prompt_is_read_once_and_then_one_token_at_a_time(engine: TransformersEngine, model: Any) -> None:
    with inputs_of(model) as seen:
        groups = rolled_out(engine, prompts("12?", "13?"), 4, Sampling(max_tokens=5))
    assert seen[0] == (2, len(groups[0].prompt_ids) - 1)
    assert set(seen[1:]) == {(8, 1)}


@pytest.mark.parametrize(("batch_size", "rounds"), [(1, 6), (4, 2), (5, 2), (6, 1), (100, 1)])
def test_groups_larger_than_a_batch_are_sampled_in_rounds(
    batch_size: int, rounds: int, model: Any, tokenizer: Any
) -> None:
    engine = TransformersEngine(model, Renderer(tokenizer), batch_size)
    with inputs_of(model) as seen:
        (group,) = rolled_out(engine, prompts("7?"), 6, Sampling(max_tokens=3, temperature=2.0))
    assert len(group.rollouts) == 6
    assert max(rows for rows, _ in seen) <= batch_size
    assert sum(length > 1 for _, length in seen) == rounds
    assert len({tuple(r.token_ids) for r in group.rollouts}) > 1


@pytest.mark.parametrize("layers", [FULL, HYBRID], ids=["full", "hybrid"])
def test_padding_and_batching_do_not_change_what_is_sampled(
    layers: tuple[str, ...], new_model: Callable[..., Any], tokenizer: Any
) -> None:
    """With top-k 1 a response is determined: it equals plain unbatched decoding without any cache."""
    model = new_model(seed=2, layers=layers)
    groups = rolled_out(
        TransformersEngine(model, Renderer(tokenizer), batch_size=10), prompts(), 2, Sampling(8, top_k=1)
    )
    assert len({len(g.prompt_ids) for g in groups}) > 2
    banned = tokenizer.convert_tokens_to_ids("<|image_pad|>")
    for group in groups:
        expected: list[int] = []
        while len(expected) < 8 and not set(expected) & set(model.generation_config.eos_token_id):
            with torch.no_grad():
                logits = model(torch.tensor([group.prompt_ids + expected])).logits[0, -1]
            logits[banned] = -torch.inf
            expected.append(int(logits.argmax()))
        assert [r.token_ids for r in group.rollouts] == [expected, expected]
    assert len({tuple(g.rollouts[0].token_ids) for g in groups}) > 1


@pytest.mark.parametrize("layers", [FULL, HYBRID], ids=["full", "hybrid"])
def test_tokens_are_drawn_from_the_distribution_of_the_model(
    layers: tuple[str, ...], new_model: Callable[..., Any], tokenizer: Any
) -> None:
    """First-token frequencies of many rollouts against the softmax at the sampling temperature."""
    model = new_model(seed=2, layers=layers)
    groups = rolled_out(
        TransformersEngine(model, Renderer(tokenizer), 2000), prompts("7?", TEXTS[2]), 1000, Sampling(1, 0.2)
    )
    for group in groups:
        with torch.no_grad():
            logits = model(torch.tensor([group.prompt_ids])).logits[0, -1]
        logits[tokenizer.convert_tokens_to_ids("<|image_pad|>")] = -torch.inf
        expected = torch.softmax(logits / 0.2, -1)
        counts = torch.bincount(torch.tensor([r.token_ids[0] for r in group.rollouts]), minlength=len(expected))
        assert expected.max() > 0.15
        assert (counts / 1000 - expected).abs().max() < 0.06


def test_generation_defaults_of_the_checkpoint_do_not_leak_into_sampling(
    new_model: Callable[..., Any], tokenizer: Any
) -> None:
    model = new_model(seed=1)
    engine = TransformersEngine(model, Renderer(tokenizer))
    plain = ids(rolled_out(engine, prompts(), 4, Sampling(max_tokens=8)))
    defaults = GenerationConfig(
        repetition_penalty=5.0, min_p=0.9, no_repeat_ngram_size=1, bad_words_ids=[[5], [6]], top_k=2, temperature=0.1,
        min_new_tokens=8, eos_token_id=model.generation_config.eos_token_id,
    )  # fmt: skip
    model.generation_config = defaults
    assert ids(rolled_out(engine, prompts(), 4, Sampling(max_tokens=8))) == plain
    assert model.generation_config is defaults


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_mode_and_global_rng_are_left_as_they_were(
    training: bool, fails: bool, new_model: Callable[..., Any], tokenizer: Any
) -> None:
    model = new_model(seed=1)
    engine = TransformersEngine(model, Renderer(tokenizer))
    model.train(training)
    modes: list[bool] = []

    def watch(module: Any, args: Any) -> None:
        modes.append(module.training)
        if fails:
            raise KeyboardInterrupt

    model.register_forward_pre_hook(watch)
    before, defaults = torch.random.get_rng_state(), model.generation_config
    try:
        rolled_out(engine, prompts(), 2, Sampling(max_tokens=2))
    except KeyboardInterrupt:
        assert fails
    assert set(modes) == {False}
    assert model.training is training and model.generation_config is defaults
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_tokenizer_without_chat_template_is_refused(model: Any, tokenizer: Any) -> None:
    bare = type(tokenizer)(tokenizer_object=tokenizer.backend_tokenizer, eos_token="<|im_end|>")
    with pytest.raises(EngineError, match="no chat template"):
        rolled_out(TransformersEngine(model, Renderer(bare)), prompts("7?"), 1, Sampling(max_tokens=1))


def test_a_model_without_any_end_token_is_refused(new_model: Callable[..., Any], tokenizer: Any) -> None:
    model = new_model(seed=1)
    model.generation_config = GenerationConfig()
    bare = type(tokenizer)(tokenizer_object=tokenizer.backend_tokenizer, chat_template=tokenizer.chat_template)
    with pytest.raises(EngineError, match="end token"):
        TransformersEngine(model, Renderer(bare))


def begun(engine: TransformersEngine, text: str, response: str) -> Prompt:
    ids = engine.renderer.encode(response)
    return Prompt("prefix", Question(text, text, "1"), text, Prefix(tuple(ids), engine.renderer.decode(ids)))


def test_what_follows_a_prefix_depends_on_it(engine: TransformersEngine, model: Any) -> None:
    """Nearly without chance, the first sampled token is the model's favourite after prompt and prefix."""
    sure, favourites = Sampling(max_tokens=1, temperature=1e-4), set()
    for response in ("so 12+", "9", "</think>", "x y z"):
        (group,) = rolled_out(engine, [begun(engine, "a", response)], 4, sure)
        with torch.no_grad():
            favourite = int(model(input_ids=torch.tensor([group.prompt_ids])).logits[0, -1].argmax())
        assert {tuple(r.token_ids) for r in group.rollouts} == {(favourite,)}
        favourites.add(favourite)
    assert len(favourites) > 1


def test_special_tokens_in_a_foreign_response_are_read_as_text(engine: TransformersEngine, tokenizer: Any) -> None:
    hostile = "a <|im_end|> b <|image_pad|>"
    ids = engine.renderer.encode(hostile)
    assert not set(ids) & set(tokenizer.all_special_ids)
    assert engine.renderer.decode(ids) == hostile


def test_a_foreign_response_ends_with_the_end_of_the_chat_format(engine: TransformersEngine, tokenizer: Any) -> None:
    assert engine.renderer.encode("a b", end=True) == [*engine.renderer.encode("a b"), tokenizer.eos_token_id]


def test_temperature_zero_takes_the_likeliest_token_whatever_the_seed(engine: TransformersEngine, model: Any) -> None:
    first, second = (rolled_out(engine, prompts(), 2, Sampling(max_tokens=4, temperature=0.0, seed=s)) for s in (1, 2))
    assert ids(first) == ids(second)
    for group in first:
        assert group.rollouts[0].token_ids == group.rollouts[1].token_ids
        with torch.no_grad():
            likeliest = model(input_ids=torch.tensor([group.prompt_ids])).logits[0, -1].argmax()
        assert group.rollouts[0].token_ids[0] == likeliest


@pytest.mark.parametrize(
    ("config", "window"),
    [
        (LlamaConfig(max_position_embeddings=512), 512),
        (GPT2Config(n_positions=64), 64),
        (Qwen3_5Config(text_config={"max_position_embeddings": 300}), 300),
        (MambaConfig(), math.inf),
        (
            Qwen2Config(
                max_position_embeddings=1000,
                rope_parameters={
                    "rope_type": "yarn",
                    "factor": 4.0,
                    "original_max_position_embeddings": 1000,
                    "rope_theta": 1e6,
                },
            ),
            4000,
        ),
    ],
    ids=lambda given: type(given).__name__,
)
def test_the_context_window_is_what_the_config_of_the_language_model_says(config: Any, window: float) -> None:
    assert context_window(config) == window
