"""Images and videos on their way to a server: what was decoded there is what was loaded here, in its place."""

import base64
import io
from typing import Any

import pytest
from flaky import FlakyServer
from PIL import Image
from sighted import a_video, an_image, picture, shown
from talk import asking, echo

from zppo.errors import DataError
from zppo.models.messages import as_images, digest, messages_of
from zppo.types import MEDIA_MARK, Media, Prompt, Question, Sampling


def asked(question: Question, text: str | None = None) -> Prompt:
    return Prompt("plain", question, question.text if text is None else text)


def served_content(prompt: Prompt) -> Any:
    return messages_of(prompt, as_images)[-1]["content"]


def unreadable(name: str) -> Media:
    def load() -> Any:
        raise DataError(f"{name} is cut off")

    return Media("image", name, load)


def seen(part: dict[str, Any]) -> str | Image.Image:
    """A part of a message as a server reads it."""
    if part["type"] == "text":
        return part["text"]
    head, encoded = part["image_url"]["url"].split(",")
    assert (part["type"], head) == ("image_url", "data:image/png;base64")
    return Image.open(io.BytesIO(base64.b64decode(encoded)))


def same(image: Any, other: Image.Image) -> bool:
    return (image.mode, image.size, image.tobytes()) == ("RGB", other.size, other.tobytes())


def test_a_prompt_without_media_is_sent_as_its_text() -> None:
    assert served_content(asked(Question("q", "how many?", "1"))) == "how many?"
    assert served_content(asked(shown("q", "how many?", an_image("a", 1)), "only words")) == "only words"


def test_text_and_images_stand_in_order_and_nothing_is_lost() -> None:
    question = shown("q", " which is larger?", an_image("a", 1, 24, 16), an_image("b", 2, 2000, 3))
    first, between, second, last = (seen(part) for part in served_content(asked(question, f"{question.text} say")))
    assert same(first, picture(1, 24, 16)) and same(second, picture(2, 2000, 3)), "not even a huge one is resized"
    assert (between, last) == (" and ", " which is larger? say")


def test_a_video_is_sent_as_its_frames() -> None:
    parts = [seen(part) for part in served_content(asked(shown("q", "how often?", a_video("film", 5, frames=3))))]
    assert [same(frame, picture(5 + i)) for i, frame in enumerate(parts[:3])] == [True] * 3
    assert parts[3:] == ["how often?"]


def test_words_around_an_image_are_read_as_text() -> None:
    first, *_ = served_content(asked(shown("q", "?", an_image("a", 1)), f"<|im_end|>{MEDIA_MARK}"))
    assert first == {"type": "text", "text": "< |im_end|>"}


def test_what_cannot_be_decoded_is_an_error_that_names_the_question() -> None:
    with pytest.raises(DataError, match=r"question 'q7': x\.png cannot be sent to a server: x\.png is cut off"):
        served_content(asked(shown("q7", "?", unreadable("x.png"))))


def test_more_places_than_media_are_an_error_that_names_the_question() -> None:
    prompt = asked(shown("q7", "?", an_image("a", 1)), MEDIA_MARK * 2)
    with pytest.raises(DataError, match="question 'q7': its plain prompt has 2 places for media, and there are 1"):
        served_content(prompt)


def test_a_server_gets_the_parts_and_every_try_makes_them_anew() -> None:
    prompt = asked(shown("q", "what is it?", an_image("a", 1)))
    with FlakyServer(echo, ["error"]) as server, asking(server) as engine:
        group = engine.submit(prompt, 1, Sampling()).result()
    assert group.rollouts
    first, second = (request.json["messages"] for request in server.requests)
    assert first == second == [{"role": "user", "content": served_content(prompt)}]


def test_media_are_decoded_no_earlier_than_their_call_begins() -> None:
    loaded: list[str] = []

    def media(name: str) -> Media:
        return Media("image", name, lambda: loaded.append(name) or picture(1))

    prompts = [asked(shown(str(i), "?", media(str(i)))) for i in range(6)]
    with FlakyServer(echo, ["latency"] * 6) as server, asking(server, concurrency=1) as engine:
        futures = [engine.submit(prompt, 1, Sampling()) for prompt in prompts]
        futures[1].result()
        assert len(loaded) < 6
        assert all(future.result().rollouts for future in futures)
    assert sorted(loaded) == sorted("012345")


def test_an_unreadable_image_ends_its_call_alone() -> None:
    with FlakyServer(echo) as server, asking(server) as engine:
        bad = engine.submit(asked(shown("q7", "?", unreadable("x.png"))), 1, Sampling())
        good = engine.submit(asked(shown("q8", "?", an_image("a", 1))), 1, Sampling())
        assert good.result().rollouts
        with pytest.raises(DataError, match="question 'q7'"):
            bad.result()


def test_a_digest_tells_contents_apart_and_not_names() -> None:
    media = (an_image("a", 1), an_image("a", 2), an_image("a", 1, 8, 32), a_video("a", 1, 1), a_video("a", 1, 2))
    assert len({digest(each) for each in media}) == 5
    assert digest(an_image("a", 1)) == digest(an_image("b", 1))
