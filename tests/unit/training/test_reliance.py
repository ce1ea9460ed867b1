"""Help reliance against two forward passes by hand."""

import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from rows import token_logprobs
from sighted import an_image, new_processor, new_sighted, plain_inputs, shown

from zppo.config import ReportsConfig, RunOptions, SamplingConfig, UpdateConfig
from zppo.engines.transformers import TransformersEngine
from zppo.models.renderer import Renderer
from zppo.training.reliance import HelpReliance
from zppo.types import Group, Kind, Prompt, Question, Rollout

RIGHT, WRONG, UNSCORED = 1.0, 0.0, None


@pytest.fixture(scope="module")
def engine(new_model: Callable[..., Any], tokenizer: Any) -> TransformersEngine:
    return TransformersEngine(new_model(seed=3), Renderer(tokenizer))


def measuring(engine: TransformersEngine, reliance: int = 2, temperature: float = 1.0, tokens: int = 64) -> Any:
    options = RunOptions(
        reports=ReportsConfig(reliance),
        sampling=SamplingConfig(14, temperature),
        update=UpdateConfig(microbatch_tokens=tokens),
    )
    return HelpReliance(options, engine)


def a_group(name: str, kind: Kind, *rewards: float | None, seed: int = 0) -> Group:
    """Random prompt and response tokens; longer prompts for aided kinds."""
    rng = random.Random(f"{name} {kind} {seed}")
    question = Question(name, f"{name}?", "9")
    rollouts = [Rollout([rng.randrange(8, 400) for _ in range(rng.randint(1, 9))], "", reward=r) for r in rewards]
    prompt = [rng.randrange(8, 400) for _ in range(rng.randint(3, 6) * (1 if kind in ("plain", "replayed") else 4))]
    return Group(Prompt(kind, question, f"{kind} {name}?"), rollouts, prompt)


def a_step() -> list[Group]:
    return [
        a_group("a", "plain", WRONG, WRONG),
        a_group("b", "replayed", WRONG, WRONG),
        a_group("c", "plain", WRONG, RIGHT),
        a_group("a", "bcq", RIGHT, WRONG, RIGHT, UNSCORED),
        a_group("a", "ncq", WRONG, RIGHT),
        a_group("b", "ncq", RIGHT, RIGHT, WRONG),
        a_group("c", "ncq", WRONG, WRONG),
    ]


def by_hand(model: Any, groups: list[Group], kind: str, temperature: float) -> tuple[float, int]:
    """Mean over tokens, and how many: one response at a time, with and without help."""
    plain = {g.question.id: g for g in groups if g.prompt.kind in ("plain", "replayed")}
    gains: list[float] = []
    for group in (g for g in groups if g.prompt.kind == kind):
        for rollout in (r for r in group.rollouts if r.reward == RIGHT):
            aided, alone = (token_logprobs(model, g, rollout, temperature) for g in (group, plain[group.question.id]))
            gains += (aided - alone).tolist()
    return sum(gains) / len(gains), len(gains)


@pytest.mark.parametrize("temperature", [0.7, 1.0])
@pytest.mark.parametrize("tokens", [32, 10_000])
def test_reliance_is_the_log_probability_with_help_minus_without_per_token(
    engine: TransformersEngine, temperature: float, tokens: int
) -> None:
    groups = a_step()
    metrics = measuring(engine, 9, temperature, tokens).measure(groups, random.Random(0))
    with torch.no_grad():
        for kind in ("bcq", "ncq"):
            gain, count = by_hand(engine.model, groups, kind, temperature)
            assert metrics[f"reliance/{kind}"] == pytest.approx(gain, abs=1e-4)
            assert metrics[f"reliance/{kind}_tokens"] == count
    assert metrics["time/reliance"] > 0


def test_a_response_that_copies_what_only_its_own_prompt_holds_leans_on_it(
    engine: TransformersEngine, new_model: Callable[..., Any]
) -> None:
    """A model fitted to the aided prompt alone: its reliance is positive."""
    model = new_model(seed=5)
    group, plain = a_group("a", "bcq", RIGHT), a_group("a", "plain", WRONG)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(30):
        optimizer.zero_grad()
        aided, alone = (token_logprobs(model, g, group.rollouts[0], 1.0).sum() for g in (group, plain))
        (alone - aided).backward()
        optimizer.step()
    fitted = TransformersEngine(model, engine.renderer)
    assert measuring(fitted).measure([plain, group], random.Random(0))["reliance/bcq"] > 0.5


