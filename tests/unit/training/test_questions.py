"""Which questions a run asks: those that its student's processor takes, in training and held out."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from sighted import new_processor, picture

from zppo.config import EvalConfig, PromptsConfig, SamplingConfig, ZoneConfig
from zppo.errors import ConfigError, DataError, TeacherError
from zppo.models.renderer import Renderer
from zppo.training.arguments import ZPPOConfig
from zppo.training.questions import Reader, held_out_questions, training_questions
from zppo.types import Prompt, Question
from zppo.zone.prompts import Templates


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    picture(1, width, height).save(file, "PNG")
    return file.getvalue()


ROWS: list[dict[str, Any]] = [
    {"id": "words", "prompt": "1+1?", "answer": "2"},
    {"id": "image", "prompt": "<image> red?", "answer": "no", "images": [png(16, 16)]},
    {"id": "thin", "prompt": "<image> red?", "answer": "no", "images": [png(900, 2)]},
    {"id": "still", "prompt": "<video> red?", "answer": "no", "videos": [[png(16, 16)]]},
    {"id": "thin film", "prompt": "<video> red?", "answer": "no", "videos": [[png(900, 2)] * 2]},
    {"id": "long", "prompt": "1+1?" * 300, "answer": "2"},
]


@pytest.fixture
def options(tmp_path: Path) -> ZPPOConfig:
    zone, prompts = ZoneConfig(new_questions=2, updates=1), PromptsConfig(max_tokens=500)
    return ZPPOConfig(output_dir=str(tmp_path), use_cpu=True, zone=zone, prompts=prompts)


def test_what_the_processor_does_not_take_is_asked_neither_in_training_nor_held_out(options: ZPPOConfig) -> None:
    renderer = Renderer(new_processor())
    trained, dropped = training_questions(ROWS, options, renderer, lambda question: None)
    asked, unasked = held_out_questions(ROWS, options, renderer, lambda question: None)
    assert [q.id for q in trained] == ["words", "image", "still"]
    assert [(d.id, d.kind) for d in dropped] == [("thin", "unfit"), ("thin film", "unfit"), ("long", "long prompt")]
    assert [q.id for q in asked] == ["words", "image", "still", "long"]
    assert [(d.id, d.kind) for d in unasked] == [("thin", "unfit"), ("thin film", "unfit")]


def test_the_longest_question_that_is_kept_decides_on_the_window_not_the_option_that_limits_it(
    options: ZPPOConfig,
) -> None:
    renderer, rows, response = Renderer(new_processor()), [ROWS[0], {**ROWS[0], "id": "two"}, ROWS[-1]], 100
    options.sampling = SamplingConfig(max_tokens=response)
    short = Question("q", "1+1?", "2")
    kept = len(renderer.read(Prompt("plain", short, Templates.load().plain(short))))
    assert kept < options.prompts.max_tokens

    def training(window: float) -> int:
        return len(training_questions(rows, options, renderer, lambda question: None, window=window)[0])

    assert training(kept + response) == 2
    with pytest.raises(ConfigError, match=f"'words' has {kept} tokens; .* window of student.model, {kept + 99} tokens"):
        training(kept + response - 1)
    with pytest.raises(ConfigError, match=r"prompts\.max_tokens") as refused:
        options.prompts = PromptsConfig(max_tokens=10_000)
        training(kept + response)
    options.prompts = PromptsConfig(max_tokens=int(re.findall(r"prompts.max_tokens to (\d+)", str(refused.value))[0]))
    assert training(kept + response) == 2
    with pytest.raises(ConfigError, match=r"set sampling.max_tokens to \d+$"):
        training(response)


@pytest.mark.parametrize(
    ("rows", "advice"),
    [
        (3, "set zone.new_questions to 2 or less (a multiple of zone.updates)"),
        (1, "set zone.new_questions and zone.updates to 1 or less"),
    ],
)
def test_a_batch_larger_than_the_data_is_refused_with_the_largest_that_fits(
    options: ZPPOConfig, rows: int, advice: str
) -> None:
    options.zone = ZoneConfig(new_questions=8, updates=2)
    data = [{**ROWS[0], "id": str(i)} for i in range(rows)]
    with pytest.raises(DataError, match=f"there are {rows} training questions; {re.escape(advice)}"):
        training_questions(data, options, Renderer(new_processor()), lambda question: None)


def test_held_out_questions_need_room_for_their_own_length_of_responses(options: ZPPOConfig) -> None:
    renderer, question = Renderer(new_processor()), Question("q", "1+1?", "2")
    tokens = len(renderer.read(Prompt("plain", question, Templates.load().plain(question))))
    options.sampling, options.eval = SamplingConfig(max_tokens=8), EvalConfig(max_tokens=100)

    def held_out(window: float) -> int:
        return len(held_out_questions([ROWS[0]], options, renderer, lambda question: None, window=window)[0])

    assert held_out(tokens + 100) == 1
    with pytest.raises(ConfigError, match=r"eval\.max_tokens \(100\) it exceeds .*; set eval\.max_tokens to 99$"):
        held_out(tokens + 99)
    options.eval = EvalConfig()
    assert held_out(tokens + 8) == 1
    with pytest.raises(ConfigError, match="take a model with a longer one"):
        held_out(tokens)


def test_the_longest_question_needs_room_in_the_window_of_a_local_teacher(options: ZPPOConfig) -> None:
    renderer, options.sampling = Renderer(new_processor()), SamplingConfig(max_tokens=8)
    reader = Reader("teacher.model", renderer, window=20)
    with pytest.raises(TeacherError, match=r"'two' has .* exceeds the context window of teacher.model, 20 tokens"):
        rows = [ROWS[0], {**ROWS[0], "id": "two", "prompt": "1+1+1+1?"}]
        training_questions(rows, options, renderer, lambda question: None, readers=[reader])
