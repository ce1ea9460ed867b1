import random
from collections import Counter
from dataclasses import replace

from builders import group, groups
from hypothesis import given
from hypothesis import strategies as st

from zppo.types import Dealing, Group, Rollout
from zppo.zone.minibatch import right_responses, split, with_injected, with_signal

groups_of_two_or_more = st.integers(2, 4).map(lambda n: group(*[0.0] * n))


@given(groups(), st.integers(1, 5), st.integers(0, 99), st.sampled_from(["groups", "rollouts"]))
def test_every_rollout_is_in_one_minibatch_beside_its_group(
    of: list[Group], count: int, seed: int, by: Dealing
) -> None:
    minibatches = split(of, count, random.Random(seed), by)
    assert len(minibatches) == count
    dealt = Counter((id(g), id(r)) for minibatch in minibatches for g, r in minibatch)
    assert dealt == Counter((id(g), id(r)) for g in of for r in g.rollouts)


@given(st.lists(groups_of_two_or_more, max_size=9), st.integers(1, 5), st.integers(0, 99))
def test_minibatches_hold_whole_groups_and_differ_by_at_most_one_group(of: list[Group], count: int, seed: int) -> None:
    minibatches = split(of, count, random.Random(seed))
    held = [Counter(id(g) for g, _ in minibatch) for minibatch in minibatches]
    assert sum(held, Counter()) == {id(g): len(g.rollouts) for g in of}
    assert all(sizes[id(g)] in (0, len(g.rollouts)) for sizes in held for g in of)
    assert max(map(len, held)) - min(map(len, held)) <= 1


@given(groups(), st.integers(1, 5), st.integers(0, 99))
def test_dealt_by_rollouts_their_sizes_differ_by_at_most_one_rollout(of: list[Group], count: int, seed: int) -> None:
    sizes = [len(minibatch) for minibatch in split(of, count, random.Random(seed), "rollouts")]
    assert max(sizes) - min(sizes) <= 1


def test_groups_are_shuffled_and_with_rollouts_these_are() -> None:
    of = [group(0.0, 0.0, id=str(i)) for i in range(20)]
    firsts = {seed: [g.question.id for g, _ in split(of, 2, random.Random(seed))[0]] for seed in (0, 1)}
    assert firsts[0] != firsts[1] and firsts[0] != sorted(firsts[0], key=int)
    of = [group(*[0.0] * 20, id="a"), group(*[0.0] * 20, id="b")]
    first, _ = split(of, 2, random.Random(0), "rollouts")
    assert 5 < sum(g is of[0] for g, _ in first) < 15


@given(groups(), groups())
def test_dynamic_sampling_drops_a_question_only_if_all_of_its_groups_are_trivial(
    plain: list[Group], aided: list[Group]
) -> None:
    kept = with_signal([*plain, *aided])
    alive = {g.question.id for g in [*plain, *aided] if not g.is_trivial}
    assert kept == [g for g in [*plain, *aided] if g.question.id in alive]


def test_right_responses_stand_behind_the_students_own_prompt() -> None:
    plain = [group(0, 0, id="a"), group(1, 1, id="b")]
    plain[0].prompt_ids = [5, 6]
    teacher = [group(0, 1, None, 1, id="a"), group(0, id="b")]
    taught = right_responses(plain, teacher, in_letters)
    assert [(g.prompt, g.prompt_ids) for g in taught] == [(g.prompt, g.prompt_ids) for g in plain]
    assert [g.rollouts for g in taught] == [[in_letters(teacher[0].rollouts[i]) for i in (1, 3)], []]


def in_letters(rollout: Rollout) -> Rollout:
    return replace(rollout, token_ids=[ord(letter) for letter in rollout.text], logprobs=None)


def imitate(plain: Group, *rewards: float, seed: int = 0) -> Group:
    (got,) = with_injected([plain], [group(*rewards)], in_letters, random.Random(seed))
    return got


def test_only_a_group_that_is_all_wrong_is_helped_and_only_by_a_right_response() -> None:
    for plain in (group(1, 0), group(1, 1), group(None, None)):
        assert imitate(plain, 1) is plain
    all_wrong = group(0, 0)
    assert imitate(all_wrong, 0, 0) is all_wrong
    assert with_injected([all_wrong], [], in_letters, random.Random(0)) == [all_wrong]


def test_a_right_response_takes_the_place_of_one_wrong_rollout_in_the_students_tokens() -> None:
    plain = group(0, None, 0)
    before = list(plain.rollouts)
    got = imitate(plain, 0, 1)
    assert plain.rollouts == before
    (place,) = [i for i, r in enumerate(got.rollouts) if r.injected]
    assert place in (0, 2)
    ids = [ord(letter) for letter in "response 1"]
    assert got.rollouts[place] == Rollout(ids, "response 1", reward=1.0, injected=True)
    assert all(got.rollouts[i] is before[i] for i in range(3) if i != place)


def test_of_equal_wrong_rollouts_only_one_gives_way() -> None:
    plain = group(0, 0, 0)
    plain.rollouts = [Rollout([1], "same", reward=0.0) for _ in range(3)]
    assert [r.injected for r in imitate(plain, 1).rollouts].count(True) == 1


def test_log_probabilities_of_the_teacher_do_not_pass_for_the_students() -> None:
    teacher = group(1)
    teacher.rollouts[0].logprobs = [-0.5, -0.5]
    (got,) = with_injected([group(0, 0)], [teacher], in_letters, random.Random(0))
    assert all(r.logprobs is None for r in got.rollouts)


def test_response_and_place_are_drawn_uniformly() -> None:
    seen = Counter()
    for seed in range(1200):
        got = imitate(group(0, 0), 1, 0, 1, seed=seed)
        seen.update((i, r.text) for i, r in enumerate(got.rollouts) if r.injected)
    assert set(seen) == {(i, text) for i in (0, 1) for text in ("response 0", "response 2")}
    assert all(230 < count < 370 for count in seen.values())
