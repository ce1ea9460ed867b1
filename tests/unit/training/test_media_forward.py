"""Forward and backward passes over rollouts with media, against one row at a time with nothing shared."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import assert_same_gradient, gradient
from sighted import a_video, an_image, new_processor, new_sighted, shown

from zppo.config import SamplingConfig, UpdateConfig
from zppo.engines.transformers import TransformersEngine
from zppo.engines.vision import Vision
from zppo.errors import EngineError
from zppo.training.distill import Distillation
from zppo.training.forward import Frozen, response_logits
from zppo.training.loss import policy_loss, response_logprobs
from zppo.training.microbatch import microbatches
from zppo.training.update import PolicyUpdate
from zppo.types import KINDS, Candidate, Group, Minibatch, Prompt, Question, Rollout
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


@pytest.fixture(scope="module")
def model() -> Any:
    return new_sighted(PROCESSOR, seed=1)


def a_prompt(kind: Any, names: list[str]) -> Prompt:
    question = shown("-".join(names) or "words", f"what is {len(names)}?", *(MEDIA[n] for n in names))
    wrong = [Candidate("it is 5 \\boxed{5}", "5", False), Candidate("it is 6", None, False)]
    texts = {
        "bcq": lambda: TEMPLATES.bcq(question, wrong),
        "ncq": lambda: TEMPLATES.ncq(question, wrong),
        "hint": lambda: TEMPLATES.hint(question, "look closer"),
    }
    return Prompt(kind, question, texts.get(kind, lambda: TEMPLATES.plain(question))())


@st.composite
def groups(draw: st.DrawFn) -> Minibatch:
    """Groups of 1-4 rollouts on prompts of any kind, with any mixture of media."""
    engine = TransformersEngine(new_sighted(PROCESSOR), PROCESSOR)
    drawn, chosen = st.tuples(st.sampled_from(KINDS), st.lists(st.sampled_from(sorted(MEDIA)), max_size=3)), []
    for kind, names in draw(st.lists(drawn, min_size=1, max_size=4)):
        prompt, minibatch = a_prompt(kind, names), []
        group = Group(prompt, [], engine.chat.read(prompt))
        for _ in range(draw(st.integers(1, 4))):
            response = draw(st.lists(st.integers(8, 400), min_size=1, max_size=6))
            rollout = Rollout(response, "", advantage=draw(st.sampled_from((-1.0, 0.5, 1.5))))
            minibatch.append((group, rollout))
        chosen += minibatch
    return chosen


def alone(model: Any, group: Group, rollout: Rollout) -> torch.Tensor:
    """Log-probabilities [T] of a response by transformers' own forward pass on one row."""
    media = [m.load() for m in group.prompt.media]
    kinds = [m.kind for m in group.prompt.media]
    images = [m for m, kind in zip(media, kinds, strict=True) if kind == "image"]
    videos = [m for m, kind in zip(media, kinds, strict=True) if kind == "video"]
    inputs = {}
    if images:
        inputs |= dict(PROCESSOR.image_processor(images, return_tensors="pt"))
    if videos:
        frames = [np.stack([np.asarray(f) for f in v.frames]) for v in videos]
        seen = PROCESSOR.video_processor(frames, do_sample_frames=False, return_tensors="pt")
        inputs |= {k: seen[k] for k in ("pixel_values_videos", "video_grid_thw")}
    ids = group.prompt_ids + rollout.token_ids
    kinds_of_tokens = torch.tensor(PROCESSOR.create_mm_token_type_ids([ids]))
    model.base_model.rope_deltas = None
    logits = model(input_ids=torch.tensor([ids]), mm_token_type_ids=kinds_of_tokens, **inputs).logits
    logp = logits[0, len(group.prompt_ids) - 1 : -1].log_softmax(-1)
    return logp.gather(1, torch.tensor(rollout.token_ids)[:, None])[:, 0]


@settings(max_examples=25)
@given(minibatch=groups())
def test_batched_and_one_by_one_agree(model: Any, minibatch: Minibatch) -> None:
    vision = Vision(TransformersEngine(model, PROCESSOR).chat)
    found = {}
    with torch.no_grad():
        for micro in microbatches(minibatch, 1500, PROCESSOR.tokenizer.pad_token_id, CPU):
            logp_BT = response_logprobs(response_logits(model, micro, vision), micro.target_BT, 1.0)
            found |= {id(r): logp_BT[i, micro.mask_BT[i]] for i, r in enumerate(micro.rollouts)}
        for group, rollout in minibatch:
            torch.testing.assert_close(found[id(rollout)], alone(model, group, rollout), atol=1e-4, rtol=1e-4)


