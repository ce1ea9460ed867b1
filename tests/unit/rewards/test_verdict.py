"""A response is right when its last box says what the reference answer says."""

import sys

import pytest

from zppo.rewards.equivalence import Equivalence
from zppo.rewards.routing import RoutedScorer
from zppo.types import Question


def questions(*answers: str) -> list[Question]:
    return [Question(id=str(i), text="?", answer=answer) for i, answer in enumerate(answers)]


def test_right_wrong_and_without_a_box() -> None:
    verdict = RoutedScorer()
    responses = [r"\boxed{0.5}", r"\boxed{0.5} or \boxed{2}", "1/2", r"\boxed{1/2", r"\boxed{}", r"\boxed{45^\circ}"]
    assert verdict(questions(*["1/2"] * 5, "45"), responses) == [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    verdict.close()


def test_unscored_is_none_never_zero() -> None:
    silent = [sys.executable, "-c", "import time; print('{\"ready\": true}', flush=True); time.sleep(60)"]
    verdict = RoutedScorer(Equivalence(deadline_s=0.1, command=silent))
    assert verdict(questions("1", "x+1", "1"), [r"\boxed{1}", r"\boxed{1+x}", r"\boxed{2}"]) == [1.0, None, 0.0]
    assert verdict.metrics() == {"grader/calls": 3.0, "grader/timeouts": 1.0, "grader/crashes": 0.0}
    verdict.close()


def test_one_response_for_each_question() -> None:
    with pytest.raises(ValueError):
        RoutedScorer()(questions("1", "2"), [r"\boxed{1}"])
