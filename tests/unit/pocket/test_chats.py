import random

import numpy as np
import pytest
import torch
from transformers.video_utils import VideoMetadata

from zppo.pocket.chats import Chats, Row, chat
from zppo.pocket.models import build_processor, new_model
from zppo.pocket.problems import make_problem
from zppo.pocket.tokenizer import build_tokenizer
from zppo.types import Video


@pytest.fixture(scope="module")
def chats():
    return Chats(build_processor(build_tokenizer(["{question}"])))


def rows_of(chats, problems):
    heads = chats.heads((problem.prompt, problem.scenes) for problem in problems)
    return [Row(head, scenes=problem.scenes) for head, problem in zip(heads, problems, strict=True)]


def by_the_processor(processor, problems):
    """The library's own way: the processor on texts, images and videos."""
    texts = [
        processor.apply_chat_template(chat(p.prompt, p.scenes), add_generation_prompt=True, tokenize=False)
        for p in problems
    ]
    media = [medium.load() for p in problems for medium in p.question().media]
    images = [[medium] for medium in media if not isinstance(medium, Video)]
    videos = [np.stack([np.asarray(frame) for frame in m.frames]) for m in media if isinstance(m, Video)]
    about = [VideoMetadata(total_num_frames=len(v), fps=2.0, frames_indices=list(range(len(v)))) for v in videos]
    more = {"videos": videos, "video_metadata": about, "do_sample_frames": False} if videos else {}
    if images:
        more |= {"images": [image for (image,) in images]}
    return processor(text=texts, padding=True, padding_side="left", return_tensors="pt", **more)


@pytest.mark.parametrize("clusters", [["compare"], ["shapes_two", "compare", "bars_but"], ["lamp_dark", "bars_more"]])
def test_inputs_are_those_of_the_processor(chats, clusters):
    problems = [make_problem(random.Random(seed), name, "hard") for seed, name in enumerate(clusters)]
    ours = chats.inputs(rows_of(chats, problems), left=True)
    theirs = by_the_processor(chats.processor, problems)
    assert set(ours) | {"mm_token_type_ids"} == set(theirs)
    for name, values in ours.items():
        assert torch.equal(values, theirs[name]), name
    chats.tokenizer.padding_side = "left"


def test_a_batch_gives_each_row_the_logits_it_has_alone(chats):
    model = new_model(chats.tokenizer, 0).eval()
    problems = [
        make_problem(random.Random(seed), n, "easy") for seed, n in enumerate(("times", "shapes_two", "lamp_dark"))
    ]
    rows = rows_of(chats, problems)
    with torch.no_grad():
        together = model.model(**chats.inputs(rows), use_cache=False).last_hidden_state
        for row, hidden in zip(rows, together, strict=True):
            alone = model.model(**chats.inputs([row]), use_cache=False).last_hidden_state[0]
            assert torch.allclose(hidden[: len(row.ids)], alone, atol=1e-5)


def test_what_is_seen_changes_what_is_said(chats):
    model = new_model(chats.tokenizer, 0).eval()
    (row,) = rows_of(chats, [make_problem(random.Random(0), "bars_more", "easy")])
    blank = Row(row.ids, scenes=tuple(scene.blank() for scene in row.scenes))
    with torch.no_grad():
        seen, unseen = (model(**chats.inputs([r])).logits[0, -1] for r in (row, blank))
    assert not torch.allclose(seen, unseen)
