"""Images on real servers: they read as many tokens for them as a local model, and what they say depends on them."""

from collections.abc import Iterator

import pytest
from realserver import BIN, KEY_VARIABLE, RealServer
from sighted import a_video, an_image, new_processor, new_sighted, shown
from talk import asking
from transformers import AutoProcessor

from zppo.data.reader import read_questions
from zppo.engines.base import ask_all
from zppo.models.renderer import Renderer
from zppo.pocket import ASSETS
from zppo.rewards.routing import RoutedScorer
from zppo.types import MEDIA_MARK, Media, Prompt, Question, Sampling
from zppo.zone.prompts import Templates

pytestmark = pytest.mark.services
GREEDY = Sampling(max_tokens=12, temperature=0)


@pytest.fixture(scope="module")
def sighted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """`transformers serve` with an image-text model of random weights."""
    folder = tmp_path_factory.mktemp("sighted")
    processor, model = new_processor(), str(folder / "model")
    new_sighted(processor).save_pretrained(model)
    processor.save_pretrained(model)
    command = [str(BIN / "transformers"), "serve", model, "--device", "cpu", "--host", "127.0.0.1"]
    server = RealServer(command, model, model, folder / "sighted.log")
    try:
        server.start()
        server.wait()
        yield server
    finally:
        server.stop()


def asked(question: Question) -> Prompt:
    return Prompt("plain", question, question.text)


def test_it_reads_images_where_a_local_model_would_and_answers_by_them(sighted: RealServer) -> None:
    media = [(an_image("a", 1),), (an_image("b", 2),), (an_image("c", 3, 24, 16), an_image("a", 1))]
    prompts = [asked(shown(str(i), "what is it?", *each)) for i, each in enumerate(media)]
    with asking(sighted.url, model=sighted.model) as engine:
        groups = ask_all(engine, prompts, 1, GREEDY)
    local = Renderer(new_processor())
    assert [g.prompt_tokens for g in groups] == [len(local.read(prompt)) for prompt in prompts]
    assert len({g.rollouts[0].text for g in groups}) == 3, "two of them differ in nothing but what is seen"


def test_a_video_is_read_as_its_frames(sighted: RealServer) -> None:
    def frame(index: int) -> Media:
        return an_image(f"frame {index}", 5 + index)

    frames = Question("frames", MEDIA_MARK * 3 + "how often?", "1", media=(frame(0), frame(1), frame(2)))
    with asking(sighted.url, model=sighted.model) as engine:
        film = shown("film", "how often?", a_video("film", 5, frames=3))
        as_video, as_images = ask_all(engine, [asked(film), asked(frames)], 1, GREEDY)
    assert as_video.prompt_tokens == as_images.prompt_tokens == len(Renderer(new_processor()).read(asked(frames)))
    assert as_video.rollouts[0].text == as_images.rollouts[0].text


def test_vllm_answers_questions_about_what_is_seen(vllm: RealServer, templates: Templates) -> None:
    held_out = [q for q in read_questions(ASSETS / "test.jsonl")[0] if {m.kind for m in q.media} == {"image"}][:40]
    prompts = [Prompt("plain", q, templates.plain(q)) for q in held_out]
    with asking(vllm.url, model=vllm.model, api_key_env=KEY_VARIABLE) as engine:
        groups = ask_all(engine, prompts, 1, GREEDY)
    rewards = RoutedScorer()(held_out, [g.rollouts[0].text for g in groups])
    assert rewards.count(1.0) / len(rewards) > 0.8
    local = Renderer(AutoProcessor.from_pretrained(vllm.folder))
    assert [g.prompt_tokens for g in groups] == [len(local.read(prompt)) for prompt in prompts]
