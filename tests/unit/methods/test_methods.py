"""What a method's name switches on, and what it drafts for a hard question."""

import random
from dataclasses import replace

import pytest

from zppo.errors import ConfigError
from zppo.methods import METHODS, parse_method
from zppo.types import Candidate, Group, Prompt, Question, Rollout

RIGHT, WRONG = [Candidate("r", "1", True)], [Candidate("w", "2", False), Candidate("w2", "3", False)]


@pytest.mark.parametrize(
    ("name", "replay", "aids"),
    [
        ("grpo", False, ()),
        ("grpo+replay", True, ()),
        ("grpo+bcq+ncq", False, ("bcq", "ncq")),
        ("grpo+ncq+replay", True, ("ncq",)),
        ("grpo+ncq+bcq", False, ("bcq", "ncq")),
        ("grpo+replay+bcq", True, ("bcq",)),
        ("zppo", True, ("bcq", "ncq")),
        ("hint", False, ("hint",)),
        ("hint+replay", True, ("hint",)),
        ("prefix+replay", True, ("prefix",)),
    ],
)
def test_a_name_says_which_aids_there_are_and_whether_there_is_a_buffer(
    name: str, replay: bool, aids: tuple[str, ...]
) -> None:
    method = parse_method(name)
    assert (method.name, method.replay, method.aids) == (name, replay, aids)
    assert not method.injects and method.loss == "policy"


def test_the_full_method_is_grpo_with_all_three_switches() -> None:
    assert parse_method("zppo").is_equivalent_to(parse_method("grpo+ncq+replay+bcq"))


@pytest.mark.parametrize("other", ["grpo+replay+bcq", "grpo+bcq+ncq", "hint+replay", "on_distill", "off_distill"])
def test_other_methods_do_something_else(other: str) -> None:
    assert not parse_method("zppo").is_equivalent_to(parse_method(other))


@pytest.mark.parametrize("name", ["hint", "prefix", "grpo_teacher", "off_distill", "on_distill"])
def test_replay_is_all_that_it_changes(name: str) -> None:
    without = parse_method(name)
    assert not without.replay
    assert parse_method(f"{name}+replay") == replace(without, name=f"{name}+replay", replay=True)


@pytest.mark.parametrize(
    ("name", "asks"),
    [("grpo", False), ("grpo+replay+ncq", False), ("on_distill", False), ("grpo+bcq", True), ("zppo", True)]
    + [(name, True) for name in ("hint", "prefix", "grpo_teacher", "off_distill")],
)
def test_a_teacher_answers_only_where_its_answers_are_used(name: str, asks: bool) -> None:
    assert ("responses" in parse_method(name).needs) is asks


@pytest.mark.parametrize("name", METHODS)
def test_distillation_makes_one_update_per_step_and_the_others_as_many_as_configured(name: str) -> None:
    assert parse_method(name).updates(4) == (1 if name in ("off_distill", "on_distill") else 4)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("zpo", "no method 'zpo'; did you mean 'zppo'?"),
        ("", "no method ''; known: grpo, grpo_teacher, hint, off_distill, on_distill, prefix, zppo"),
        ("distill", "no method 'distill'; did you mean 'on_distill'?"),
        ("grpo+bqc", "no switch 'bqc'; did you mean 'bcq'?"),
        ("grpo+", "no switch ''; known: bcq, ncq, replay"),
        ("grpo+bcq+bcq", "switch 'bcq' is given twice"),
        ("hint+replay+replay", "switch 'replay' is given twice"),
        ("zppo+replay", "zppo already has replay, bcq, ncq; write grpo+replay"),
        ("on_distill+bcq", "bcq goes with grpo only; on_distill takes only replay"),
        ("prefix+ncq", "ncq goes with grpo only; prefix takes only replay"),
        ("hint+prefix", "no switch 'prefix'"),
    ],
)
def test_a_wrong_name_is_refused_with_a_suggestion(name: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_method(name)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("zppo", ["bcq", "ncq"]),
        ("grpo+bcq", ["bcq"]),
        ("grpo+ncq", ["ncq"]),
        ("hint", ["hint"]),
        ("prefix", ["prefix"]),
        *((name, []) for name in ("grpo", "grpo_teacher", "off_distill", "on_distill")),
    ],
)
def test_a_method_drafts_the_aids_it_has(name: str, kinds: list[str]) -> None:
    drafts = parse_method(name).drafts(Question("q", "?", "1"), RIGHT, WRONG, random.Random(0))
    assert [draft.kind for draft in drafts] == kinds


@pytest.mark.parametrize(("name", "kinds"), [("zppo", ["ncq"]), ("hint", []), ("prefix", []), ("grpo+bcq", [])])
def test_without_a_right_candidate_there_is_at_most_an_ncq(name: str, kinds: list[str]) -> None:
    drafts = parse_method(name).drafts(Question("q", "?", "1"), [], WRONG, random.Random(0))
    assert [draft.kind for draft in drafts] == kinds


def test_a_hint_may_be_made_of_any_right_response() -> None:
    several = [Candidate(text, "1", True) for text in "abc"]
    question, rng = Question("q", "?", "1"), random.Random(0)
    drawn = {parse_method("hint").drafts(question, several, WRONG, rng)[0].candidates[0].text for _ in range(60)}
    assert drawn == set("abc")


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("zppo", ["half", "none"]),
        ("hint", ["half", "none"]),
        ("grpo_teacher", ["none"]),
        ("off_distill", ["easy", "half", "none"]),
        ("on_distill", []),
        ("grpo+replay+ncq", []),
    ],
)
def test_a_teacher_is_asked_only_what_the_method_can_use(name: str, asked: list[str]) -> None:
    def group(id: str, *rewards: float) -> Group:
        return Group(Prompt("plain", Question(id, "?", "1"), "?"), [Rollout([0], "", reward=r) for r in rewards])

    plain = [group("easy", 1, 1), group("half", 1, 0, 0), group("none", 0, 0)]
    found = parse_method(name).teacher_groups(plain, 1.0, 2, random.Random(0))
    assert sorted(g.question.id for g in found) == asked
