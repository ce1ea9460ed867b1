"""Forward and backward passes over rollouts with media, against one row at a time with nothing shared."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import assert_same_gradient, gradient
from sighted import a_video, an_image, new_processor, new_sighted, plain_inputs, shown
from texts import rolled_out

from zppo.config import SamplingConfig, UpdateConfig
from zppo.engines.transformers import TransformersEngine
from zppo.errors import EngineError
from zppo.models.renderer import Renderer
from zppo.models.vision import Vision
from zppo.training.distill import Distillation
from zppo.training.forward import Frozen, response_logits
from zppo.training.loss import policy_loss, response_logprobs
from zppo.training.microbatch import Microbatch, microbatches
from zppo.training.update import PolicyUpdate
from zppo.types import KINDS, Candidate, Group, Minibatch, Prefix, Prompt, Question, Rollout, Sampling
from zppo.zone.prompts import Templates

CPU = torch.device("cpu")
PROCESSOR = new_processor()
TEMPLATES = Templates.load()
MEDIA = {
    "i1": an_image("i1", 1),
    "i2": an_image("i2", 2, 32, 16),
    "i3": an_image("i3", 3, 8, 24),
    "v1": a_video("v1", 4),
    "v2": a_video("v2", 9, frames=3),
}


MODELS = {family: new_sighted(PROCESSOR, family, seed=1) for family in ("qwen3_5", "qwen3_5_hybrid")}


@pytest.fixture(scope="module")
def model() -> Any:
    return MODELS["qwen3_5"]


def a_prompt(kind: Any, names: list[str]) -> Prompt:
    question = shown("-".join(names) or "words", f"what is {len(names)}?", *(MEDIA[n] for n in names))
    wrong = [Candidate("it is 5 \\boxed{5}", "5", False), Candidate("it is 6", None, False)]
    texts = {
        "bcq": lambda: TEMPLATES.bcq(question, wrong),
        "ncq": lambda: TEMPLATES.ncq(question, wrong),
        "hint": lambda: TEMPLATES.hint(question, "look closer"),
    }
    text = texts.get(kind, lambda: TEMPLATES.plain(question))()
    begun = Prefix((71, 300, 14), PROCESSOR.tokenizer.decode([71, 300, 14])) if kind == "prefix" else None
    return Prompt(kind, question, text, begun)


@st.composite
def asked(draw: st.DrawFn) -> list[tuple[Prompt, list[list[int]]]]:
    """Prompts of any kind, with any mixture of media, and 1-4 responses to each."""
    drawn = st.tuples(st.sampled_from(KINDS), st.lists(st.sampled_from(sorted(MEDIA)), max_size=3))
    response = st.lists(st.integers(8, 400), min_size=1, max_size=6)
    return [
        (a_prompt(kind, names), draw(st.lists(response, min_size=1, max_size=4)))
        for kind, names in draw(st.lists(drawn, min_size=1, max_size=4))
    ]


class Alone(NamedTuple):
    """What transformers itself makes of one row: ids, features of each image and video, log-probabilities [T, V]."""

    ids: list[int]
    features: dict[str, Sequence[torch.Tensor]]
    logp_TV: torch.Tensor


def alone(model: Any, prompt: Prompt, response: list[int]) -> Alone:
    """By transformers' own processing and forward pass on one row."""
    inputs = dict(plain_inputs(PROCESSOR, prompt))
    ids = inputs.pop("input_ids")[0].tolist() + list(prompt.prefix.token_ids if prompt.prefix else ())
    whole = [*ids, *response]
    del inputs["attention_mask"]
    inputs["mm_token_type_ids"] = torch.tensor(PROCESSOR.create_mm_token_type_ids([whole]))
    model.base_model.rope_deltas = None
    logits = model(input_ids=torch.tensor([whole]), **inputs).logits
    features = {}
    for kind, pixels in (("image", "pixel_values"), ("video", "pixel_values_videos")):
        if pixels in inputs:
            encode = getattr(model, f"get_{kind}_features")
            features[kind] = encode(inputs[pixels], inputs[f"{kind}_grid_thw"], return_dict=True).pooler_output
    return Alone(ids, features, logits[0, len(ids) - 1 :].log_softmax(-1))


