import random
from collections import Counter

import pytest

from zppo.pocket.clusters import CLUSTERS, MAX_NUMBER, PROGRAMS, run_program
from zppo.pocket.problems import LEVELS, applicable, balanced, make_problem, question_id

KINDS = [(cluster, level) for cluster in CLUSTERS for level in LEVELS]


def test_programs_work_out():
    assert run_program("a-b", (15, 6)) == ("15-6=9", 9)
    assert run_program("a*b,_-c", (8, 7, 4)) == ("8*7=56,56-4=52", 52)
    assert run_program("a*7,_+b", (5, 2)) == ("5*7=35,35+2=37", 37)
    assert run_program("a-b", (2, 6)) is None
    assert run_program("a/b", (2, 0)) is None
    assert run_program("a*b", (MAX_NUMBER, 2)) is None


@pytest.mark.parametrize(("cluster", "level"), KINDS)
def test_only_the_right_program_reaches_the_answer(cluster, level):
    rng = random.Random(3)
    for _ in range(200):
        problem = make_problem(rng, cluster, level)
        hits = [p for p, result in applicable(problem.numbers).items() if str(result) == problem.answer]
        assert len(hits) == 1
        assert run_program(hits[0], problem.numbers) == (problem.right, int(problem.answer))
        assert not problem.wrong.endswith(f"={problem.answer}")


def test_hard_questions_need_programs_that_easy_ones_practise():
    for cluster in CLUSTERS.values():
        assert len(cluster.hard) >= 2 and len(cluster.easy) >= 3 and cluster.truthful
        assert {cluster.right, cluster.keyword} <= {p for programs in PROGRAMS.values() for p in programs}


def test_same_seed_same_questions():
    assert balanced(random.Random(5), 64, False) == balanced(random.Random(5), 64, False)
    assert balanced(random.Random(5), 64, False) != balanced(random.Random(6), 64, False)


def test_rows_are_balanced_distinct_and_split_by_their_text():
    train, test = (balanced(random.Random(1), 320, held_out) for held_out in (False, True))
    assert not {p.prompt for p in train} & {p.prompt for p in test}
    for rows, held_out in ((train, False), (test, True)):
        assert Counter((p.cluster, p.level) for p in rows) == dict.fromkeys(KINDS, 20)
        assert len({p.id for p in rows}) == 320
        assert all(p.held_out == held_out and p.id == question_id(p.prompt) for p in rows)


def test_every_kind_has_questions_enough():
    for cluster, level in KINDS:
        rng = random.Random(2)
        assert len({make_problem(rng, cluster, level).id for _ in range(1200)}) > 900
