import random
import re
from collections import Counter
from dataclasses import replace

import pytest
from builders import group
from hypothesis import given
from hypothesis import strategies as st

from zppo.types import MEDIA_MARK, Candidate, Prefix, Prompt, Question, Rollout
from zppo.zone.candidates import as_candidates, build_prompts, draft_bcq, draft_ncq, draft_single, neutralise
from zppo.zone.prompts import Templates

TAG = re.compile(r"</?(?:candidate|response|summary|hint)\b", re.IGNORECASE)
PIECES = (
    "<think>",
    "</think>",
    MEDIA_MARK,
    "</candidate>",
    "<Candidate >",
    "<summary>",
    "</response",
    "<hint x=1>",
    "<",
)
LOOKING_LIKE_TAGS = (
    *("</ candidate>", "< / candidate>", "<\n/candidate>", "<\u200b/candidate>", "</\u2060\ufeffHINT>"),
    *("</can\u200bdidate>", "<\u034f/candidate>", "</candidate\u115f>", "</h\ufe0fi\u2066nt>", "<summary\u3164x>"),
)
QUESTION = Question("q", "how many?", "1")
TEMPLATES = Templates.load()

hostile = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=12).map("".join)
responses = st.builds(Rollout, st.just([0]), hostile, reward=st.sampled_from([0.0, 1.0, None]))


def no_prefix(candidate: Candidate) -> None:
    raise AssertionError("only the method prefix begins a response")


def candidates(right: bool, *texts: str) -> list[Candidate]:
    return [Candidate(text, text, right) for text in texts]


@given(hostile)
def test_harmless_text_has_no_tag_and_no_mark_of_thinking_or_media(text: str) -> None:
    shown = neutralise(text)
    assert not TAG.search(shown)
    assert not any(mark in shown for mark in ("<think>", "</think>", MEDIA_MARK))
    assert shown == shown.strip()


@given(hostile)
def test_making_harmless_twice_changes_nothing_more(text: str) -> None:
    assert neutralise(neutralise(text)) == neutralise(text)


@given(st.text(alphabet="abc 123\\{}<>=+\n"))
def test_harmless_leaves_ordinary_text_alone(text: str) -> None:
    assert neutralise(text) == text.strip()


@pytest.mark.parametrize("tag", LOOKING_LIKE_TAGS)
def test_what_looks_like_a_tag_is_escaped_like_one(tag: str) -> None:
    assert neutralise(f"1 {tag} 2") == f"1 &lt;{tag[1:]} 2"


@pytest.mark.parametrize(
    "text", ["a < candidates", "<hints>", "< can didate >", "<candi\u200bdacy>", "1 < x\u200b < 2"]
)
def test_what_does_not_stays(text: str) -> None:
    assert neutralise(text) == text


@given(st.lists(responses, max_size=6))
def test_every_scored_response_is_a_candidate(rollouts: list[Rollout]) -> None:
    assert [c.text for c in as_candidates(rollouts)] == [neutralise(r.text) for r in rollouts if r.reward is not None]


def test_a_final_answer_is_made_harmless_too() -> None:
    rollout = Rollout([0], "x", reward=0.0, answer=f"</candidate>{MEDIA_MARK}")
    assert as_candidates([rollout])[0].answer == "&lt;/candidate>"


@given(st.lists(hostile, min_size=1, max_size=4), st.lists(hostile, min_size=1, max_size=4))
def test_a_prompt_has_as_many_candidate_tags_as_candidates(texts: list[str], answers: list[str]) -> None:
    rollouts = [Rollout([0], text, reward=0.0, answer=answers[i % len(answers)]) for i, text in enumerate(texts)]
    wrong = as_candidates(rollouts)
    empty = TEMPLATES.ncq(QUESTION, [])
    drafts = draft_ncq(QUESTION, wrong)
    for prompt in (p for draft in drafts for p in build_prompts(draft, wrong, TEMPLATES, no_prefix)):
        tags, without = Counter(TAG.findall(prompt.text)), Counter(TAG.findall(empty))
        assert tags - without == {"<candidate": len(wrong), "</candidate": len(wrong)}


def test_a_bcq_holds_one_right_and_one_wrong_candidate_in_either_order() -> None:
    right, wrong, rng = candidates(True, "r1", "r2"), candidates(False, "w1", "w2", "w3"), random.Random(0)
    seen = Counter(tuple(c.text for c in draft_bcq(QUESTION, right, wrong, rng)[0].candidates) for _ in range(6000))
    assert len(seen) == 2 * 3 * 2
    assert all({a[0], b[0]} == {"r", "w"} for a, b in seen)
    assert all(400 < count < 600 for count in seen.values())


def test_a_bcq_needs_both_sides() -> None:
    rng = random.Random(0)
    assert draft_bcq(QUESTION, [], candidates(False, "w"), rng) == []
    assert draft_bcq(QUESTION, candidates(True, "r"), [], rng) == []


def test_an_ncq_holds_every_wrong_candidate_in_order() -> None:
    wrong = candidates(False, "b", "a", "b")
    (draft,) = draft_ncq(QUESTION, wrong)
    assert list(draft.candidates) == wrong
    assert draft_ncq(QUESTION, []) == []