def logprobs(model: Any, group: Group, rollout: Rollout) -> torch.Tensor:
    """Log-probabilities [T] of a response, alone."""
    logp_TV = alone(model, group.prompt, rollout.token_ids).logp_TV[:-1]
    return logp_TV.gather(1, torch.tensor(rollout.token_ids)[:, None])[:, 0]


@pytest.mark.parametrize("family", ["qwen3_5", "qwen3_5_hybrid"])
@settings(max_examples=20)
@given(rows=asked())
def test_batched_and_one_by_one_agree(family: str, rows: list[tuple[Prompt, list[list[int]]]]) -> None:
    """In generation and in a forward pass: prompts, their counts, what the tower makes, and log-probabilities."""
    model = MODELS[family]
    engine = TransformersEngine(model, Renderer(PROCESSOR))
    groups = rolled_out(engine, [prompt for prompt, _ in rows], 1, Sampling(max_tokens=1, temperature=0))
    for group in groups:
        one, [first] = alone(model, group.prompt, []), group.rollouts[0].token_ids
        assert group.prompt_ids == one.ids and group.prompt_tokens == len(one.ids)
        sampled = one.logp_TV[-1].index_fill(0, torch.tensor(engine._banned), -torch.inf)
        assert sampled[first] > sampled.max() - 1e-4
    minibatch = [
        (group, Rollout(response, "", advantage=1.0))
        for group, (_, responses) in zip(groups, rows, strict=True)
        for response in responses
    ]
    with torch.no_grad():
        for micro in microbatches(minibatch, 1500, PROCESSOR.tokenizer.pad_token_id, CPU):
            agrees(model, micro, engine.vision, {id(r): g for g, r in minibatch})


def agrees(model: Any, micro: Microbatch, vision: Vision, group_of: dict[int, Group]) -> None:
    logp_BT = response_logprobs(response_logits(model, micro, vision), micro.target_BT, 1.0)
    given = vision.inputs(model, micro.prompts, micro.ids_BL).get("mm_encoder_outputs", {})
    features = {kind: iter(output.pooler_output) for kind, output in given.items()}
    for i, rollout in enumerate(micro.rollouts):
        group = group_of[id(rollout)]
        one = logprobs(model, group, rollout)
        torch.testing.assert_close(logp_BT[i, micro.mask_BT[i]], one, atol=1e-4, rtol=1e-4)
        for kind, made in alone(model, group.prompt, []).features.items():
            for feature in made:
                torch.testing.assert_close(next(features[kind]), feature, atol=1e-5, rtol=1e-4)
    assert all(next(left, None) is None for left in features.values())


def a_minibatch(seed: int = 0) -> Minibatch:
    """Rollouts on an image (plain and aided), a film and words."""
    engine = TransformersEngine(new_sighted(PROCESSOR), Renderer(PROCESSOR))
    generator, rows = torch.Generator().manual_seed(seed), []
    for kind, names in (("plain", ["i1"]), ("ncq", ["i1"]), ("plain", ["v1", "i2"]), ("replayed", [])):
        prompt = a_prompt(kind, names)
        group = Group(prompt, [], engine.renderer.read(prompt))
        for advantage in (-0.5, 1.0, 1.5):
            response = torch.randint(8, 400, (5,), generator=generator).tolist()
            rows.append((group, Rollout(response, "", advantage=advantage)))
    return rows


@pytest.mark.parametrize("microbatch_tokens", [200, 10_000])
@pytest.mark.parametrize("family", ["qwen3_5", "qwen3_5_hybrid", "qwen3_vl"])
def test_the_shared_vision_tower_gets_the_gradient_of_the_plain_way(family: str, microbatch_tokens: int) -> None:
    model = new_sighted(PROCESSOR, family, seed=1)
    minibatch, config = a_minibatch(), UpdateConfig(microbatch_tokens=microbatch_tokens)
    vision = Vision(Renderer(PROCESSOR))
    update = PolicyUpdate(config, SamplingConfig(14), PROCESSOR.tokenizer.pad_token_id, vision)

    def plainly() -> None:
        for group, rollout in minibatch:
            logp = logprobs(model, group, rollout)[None]
            advantage = torch.tensor([rollout.advantage])
            loss, _ = policy_loss(logp, logp.detach(), advantage, config.clip_low, config.clip_high, config.dual_clip)
            (loss.sum() / sum(len(r.token_ids) for _, r in minibatch)).backward()

    update.before_step(model, [minibatch])
    got = gradient(model, lambda: update.accumulate(model, minibatch, torch.Tensor.backward))
    assert_same_gradient(got, gradient(model, plainly))
    eyes = [g for (name, _), g in zip(model.named_parameters(), got, strict=True) if "visual" in name]
    assert max(g.abs().max().item() for g in eyes) > 1e-4


