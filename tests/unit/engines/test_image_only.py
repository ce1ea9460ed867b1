"""Families that read images alone, whose positions count tokens; towers that give a list, and one tensor for all."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from sighted import CHAT_TEMPLATE, a_video, an_image, new_processor, shown
from texts import rolled_out
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    Gemma3ForConditionalGeneration,
    GenerationConfig,
    GotOcr2ImageProcessor,
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLProcessor,
    InternVLVideoProcessor,
    InternVLVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PaliGemmaForConditionalGeneration,
)

from zppo.engines.transformers import TransformersEngine
from zppo.errors import ConfigError
from zppo.models.renderer import Renderer
from zppo.models.vision import runs_apart
from zppo.training.arguments import ZPPOConfig
from zppo.training.checks import media_filter
from zppo.training.forward import response_logits
from zppo.training.microbatch import microbatches
from zppo.types import Group, Prompt, Question, Rollout, Sampling

QUESTIONS = [
    Question("words", "only words, and so many of them that the row of an image is padded beside them", "1"),
    shown("one", "what is it?", an_image("one.png", 1)),
    shown("two", "which is larger?", an_image("two.png", 2), an_image("one.png", 1)),
]
PROMPTS = [Prompt("plain", q, q.text) for q in QUESTIONS]
SHAPE: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "initializer_range": 0.2,
}


def a_tokenizer(mark: str, **named: str) -> Any:
    """`mark` stands for an image in the chat template; `named` are special tokens that the processor asks for."""
    tokenizer = new_processor().tokenizer
    tokenizer.add_special_tokens({"additional_special_tokens": [mark, *named.values()]})
    vision = "'<|vision_start|><|' + part.type + '_pad|><|vision_end|>'"
    tokenizer.chat_template = CHAT_TEMPLATE.replace(vision, f"'{mark}'")
    for name, token in named.items():
        setattr(tokenizer, name, token)
        setattr(tokenizer, f"{name}_id", tokenizer.convert_tokens_to_ids(token))
    return tokenizer


def new_llava() -> tuple[Any, Any]:
    tokenizer = a_tokenizer("<image>")
    eyes = CLIPVisionConfig(**SHAPE, image_size=16, patch_size=8, projection_dim=16)
    config = LlavaConfig(
        vision_config=eyes.to_dict(),
        text_config=a_language_model(tokenizer),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    about = {"patch_size": 8, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    pictures = CLIPImageProcessor(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16})
    processor = LlavaProcessor(pictures, tokenizer, chat_template=tokenizer.chat_template, **about)
    return LlavaForConditionalGeneration(config), processor


def new_internvl() -> tuple[Any, Any]:
    marks = {"context_image_token": "<IMG_CONTEXT>", "start_image_token": "<img>", "end_image_token": "</img>"}
    tokenizer = a_tokenizer("<IMG_CONTEXT>", **marks, video_token="<|video_pad|>")
    eyes = InternVLVisionConfig(**SHAPE, image_size=[16, 16], patch_size=[4, 4])
    config = InternVLConfig(
        vision_config=eyes.to_dict(),
        text_config=a_language_model(tokenizer),
        image_token_id=tokenizer.context_image_token_id,
        image_seq_length=4,
    )
    side = {"height": 16, "width": 16}
    pictures, films = GotOcr2ImageProcessor(size=side, crop_to_patches=False), InternVLVideoProcessor(size=side)
    about = {"image_seq_length": 4, "chat_template": tokenizer.chat_template}
    return InternVLForConditionalGeneration(config), InternVLProcessor(pictures, tokenizer, films, **about)


def a_language_model(tokenizer: Any) -> dict[str, Any]:
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    return LlamaConfig(**SHAPE, vocab_size=len(tokenizer), **ends).to_dict()


@pytest.fixture(scope="module", params=[new_llava, new_internvl])
def engine(request: pytest.FixtureRequest) -> TransformersEngine:
    make: Callable[[], tuple[Any, Any]] = request.param
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, processor = make()
    tokenizer = processor.tokenizer
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    model.generation_config = GenerationConfig(**ends)
    return TransformersEngine(model.eval(), Renderer(processor), 64)


def plain_inputs(engine: TransformersEngine, prompt: Prompt, ids: list[int]) -> dict[str, Any]:
    """Inputs of the model as transformers' own processors make them."""
    images, processor = [medium.load() for medium in prompt.media], engine.renderer.processor
    assert processor is not None
    given = processor.image_processor(images, return_tensors="pt") if images else {}
    return {"input_ids": torch.tensor([ids]), **{k: v for k, v in given.items() if k == "pixel_values"}}


def test_a_mixed_batch_says_what_each_prompt_alone_would(engine: TransformersEngine) -> None:
    groups = rolled_out(engine, PROMPTS, 2, Sampling(max_tokens=6, temperature=0))
    image = engine.model.config.image_token_id
    counts = [g.prompt_ids.count(image) for g in groups]
    assert counts[0] == 0 < counts[1] and counts[2] == 2 * counts[1]
    for prompt, group in zip(PROMPTS, groups, strict=True):
        inputs = plain_inputs(engine, prompt, group.prompt_ids)
        with torch.no_grad():
            alone = engine.model.generate(**inputs, max_new_tokens=6, do_sample=False, suppress_tokens=engine._banned)[
                0, len(group.prompt_ids) :
            ].tolist()
        assert [r.token_ids for r in group.rollouts] == [alone[: len(group.rollouts[0].token_ids)]] * 2


def test_batched_and_one_by_one_agree(engine: TransformersEngine) -> None:
    groups = [Group(prompt, [], engine.renderer.read(prompt)) for prompt in PROMPTS]
    minibatch = [(g, Rollout([9 + i, 30, 50 + i], "", advantage=1.0)) for i, g in enumerate(groups)]
    seen = 0
    with torch.no_grad():
        for micro in microbatches(minibatch, 10_000, engine.renderer.pad, torch.device("cpu")):
            batched = response_logits(engine.model, micro, engine.vision)
            for prompt, rollout, logits_TV, mask_T in zip(
                micro.prompts, micro.rollouts, batched, micro.mask_BT, strict=True
            ):
                ids = engine.renderer.read(prompt)
                alone = engine.model(**plain_inputs(engine, prompt, ids + rollout.token_ids)).logits[0]
                torch.testing.assert_close(logits_TV[mask_T], alone[len(ids) - 1 : -1], atol=1e-4, rtol=1e-4)
                seen += 1
    assert seen == len(PROMPTS)


def test_a_video_is_refused_before_anything_is_asked(engine: TransformersEngine) -> None:
    passes = media_filter(ZPPOConfig(method="grpo", use_cpu=True), engine.model, [])
    for question in QUESTIONS:
        passes(question)
    kind = engine.model.config.model_type
    with pytest.raises(ConfigError, match=rf"models of kind '{kind}' read no videos, but question 'film' holds film"):
        passes(shown("film", "how often?", a_video("film", 5)))


def test_towers_that_need_more_than_their_output_are_not_run_apart() -> None:
    assert runs_apart(LlavaForConditionalGeneration)
    assert not runs_apart(Gemma3ForConditionalGeneration) and not runs_apart(PaliGemmaForConditionalGeneration)
