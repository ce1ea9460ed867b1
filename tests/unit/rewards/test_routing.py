"""The answer type of a question decides how its responses are scored, and nothing a model writes brings that down."""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from boxes import question

from zppo.data.reader import read_questions
from zppo.errors import DataError
from zppo.rewards.equivalence import Equivalence
from zppo.rewards.routing import RoutedScorer, is_free
from zppo.types import Question

OF_EACH_TYPE = [
    question("x+1"),
    question("1/2", answer_type="math"),
    question("B", answer_type="choice", options=["six", "seven"]),
    question("5 km", answer_type="number"),
    question("Paris", answer_type="exact"),
    question("1, x, 3", answer_type="list"),
    question("[0, 0, 10, 10]", answer_type="box"),
]
RIGHT = ["1+x", "0.5", "seven", "5", "Paris", "3, 1, x", "[0, 0, 10, 9]"]


@pytest.fixture(scope="module")
def verdict() -> Iterator[RoutedScorer]:
    routed = RoutedScorer(Equivalence(deadline_s=2.0))
    yield routed
    routed.close()


def boxed(answer: str) -> str:
    return f"\\boxed{{{answer}}}"


def test_every_type_is_scored_by_its_own_rule_in_the_order_of_the_batch(verdict: RoutedScorer) -> None:
    questions, answers = OF_EACH_TYPE * 2, [*RIGHT, *("?" for _ in RIGHT)]
    assert verdict(questions, [boxed(a) for a in answers]) == [1.0] * 7 + [0.0] * 7
    order = random.Random(1).sample(range(14), 14)
    mixed = verdict([questions[i] for i in order], [boxed(answers[i]) for i in order])
    assert mixed == [float(i < 7) for i in order]


def test_a_response_without_a_box_is_wrong_whatever_the_type(verdict: RoutedScorer) -> None:
    graded = verdict.grade(OF_EACH_TYPE, RIGHT)
    assert {(g.reward, g.reason, g.answer) for g in graded} == {(0.0, "no complete \\boxed{} in the response", None)}


def test_reasons_of_mathematics(verdict: RoutedScorer) -> None:
    graded = verdict.grade([question("1/2")] * 2, [boxed("0.5"), boxed("5")])
    assert [(g.verdict, g.reason) for g in graded] == [
        ("right", "1/2 and 0.5 are equivalent"),
        ("wrong", "1/2 and 5 are not equivalent"),
    ]


def test_a_comparison_that_takes_too_long_is_unscored_and_says_so() -> None:
    sleeper = "import time; print('{\"ready\": true}', flush=True); time.sleep(100)"
    verdict = RoutedScorer(Equivalence(deadline_s=0.2, command=[sys.executable, "-c", sleeper]))
    [graded] = verdict.grade([question("1/2")], [boxed("x")])
    verdict.close()
    assert graded.verdict == "unscored"
    assert graded.reason == "the comparison took longer than 0.2 s, or broke the worker down"


def test_a_free_form_answer_without_a_judge_is_unscored(verdict: RoutedScorer) -> None:
    asked = question("because", answer_type="free")
    assert is_free(asked) and not is_free(question("1"))
    [graded] = verdict.grade([asked], [boxed("why not")])
    assert graded.reward is None and graded.reason == "a free-form answer needs a judge, and there is none"


def test_the_metrics_are_those_of_the_grader_alone_without_a_judge() -> None:
    routed = RoutedScorer(Equivalence(command=["no worker is needed"]))
    assert routed([question("1"), question("2", answer_type=None)], [boxed("1"), boxed("3")]) == [1.0, 0.0]
    assert routed.metrics() == {"grader/calls": 2.0, "grader/timeouts": 0.0, "grader/crashes": 0.0}


def test_a_question_that_cannot_be_scored_is_refused(verdict: RoutedScorer) -> None:
    verdict.check(OF_EACH_TYPE)
    with pytest.raises(DataError, match="question 'q1': unknown answer_type 'chioce'; did you mean 'choice'"):
        verdict.check([*OF_EACH_TYPE, question("A", answer_type="chioce")])
    with pytest.raises(DataError, match="question 'q1': a choice needs a column `options`"):
        verdict.check([question("A", answer_type="choice")])


def test_one_response_for_each_question(verdict: RoutedScorer) -> None:
    with pytest.raises(ValueError):
        verdict([question("1")], [])


PIECES = (
    *(
        r"\frac",
        r"\sqrt",
        r"\left(",
        r"\right]",
        r"\begin{pmatrix}",
        r"\end{matrix}",
        r"\text",
        r"\boxed",
        r"\\",
        r"\{",
    ),
    *(r"\int_0^", r"\sum_{i=0}^{10^9}", r"\infty", r"\log", r"9^{9^9}", r"\cdot", "!!", "{{{{", "))))", "..", "null"),
    *"{}()[]^_&%$#~,;|!=</*-+90x∞½٣é🦊°\\ \n\x00\u202e\ud800",
    *("1e", "999999", "cat", "{}"),
)


def nasty(rng: random.Random) -> str:
    """Fragments of LaTeX, numbers and stray characters, sometimes very many of them."""
    length = rng.choice([1, 2, 4, 8, 16, 300])
    pieces = rng.choices(PIECES, k=length) if rng.random() < 0.8 else [rng.choice(PIECES)] * length
    return "".join(pieces)


@pytest.mark.parametrize("asked", OF_EACH_TYPE, ids=lambda asked: str(asked.fields.get("answer_type")))
def test_nothing_a_model_writes_crashes_the_verdict(verdict: RoutedScorer, asked: Question) -> None:
    rng = random.Random(repr(asked))
    hostile = [nasty(rng) for _ in range(220 if asked.fields.get("answer_type") else 40)]
    began = time.monotonic()
    rewards = verdict([asked] * 2 * len(hostile), [boxed(h) for h in hostile] + hostile)
    assert set(rewards) <= {0.0, 1.0, None}
    assert time.monotonic() - began < 2.0 * len(hostile), "no comparison holds the others up beyond its deadline"
    assert verdict([question("x+1")], [boxed("1+x")]) == [1.0], "the grader still works"


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX processes")
def test_workers_that_are_killed_from_outside_are_replaced(verdict: RoutedScorer) -> None:
    asked, responses = [question("x+1")] * 20, [boxed(f"1+x+{i}-{i}+0") for i in range(20)]
    for pid in verdict.equivalence._pool.pids:
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)
    assert verdict(asked, responses) == [1.0] * 20


def test_threads_may_share_a_verdict(verdict: RoutedScorer) -> None:
    def scored(i: int) -> list[float | None]:
        return verdict([question(f"x+{i}"), question("2")], [boxed(f"{i + i % 2}+x"), boxed("2")])

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(scored, range(24))) == [[float(i % 2 == 0), 1.0] for i in range(24)]


def test_nothing_is_started_for_what_can_be_read() -> None:
    types: list[Any] = [q for q in OF_EACH_TYPE if q.answer != "x+1"]
    routed = RoutedScorer(Equivalence(command=["no worker is needed"]))
    assert routed(types, [boxed(r) for r in RIGHT[1:]]) == [1.0] * 6


def test_the_rows_of_the_documentation_can_be_scored(verdict: RoutedScorer) -> None:
    text = (Path(__file__).parents[3] / "docs" / "rewards.md").read_text("utf-8")
    rows = [json.loads(line) for line in text.split("```json\n")[1].split("```")[0].splitlines()]
    assert {row.get("answer_type") for row in rows} == {None, "choice", "number", "exact", "list", "any", "box", "free"}
    verdict.check(read_questions(rows)[0])
