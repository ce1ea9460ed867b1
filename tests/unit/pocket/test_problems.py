import random
from collections import Counter

import pytest

from zppo.pocket.clusters import CLUSTERS, MAX_NUMBER, PROGRAMS, run_program
from zppo.pocket.problems import ALL, LEVELS, balanced, make_problem, question_id
from zppo.pocket.sights import SIGHTS
from zppo.types import MEDIA_MARK

KINDS = [(cluster, level) for cluster in ALL for level in LEVELS]


def test_programs_work_out():
    assert run_program("a-b", (15, 6)) == ("15-6=9", 9)
    assert run_program("a*b,_-c", (8, 7, 4)) == ("8*7=56,56-4=52", 52)
    assert run_program("a*7,_+b", (5, 2)) == ("5*7=35,35+2=37", 37)
    assert run_program("a-b", (2, 6)) is None
    assert run_program("a/b", (2, 0)) is None
    assert run_program("a*b", (MAX_NUMBER, 2)) is None
    assert run_program("9-a", (4,)) == ("9-4=5", 5) and run_program("b", (4, 3)) == ("3", 3)


@pytest.mark.parametrize(("cluster", "level"), KINDS)
def test_only_the_right_program_reaches_the_answer(cluster, level):
    rng = random.Random(3)
    for _ in range(200):
        problem = make_problem(rng, cluster, level)
        worked = [run_program(program, problem.numbers) for program in problem.programs]
        assert [w for w in worked if w and str(w[1]) == problem.answer] == [(problem.right, int(problem.answer))]
        assert not problem.wrong.endswith(f"={problem.answer}")


def test_hard_questions_need_programs_that_easy_ones_practise():
    for cluster in CLUSTERS.values():
        assert len(cluster.hard) >= 2 and len(cluster.easy) >= 3 and cluster.truthful
        assert {cluster.right, cluster.keyword} <= {p for programs in PROGRAMS.values() for p in programs}
    for sight in SIGHTS.values():
        assert len(sight.hard) >= 2 and len(sight.easy) >= 3 and sight.truthful
        assert {sight.right, sight.keyword} <= set(sight.programs)


def test_same_seed_same_questions():
    assert balanced(random.Random(5), 64, False) == balanced(random.Random(5), 64, False)
    assert balanced(random.Random(5), 64, False) != balanced(random.Random(6), 64, False)


def test_rows_are_balanced_distinct_and_split_by_their_text():
    train, test = (balanced(random.Random(1), 280, held_out) for held_out in (False, True))
    assert not {p.id for p in train} & {p.id for p in test}
    for rows, held_out in ((train, False), (test, True)):
        assert Counter((p.cluster, p.level) for p in rows) == dict.fromkeys(KINDS, 10)
        assert len({p.id for p in rows}) == 280
        assert all(p.held_out == held_out for p in rows)
        assert all(p.id == question_id(p.prompt) for p in rows if not p.scenes)
    shown = [{scene.name for p in rows for scene in p.scenes} for rows in (train, test)]
    assert not shown[0] & shown[1]


def test_every_kind_has_questions_enough():
    for cluster, level in KINDS:
        rng = random.Random(2)
        assert len({make_problem(rng, cluster, level).id for _ in range(1200)}) > 400


def test_rows_say_where_the_media_stand_and_lie():
    rng = random.Random(4)
    image, pair, video = (make_problem(rng, name, "hard") for name in ("bars_more", "shapes_two", "lamp_dark"))
    assert image.row()["prompt"].startswith("<image>\n") and len(image.row()["images"]) == 1
    assert pair.row()["prompt"].startswith("<image><image>\n") and len(pair.row()["images"]) == 2
    assert video.row()["prompt"].startswith("<video>\n") and video.row()["videos"][0]["fps"] == 2
    assert len(video.row()["videos"][0]["frames"]) == 6 and video.row()["modality"] == "video"
    for problem in (image, pair, video):
        question = problem.question()
        assert question.text.count(MEDIA_MARK) == len(question.media) == len(problem.scenes)
    assert not {"images", "videos"} & set(make_problem(rng, "compare", "easy").row())
