"""Generation with images and videos, against transformers' own way: one prompt at a time, nothing shared."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sighted import a_video, an_image, new_processor, new_sighted, picture, plain_inputs, shown
from texts import rolled_out

from zppo.engines.transformers import TransformersEngine
from zppo.errors import DataError, EngineError
from zppo.models.renderer import Renderer
from zppo.types import MEDIA_MARK, Media, Prompt, Question, Sampling, Video

QUESTIONS = [
    Question("words", "only words", "1"),
    shown("one", "what is it?", an_image("one.png", 1)),
    shown("two", "which is larger?", an_image("two.png", 2, 24, 16), an_image("one.png", 1)),
    shown("film", "how often?", a_video("film", 5)),
    shown("both", "where is it?", a_video("short", 6, frames=3), an_image("wide.png", 3, 40, 8)),
]
PROMPTS = [Prompt("plain", q, q.text) for q in QUESTIONS]


PROCESSOR = new_processor()


@pytest.fixture(scope="module")
def processor() -> Any:
    return PROCESSOR


@pytest.fixture(scope="module", params=["qwen3_5", "qwen3_5_hybrid", "qwen3_vl"])
def model(request: pytest.FixtureRequest, processor: Any) -> Any:
    return new_sighted(processor, request.param)


def test_a_mixed_batch_says_what_each_prompt_alone_would(model: Any, processor: Any) -> None:
    greedy = Sampling(max_tokens=6, temperature=0)
    groups = rolled_out(TransformersEngine(model, Renderer(processor), 64), PROMPTS, 2, greedy)
    for prompt, group in zip(PROMPTS, groups, strict=True):
        inputs = plain_inputs(processor, prompt)
        assert group.prompt_ids == inputs["input_ids"][0].tolist()
        model.base_model.rope_deltas = None
        banned = [processor.tokenizer.convert_tokens_to_ids(t) for t in ("<|vision_start|>", "<|vision_end|>")]
        banned += [processor.image_token_id, processor.video_token_id]
        with torch.no_grad():
            alone = model.generate(**inputs, max_new_tokens=6, do_sample=False, suppress_tokens=banned)
        said = alone[0, len(group.prompt_ids) :].tolist()
        assert [r.token_ids for r in group.rollouts] == [said[: len(group.rollouts[0].token_ids)]] * 2


def test_a_group_costs_one_pass_of_the_vision_tower(model: Any, processor: Any) -> None:
    seen = []
    handle = model.base_model.visual.register_forward_hook(lambda *given: seen.append(len(given[1][0])))
    rolled_out(TransformersEngine(model, Renderer(processor), 64), PROMPTS[1:2], 8, Sampling(max_tokens=3))
    handle.remove()
    assert seen == [16]  # patches of one picture of 16 x 16


def test_words_after_a_film_are_read_at_their_own_places(model: Any, processor: Any) -> None:
    engine = TransformersEngine(model, Renderer(processor), 64)
    fresh = rolled_out(engine, PROMPTS[:1], 4, Sampling(max_tokens=4, seed=3))
    rolled_out(engine, PROMPTS[3:4], 4, Sampling(max_tokens=4))
    again = rolled_out(engine, PROMPTS[:1], 4, Sampling(max_tokens=4, seed=3))
    assert [r.token_ids for r in fresh[0].rollouts] == [r.token_ids for r in again[0].rollouts]


def test_media_tokens_are_never_sampled(model: Any, processor: Any) -> None:
    groups = rolled_out(
        TransformersEngine(model, Renderer(processor), 256), PROMPTS, 40, Sampling(max_tokens=12, temperature=4.0)
    )
    text = "".join(processor.tokenizer.decode(r.token_ids) for g in groups for r in g.rollouts)
    assert "_pad|>" not in text.replace("<|pad|>", "") and "<|vision" not in text


def test_a_text_model_cannot_be_shown_an_image(processor: Any) -> None:
    with pytest.raises(EngineError, match=r"question 'one' holds an image, but .* reads text only"):
        Renderer(processor.tokenizer).read(PROMPTS[1])


def test_a_prompt_that_lost_a_medium_is_refused_by_name() -> None:
    lost = Prompt("bcq", QUESTIONS[2], QUESTIONS[2].text.replace(MEDIA_MARK, "", 1))
    with pytest.raises(DataError, match=r"question 'two': its bcq prompt has 1 places for media, and there are 2"):
        Renderer(new_processor()).read(lost)


def test_what_a_processor_cannot_show_names_question_and_medium(processor: Any) -> None:
    thin = Media("image", "thin.png", lambda: picture(1, 900, 2))
    with pytest.raises(DataError, match=r"question 'thin': thin\.png cannot be shown"):
        Renderer(processor).read(Prompt("plain", shown("thin", "?", thin), MEDIA_MARK + "?"))


def test_a_film_of_one_frame_is_shown_as_long_as_a_patch(processor: Any) -> None:
    still = Media("video", "still", lambda: Video([picture(1)], 2.0))
    twice = Media("video", "twice", lambda: Video([picture(1)] * 2, 2.0))
    one, two = (
        Renderer(processor).pixels(Prompt("plain", shown("q", "?", m), MEDIA_MARK + "?")) for m in (still, twice)
    )
    assert one.placeholders == two.placeholders
    assert all(torch.equal(one.tensors[name], two.tensors[name]) for name in two.tensors)


@given(st.lists(st.tuples(st.integers(2, 200), st.integers(2, 200)), max_size=3), st.text(max_size=30))
def test_the_length_is_known_from_the_sizes_of_images(sizes: list[tuple[int, int]], text: str) -> None:
    renderer, media = Renderer(PROCESSOR), [an_image(f"{w}x{h}", 1, w, h) for w, h in sizes]
    question = shown("q", text.replace(MEDIA_MARK, ""), *media)
    prompt, known = Prompt("plain", question, question.text), dict(zip(media, sizes, strict=True))
    assert renderer.length(prompt, known.__getitem__) == len(renderer.read(prompt))


def test_media_are_decoded_once_for_all_prompts_of_a_question(processor: Any) -> None:
    loads = []

    def load() -> Any:
        loads.append(1)
        return picture(1)

    question = shown("q", "what?", Media("image", "q.png", load))
    renderer = Renderer(processor)
    for text in (question.text, question.text + " again", question.text + " and again"):
        renderer.read(Prompt("plain", question, text))
    assert len(loads) == 1


def test_the_length_of_long_and_of_large_pictures_is_what_is_fed() -> None:
    for width, height in ((1000, 10), (10, 1000), (4096, 4096), (1, 1)):
        prompt = Prompt("plain", shown("q", " what?", an_image("a.png", 1, width, height)), f"{MEDIA_MARK} what?")
        renderer = Renderer(PROCESSOR)
        assert renderer.length(prompt, lambda media, size=(width, height): size) == len(renderer.read(prompt))