def test_at_most_so_many_groups_of_a_kind_are_read_and_always_the_same(engine: TransformersEngine) -> None:
    groups = [a_group(name, kind, RIGHT) for kind in ("plain", "ncq") for name in "abcde"]  # type: ignore[arg-type]
    measured = [measuring(engine, 2).measure(groups, random.Random(seed)) for seed in (0, 0, *range(1, 9))]
    values = [m["reliance/ncq"] for m in measured]
    assert values[0] == values[1] and len(set(values)) > 2
    lengths = {len(g.rollouts[0].token_ids) for g in groups}
    assert all(m["reliance/ncq_tokens"] <= 2 * max(lengths) for m in measured)


@pytest.mark.parametrize(
    ("reliance", "groups"),
    [
        (0, a_step()),
        (2, [a_group("a", "plain", RIGHT, WRONG)]),
        (2, [a_group("a", "plain", WRONG), a_group("a", "bcq", WRONG, UNSCORED)]),
        (2, []),
    ],
    ids=["switched off", "no aided group", "no right response", "nothing"],
)
def test_without_anything_to_measure_no_forward_pass_is_made(
    engine: TransformersEngine, reliance: int, groups: list[Group]
) -> None:
    passes: list[int] = []
    hook = engine.model.register_forward_pre_hook(lambda *given: passes.append(1))
    assert measuring(engine, reliance).measure(groups, random.Random(0)) == {}
    hook.remove()
    assert passes == []


def test_the_student_and_every_rollout_are_left_as_they_were(engine: TransformersEngine) -> None:
    """Evaluation mode within, no gradient, no draw from torch's RNG, no stored log-probabilities."""
    modes: list[tuple[bool, bool]] = []
    model, groups = engine.model, a_step()
    hook = model.register_forward_pre_hook(lambda *given: modes.append((model.training, torch.is_grad_enabled())))
    model.train()
    state = torch.random.get_rng_state()
    measuring(engine).measure(groups, random.Random(0))
    hook.remove()
    assert model.training and set(modes) == {(False, False)}
    assert torch.equal(state, torch.random.get_rng_state())
    assert groups == a_step() and all(p.grad is None for p in model.parameters())
    model.eval()


def test_a_question_with_an_image_is_read_with_it_behind_both_prompts() -> None:
    processor = new_processor()
    model = new_sighted(processor, seed=1)
    engine, question = TransformersEngine(model, Renderer(processor)), shown("i", "what is it?", an_image("i", 1))
    texts: dict[Kind, str] = {"plain": question.text, "bcq": f"{question.text} it is 5 or 6"}
    rollout = Rollout([71, 300, 14, 9], "", reward=RIGHT)
    groups = []
    for kind, text in texts.items():
        prompt = Prompt(kind, question, text)
        groups.append(Group(prompt, [rollout] if kind == "bcq" else [], engine.renderer.read(prompt)))
    alone, aided = (_logprob_of(model, processor, g.prompt, rollout.token_ids) for g in groups)
    metrics = measuring(engine, tokens=10_000).measure(groups, random.Random(0))
    assert metrics["reliance/bcq"] == pytest.approx((aided - alone) / 4, abs=1e-4)


def _logprob_of(model: Any, processor: Any, prompt: Prompt, response: list[int]) -> float:
    """By transformers' own processing of one row."""
    inputs = dict(plain_inputs(processor, prompt))
    ids = inputs.pop("input_ids")[0].tolist()
    del inputs["attention_mask"]
    inputs["mm_token_type_ids"] = torch.tensor(processor.create_mm_token_type_ids([[*ids, *response]]))
    model.base_model.rope_deltas = None
    with torch.no_grad():
        logits_LV = model(input_ids=torch.tensor([[*ids, *response]]), **inputs).logits[0, len(ids) - 1 : -1]
    return float(logits_LV.log_softmax(-1).gather(1, torch.tensor(response)[:, None]).sum())
