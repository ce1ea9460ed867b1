import random

import pytest

from zppo.errors import ConfigError
from zppo.methods import parse_method
from zppo.types import Candidate, Question

RIGHT, WRONG = [Candidate("r", "1", True)], [Candidate("w", "2", False), Candidate("w2", "3", False)]


@pytest.mark.parametrize(
    ("name", "replay", "bcq", "ncq"),
    [
        ("grpo", False, False, False),
        ("grpo+replay", True, False, False),
        ("grpo+bcq+ncq", False, True, True),
        ("grpo+ncq+replay", True, False, True),
        ("grpo+replay+bcq", True, True, False),
        ("zppo", True, True, True),
    ],
)
def test_a_name_says_what_is_on(name: str, replay: bool, bcq: bool, ncq: bool) -> None:
    method = parse_method(name)
    assert (method.name, method.replay, method.bcq, method.ncq) == (name, replay, bcq, ncq)
    assert method.aids == (bcq or ncq)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("zpo", "no method 'zpo'; did you mean 'zppo'?"),
        ("", "no method ''; known: grpo, zppo"),
        ("grpo+bqc", "no switch 'bqc'; did you mean 'bcq'?"),
        ("grpo+", "no switch ''; known: bcq, ncq, replay"),
        ("grpo+bcq+bcq", "switch 'bcq' is given twice"),
        ("zppo+replay", "zppo already has replay, bcq, ncq; write grpo+replay"),
    ],
)
def test_a_wrong_name_is_refused_with_a_suggestion(name: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_method(name)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("name", "kinds"), [("zppo", ["bcq", "ncq"]), ("grpo+bcq", ["bcq"]), ("grpo+ncq", ["ncq"]), ("grpo", [])]
)
def test_a_method_drafts_the_aids_it_has(name: str, kinds: list[str]) -> None:
    drafts = parse_method(name).drafts(Question("q", "?", "1"), RIGHT, WRONG, random.Random(0))
    assert [draft.kind for draft in drafts] == kinds


def test_without_a_right_candidate_there_is_only_an_ncq() -> None:
    (draft,) = parse_method("zppo").drafts(Question("q", "?", "1"), [], WRONG, random.Random(0))
    assert (draft.kind, list(draft.candidates)) == ("ncq", WRONG)
