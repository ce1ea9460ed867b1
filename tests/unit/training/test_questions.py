"""Which questions a run asks: those that its student's processor takes, in training and held out."""

import io
from pathlib import Path
from typing import Any

import pytest
from sighted import new_processor, picture

from zppo.config import PromptsConfig, ZoneConfig
from zppo.engines.chat import Chat
from zppo.training.arguments import ZPPOConfig
from zppo.training.questions import held_out_questions, training_questions


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
    chat = Chat(new_processor())
    trained, dropped = training_questions(ROWS, options, chat, lambda question: None)
    asked, unasked = held_out_questions(ROWS, options, chat, lambda question: None)
    assert [q.id for q in trained] == ["words", "image", "still"]
    assert [(d.id, d.kind) for d in dropped] == [("thin", "unfit"), ("thin film", "unfit"), ("long", "long prompt")]
    assert [q.id for q in asked] == ["words", "image", "still", "long"]
    assert [(d.id, d.kind) for d in unasked] == [("thin", "unfit"), ("thin film", "unfit")]