def a_minibatch(seed: int = 0) -> Minibatch:
    """Rollouts on an image (plain and aided), a film and words."""
    engine = TransformersEngine(new_sighted(PROCESSOR), PROCESSOR)
    generator, rows = torch.Generator().manual_seed(seed), []
    for kind, names in (("plain", ["i1"]), ("ncq", ["i1"]), ("plain", ["v1", "i2"]), ("replayed", [])):
        prompt = a_prompt(kind, names)
        group = Group(prompt, [], engine.chat.read(prompt))
        for advantage in (-0.5, 1.0, 1.5):
            response = torch.randint(8, 400, (5,), generator=generator).tolist()
            rows.append((group, Rollout(response, "", advantage=advantage)))
    return rows


@pytest.mark.parametrize("microbatch_tokens", [200, 10_000])
@pytest.mark.parametrize("family", ["qwen3_5", "qwen3_vl"])
def test_the_shared_vision_tower_gets_the_gradient_of_the_plain_way(family: str, microbatch_tokens: int) -> None:
    model = new_sighted(PROCESSOR, family, seed=1)
    minibatch, config = a_minibatch(), UpdateConfig(microbatch_tokens=microbatch_tokens)
    vision = Vision(TransformersEngine(model, PROCESSOR).chat)
    update = PolicyUpdate(config, SamplingConfig(14), PROCESSOR.tokenizer.pad_token_id, vision)

    def plainly() -> None:
        for group, rollout in minibatch:
            logp = alone(model, group, rollout)[None]
            advantage = torch.tensor([rollout.advantage])
            loss, _ = policy_loss(logp, logp.detach(), advantage, config.clip_low, config.clip_high, config.dual_clip)
            (loss.sum() / sum(len(r.token_ids) for _, r in minibatch)).backward()

    got = gradient(model, lambda: update.accumulate(model, minibatch, torch.Tensor.backward))
    assert_same_gradient(got, gradient(model, plainly))
    eyes = [g for (name, _), g in zip(model.named_parameters(), got, strict=True) if "visual" in name]
    assert max(g.abs().max().item() for g in eyes) > 1e-4


def test_an_update_runs_the_tower_once_to_read_and_once_to_learn(model: Any) -> None:
    sizes: list[int] = []
    handle = model.base_model.visual.register_forward_hook(lambda *given: sizes.append(len(given[1][0])))
    vision = Vision(TransformersEngine(model, PROCESSOR).chat)
    update = PolicyUpdate(UpdateConfig(microbatch_tokens=100), SamplingConfig(14), 0, vision)
    only = [row for row in a_minibatch() if row[0].question.id == "i1"]
    update.accumulate(model, only, torch.Tensor.backward)
    handle.remove()
    assert len(only) == 6 and sizes == [16, 16]
    model.zero_grad()


def test_a_frozen_vision_tower_stays_without_gradient() -> None:
    model = new_sighted(PROCESSOR, seed=1)
    model.base_model.visual.requires_grad_(False)
    vision = Vision(TransformersEngine(model, PROCESSOR).chat)
    update = PolicyUpdate(UpdateConfig(), SamplingConfig(14), 0, vision)
    update.accumulate(model, a_minibatch(), torch.Tensor.backward)
    assert all(p.grad is None for p in model.base_model.visual.parameters())
    assert model.lm_head.weight.grad.abs().max() > 0


def test_distillation_sees_what_the_prompts_show(model: Any) -> None:
    teacher, minibatch = new_sighted(PROCESSOR, seed=2), a_minibatch()
    vision = Vision(TransformersEngine(model, PROCESSOR).chat)
    update = Distillation(Frozen(teacher, vision), UpdateConfig(), SamplingConfig(14), 0, vision)
    whole = update.accumulate(model, minibatch, torch.Tensor.backward)
    # The rows weigh alike: all responses have five tokens.
    parts = [update.accumulate(model, [row], torch.Tensor.backward) for row in minibatch]
    torch.testing.assert_close(whole, torch.stack(parts).mean(), atol=1e-5, rtol=1e-4)
    model.zero_grad()


def test_a_microbatch_encodes_what_its_rows_share_once(model: Any) -> None:
    sizes: list[int] = []
    handle = model.base_model.visual.register_forward_hook(lambda *given: sizes.append(len(given[1][0])))
    vision = Vision(TransformersEngine(model, PROCESSOR).chat)
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
    group = Group(prompt, [], TransformersEngine(model, PROCESSOR).chat.read(prompt))
    group.prompt_ids.insert(5, PROCESSOR.image_token_id)
    (micro,) = microbatches([(group, Rollout([9], "", advantage=1.0))], 10_000, 0, CPU)
    said = rf"question '\w+': its bcq prompt has {places} placeholder .* image .* made {made} features"
    with pytest.raises(EngineError, match=said):
        response_logits(model, micro, Vision(TransformersEngine(model, PROCESSOR).chat))


def test_a_question_of_words_needs_no_vision(model: Any) -> None:
    question = Question("w", "1+1?", "2")
    chat = TransformersEngine(model, PROCESSOR).chat
    ids = torch.tensor([chat.read(Prompt("plain", question, "1+1?"))])
    assert Vision(chat).inputs(model, [Prompt("plain", question, "1+1?")], ids) == {}