def test_an_update_runs_the_tower_once_to_read_and_once_to_learn(model: Any) -> None:
    sizes: list[int] = []
    handle = model.base_model.visual.register_forward_hook(lambda *given: sizes.append(len(given[1][0])))
    vision = Vision(Renderer(PROCESSOR))
    update = PolicyUpdate(UpdateConfig(microbatch_tokens=100), SamplingConfig(14), 0, vision)
    only = [row for row in a_minibatch() if row[0].question.id == "i1"]
    update.before_step(model, [only])
    update.accumulate(model, only, torch.Tensor.backward)
    handle.remove()
    assert len(only) == 6 and sizes == [16, 16]
    model.zero_grad()


def test_a_frozen_vision_tower_stays_without_gradient() -> None:
    model = new_sighted(PROCESSOR, seed=1)
    model.base_model.visual.requires_grad_(False)
    vision = Vision(Renderer(PROCESSOR))
    update, minibatch = PolicyUpdate(UpdateConfig(), SamplingConfig(14), 0, vision), a_minibatch()
    update.before_step(model, [minibatch])
    update.accumulate(model, minibatch, torch.Tensor.backward)
    assert all(p.grad is None for p in model.base_model.visual.parameters())
    assert model.lm_head.weight.grad.abs().max() > 0


def test_distillation_sees_what_the_prompts_show(model: Any) -> None:
    teacher, minibatch = new_sighted(PROCESSOR, seed=2), a_minibatch()
    vision = Vision(Renderer(PROCESSOR))
    update = Distillation(Frozen(teacher, vision), UpdateConfig(), SamplingConfig(14), 0, vision)
    whole = update.accumulate(model, minibatch, torch.Tensor.backward)
    # The rows weigh alike: all responses have five tokens.
    parts = [update.accumulate(model, [row], torch.Tensor.backward) for row in minibatch]
    torch.testing.assert_close(whole, torch.stack(parts).mean(), atol=1e-5, rtol=1e-4)
    model.zero_grad()


def test_a_microbatch_encodes_what_its_rows_share_once(model: Any) -> None:
    sizes: list[int] = []
    handle = model.base_model.visual.register_forward_hook(lambda *given: sizes.append(len(given[1][0])))
    vision = Vision(Renderer(PROCESSOR))
    (micro,) = microbatches([row for row in a_minibatch() if row[0].question.id == "i1"][:3], 10_000, 0, CPU)
    with torch.no_grad():
        response_logits(model, micro, vision)
    handle.remove()
    assert len(micro.rollouts) == 3 and sizes == [16]


@pytest.mark.parametrize(("names", "places", "made"), [(["i1"], 5, 4), ([], 1, 0)])
def test_placeholders_without_features_are_refused_by_question(
    model: Any, names: list[str], places: int, made: int
) -> None:
    """Whether or not anything is shown beside them."""
    prompt = a_prompt("bcq", names)
    group = Group(prompt, [], Renderer(PROCESSOR).read(prompt))
    group.prompt_ids.insert(5, PROCESSOR.image_token_id)
    (micro,) = microbatches([(group, Rollout([9], "", advantage=1.0))], 10_000, 0, CPU)
    said = rf"question '\w+': its bcq prompt has {places} placeholder .* image .* made {made} features"
    with pytest.raises(EngineError, match=said):
        response_logits(model, micro, Vision(Renderer(PROCESSOR)))


def test_a_question_of_words_needs_no_vision(model: Any) -> None:
    question = Question("w", "1+1?", "2")
    renderer = Renderer(PROCESSOR)
    ids = torch.tensor([renderer.read(Prompt("plain", question, "1+1?"))])
    assert Vision(renderer).inputs(model, [Prompt("plain", question, "1+1?")], ids) == {}
