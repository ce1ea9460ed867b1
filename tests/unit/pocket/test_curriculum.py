import random
from dataclasses import replace
from itertools import islice

import pytest

from zppo.pocket.curriculum import MIXTURES, Curriculum, draw_lot, response_text, shuffle_words
from zppo.pocket.problems import make_problem
from zppo.types import MEDIA_MARK


def test_response_has_the_form_the_templates_ask_for():
    assert response_text("8*7=56,56-4=52") == "8*7=56,56-4=52</think>\\boxed{52}"
    assert response_text("5") == "5</think>\\boxed{5}"


def test_shuffled_questions_keep_their_words_and_the_order_of_their_numbers():
    text = "Tom has 15 pens, 6 more than Bob."
    shuffled = shuffle_words(text, random.Random(0))
    assert shuffled != text and sorted(shuffled.split()) == sorted(text.split())
    assert shuffled.index("15") < shuffled.index("6")


def test_lot_avoids_excluded_results():
    problem = replace(make_problem(random.Random(0), "compare", "hard"), numbers=(12, 4))
    drawn = {draw_lot(random.Random(seed), problem, "12-4=8") for seed in range(80)}
    assert "12/4=3" in drawn and "12-4=8" not in drawn and "12+4=16,16/2=8" not in drawn


@pytest.mark.parametrize("phase", MIXTURES)
def test_every_phase_shows_each_of_its_kinds_and_is_seeded(phase):
    examples = list(islice(Curriculum(phase, 0), 300))
    assert {example.kind for example in examples} == set(MIXTURES[phase])
    assert examples == list(islice(Curriculum(phase, 0), 300))
    assert examples != list(islice(Curriculum(phase, 1), 300))


def test_candidate_prompts_show_what_a_rollout_step_shows():
    examples = [e for e in islice(Curriculum("student", 0), 300)]
    for example in examples:
        answer = example.response.rsplit("\\boxed", 1)[1]
        shown = example.prompt.count("<candidate>\n")
        if example.kind.startswith("bcq"):
            assert shown == 2 and f"\\boxed{answer}\n</candidate>" in example.prompt
        elif example.kind.startswith("ncq"):
            assert 4 <= shown <= 8 and f"\\boxed{answer}\n</candidate>" not in example.prompt
        else:
            assert not shown


@pytest.mark.parametrize("phase", MIXTURES)
def test_every_phase_shows_all_media_and_nothing_held_out(phase):
    examples = list(islice(Curriculum(phase, 0), 600))
    scenes = [scene for example in examples for scene in example.scenes]
    assert {"bars", "shapes", "lamp"} <= {scene.pictures[0].kind for scene in scenes}
    assert all(example.prompt.count(MEDIA_MARK) == len(example.scenes) for example in examples)
    assert not any(scene.held_out for scene in scenes if scene.pictures[0].kind != "blank")


def test_unreadable_questions_about_pictures_are_blank():
    examples = [e for e in islice(Curriculum("student", 0), 400) if e.scenes]
    for example in examples:
        blank = all(picture.kind == "blank" for scene in example.scenes for picture in scene.pictures)
        assert blank == example.kind.endswith("unreadable")