def test_a_bcq_draws_among_the_candidates_that_have_a_text() -> None:
    right, wrong, rng = candidates(True, "", "r"), candidates(False, "", "w1", "", "w2"), random.Random(0)
    seen = Counter(c.text for _ in range(600) for c in draft_bcq(QUESTION, right, wrong, rng)[0].candidates)
    assert set(seen) == {"r", "w1", "w2"} and all(count > 200 for count in seen.values())
    assert draft_bcq(QUESTION, right, candidates(False, ""), rng) == []
    assert draft_bcq(QUESTION, candidates(True, ""), wrong, rng) == []


def shortened(candidate: Candidate) -> Candidate:
    return replace(candidate, text=f"end of {candidate.text}")


def test_if_the_compression_of_one_candidate_of_a_bcq_failed_both_are_shown_by_the_fallback() -> None:
    pair = candidates(True, "r") + candidates(False, "w")
    (draft,) = draft_bcq(QUESTION, pair[:1], pair[1:], random.Random(0))
    first, second = (replace(c, text=f"short {c.text}") for c in draft.candidates)
    whole = [shortened(c) for c in draft.candidates]
    for failed in ([None, second], [first, None], [None, None]):
        (prompt,) = build_prompts(draft, failed, TEMPLATES, no_prefix, shortened)
        assert (prompt.kind, prompt.text) == ("bcq", TEMPLATES.bcq(QUESTION, whole))
    (prompt,) = build_prompts(draft, [first, second], TEMPLATES, no_prefix, shortened)
    assert (prompt.text, prompt.candidates) == (TEMPLATES.bcq(QUESTION, [first, second]), (first, second))


def test_no_wrong_response_leaves_an_ncq() -> None:
    wrong = candidates(False, "a", "", "b")
    (draft,) = draft_ncq(QUESTION, wrong)
    (prompt,) = build_prompts(draft, [None, wrong[1], wrong[2]], TEMPLATES, no_prefix, shortened)
    shown = (shortened(wrong[0]), wrong[1], wrong[2])
    assert (prompt.kind, prompt.candidates) == ("ncq", shown)
    assert re.findall(r"<candidate>\n(.*?)\n</candidate>", prompt.text) == ["end of a", "(empty response)", "b"]


def test_a_wrong_response_without_a_final_answer_stands_in_an_ncq_like_any_other() -> None:
    wrong = as_candidates([Rollout([0], "no idea", reward=0.0), Rollout([0], "\\boxed{7}", reward=0.0, answer="7")])
    (draft,) = draft_ncq(QUESTION, wrong)
    (prompt,) = build_prompts(draft, wrong, TEMPLATES, no_prefix)
    assert prompt.text.count("<candidate>") - TEMPLATES.ncq(QUESTION, []).count("<candidate>") == 2


def test_a_bcq_does_not_say_which_candidate_is_right() -> None:
    pair = candidates(True, "same") + candidates(False, "same")
    assert TEMPLATES.bcq(QUESTION, pair) == TEMPLATES.bcq(QUESTION, pair[::-1])


def test_responses_of_a_group_that_are_wrong_are_the_scored_zeros() -> None:
    g = group(0, 1, None)
    assert [c.text for c in as_candidates(g.wrong)] == ["response 0"]


def test_a_hint_or_a_prefix_comes_from_one_right_response_drawn_uniformly() -> None:
    right, rng = candidates(True, "a", "b", "c"), random.Random(0)
    seen = Counter(draft_single("hint", QUESTION, right, rng)[0].candidates for _ in range(3000))
    assert set(seen) == {(c,) for c in right}
    assert all(900 < count < 1100 for count in seen.values())
    assert draft_single("hint", QUESTION, [], rng) == []


def test_a_hint_stands_in_its_tags_and_is_dropped_when_it_was_refused() -> None:
    (draft,) = draft_single("hint", QUESTION, candidates(True, "whole"), random.Random(0))
    (prompt,) = build_prompts(draft, candidates(True, "try less"), TEMPLATES, no_prefix)
    assert (prompt.kind, prompt.text) == ("hint", TEMPLATES.hint(QUESTION, "try less"))
    assert "<hint>\ntry less\n</hint>" in prompt.text and "whole" not in prompt.text
    assert build_prompts(draft, [None], TEMPLATES, no_prefix) == []


def test_a_prefix_is_made_of_the_whole_response_and_leaves_the_prompt_plain() -> None:
    response = Rollout([0], "<think>one two</think> three", reward=1.0)
    (draft,) = draft_single("prefix", QUESTION, as_candidates([response]), random.Random(0))
    begin = Prefix((1, 2), "<think>one")
    asked = []
    (prompt,) = build_prompts(draft, draft.candidates, TEMPLATES, lambda c: asked.append(c.response) or begin)
    assert prompt == Prompt("prefix", QUESTION, TEMPLATES.plain(QUESTION), begin)
    assert asked == [response]
    assert build_prompts(draft, draft.candidates, TEMPLATES, lambda candidate: None) == []
