"""Functions written for TRL's trainers serve as verdicts, and a mistake in one names the function and the sample."""

import asyncio
import functools
import gc
import warnings
from typing import Any

import numpy as np
import pytest
from trl.rewards import accuracy_reward, get_soft_overlong_punishment

from zppo.data.reader import read_questions
from zppo.errors import ConfigError, RewardError
from zppo.rewards.functions import RewardFunctions, as_scorer
from zppo.rewards.routing import RoutedScorer
from zppo.types import Question, Rollout

QUESTIONS = [
    Question("a", "one and one?", "2", {"level": 1, "source": "book"}),
    Question("b", "two and two?", "4", {"level": 2}),
]
RESPONSES = ["it is 2", "it is five"]


def contains_answer(completions: list[str], answer: list[str], **columns: Any) -> list[float]:
    return [float(a in c) for a, c in zip(answer, completions, strict=True)]


def length(completions: list[str], **columns: Any) -> list[float]:
    return [len(c) / 10 for c in completions]


async def patient_judge(prompts: list[str], completions: list[str], **columns: Any) -> list[float]:
    await asyncio.sleep(0)
    return [1.0] * len(prompts)


def returning(value: Any) -> Any:
    def broken(**columns: Any) -> Any:
        return value

    return broken


def test_a_function_sees_prompts_completions_answers_and_columns() -> None:
    seen = {}

    def spy(**arguments: Any) -> list[float]:
        seen.update(arguments)
        return [0.0, 1.0]

    assert RewardFunctions([spy])(QUESTIONS, RESPONSES) == [0.0, 1.0]
    assert callable(seen.pop("log_extra")) and callable(seen.pop("log_metric"))
    assert seen == {
        "prompts": ["one and one?", "two and two?"],
        "completions": RESPONSES,
        "completion_ids": [[], []],
        "answer": ["2", "4"],
        "level": [1, 2],
        "source": ["book", None],
        "trainer_state": None,
    }


def test_a_function_sees_the_row_as_it_was() -> None:
    seen = {}

    def spy(**arguments: Any) -> list[float]:
        seen.update(arguments)
        return [0.0] * len(arguments["completions"])

    rows = [{"prompt": [{"role": "user", "content": "1+1?"}], "answer": 2}, {"prompt": "2+2?", "answer": "4"}]
    RewardFunctions([spy])(list(read_questions(rows)[0]), RESPONSES)
    assert seen["prompts"] == [rows[0]["prompt"], "2+2?"]
    assert seen["completions"] == [[{"role": "assistant", "content": "it is 2"}], "it is five"]
    assert seen["answer"] == [2, "4"]


def test_functions_of_trl_work() -> None:
    rows = [{"prompt": [{"role": "user", "content": "half?"}], "solution": "$\\frac12$"} for _ in range(3)]
    questions = list(read_questions(rows)[0])
    functions = RewardFunctions([accuracy_reward, get_soft_overlong_punishment(4, 2)], weights=[1.0, 0.5])
    texts = ("\\boxed{0.5}", "\\boxed{0.6}", "\\boxed{1/2}")
    rollouts = [Rollout([7] * ids, text) for ids, text in zip((1, 2, 3), texts, strict=True)]
    assert functions.score(questions, rollouts) == [1.0, 0.0, 0.75]
    assert set(rollouts[0].notes) == {"solution", "gold_parsed", "answer_parsed"}


def test_functions_may_log() -> None:
    def talkative(completions: list[str], log_metric: Any, log_extra: Any, **columns: Any) -> list[float]:
        log_metric("words", len(completions[0].split()))
        log_extra("first", [completion[0] for completion in completions])
        log_extra("kind", [str, None])
        return [0.0] * len(completions)

    functions = RewardFunctions([talkative])
    rollouts = [Rollout([], "a b"), Rollout([], "c")]
    functions.score(QUESTIONS, rollouts)
    functions(QUESTIONS, ["a b c d", "e"])
    assert functions.metrics() == {"reward/talkative": 0.0, "reward/words": 3.0}
    assert [rollout.notes for rollout in rollouts] == [
        {"first": "a", "kind": "<class 'str'>"},
        {"first": "c", "kind": None},
    ]
    with pytest.raises(RewardError, match=r"log_extra\('first'\) was given 1 values for 2"):
        RewardFunctions([lambda log_extra, **_: log_extra("first", [1])])(QUESTIONS, RESPONSES)


def test_a_function_sees_the_state_of_the_trainer_at_its_call() -> None:
    functions = RewardFunctions([lambda trainer_state, **_: [trainer_state] * 2])
    steps = iter([1, 2])
    functions.trainer_state = lambda: next(steps)
    assert functions(QUESTIONS, RESPONSES) + functions(QUESTIONS, RESPONSES) == [1, 1, 2, 2]


def test_functions_of_one_name_are_told_apart() -> None:
    functions = RewardFunctions([returning([1, 1]), returning([0, 0]), length])
    functions(QUESTIONS, RESPONSES)
    assert functions.metrics() == pytest.approx({"reward/broken": 1, "reward/broken_2": 0, "reward/length": 0.85})


def test_rewards_are_the_weighted_sum() -> None:
    assert RewardFunctions([contains_answer, length])(QUESTIONS, RESPONSES) == pytest.approx([1.7, 1.0])
    weighted = RewardFunctions([contains_answer, length], weights=[2.0, -1.0])
    assert weighted(QUESTIONS, RESPONSES) == pytest.approx([1.3, -1.0])
    assert weighted.metrics() == pytest.approx({"reward/contains_answer": 0.5, "reward/length": 0.85})


def test_none_from_any_function_leaves_the_sample_unscored() -> None:
    functions = RewardFunctions([contains_answer, returning([None, 1])])
    assert functions(QUESTIONS, RESPONSES) == [None, 1.0]
    assert functions.metrics() == {"reward/contains_answer": 0.5, "reward/broken": 1.0}


@pytest.mark.parametrize("values", [[True, False], (1, 0), np.array([1.0, 0.0]), [np.float32(1), np.int64(0)]])
def test_any_sequence_of_numbers_will_do(values: Any) -> None:
    rewards = RewardFunctions([returning(values)])(QUESTIONS, RESPONSES)
    assert rewards == [1.0, 0.0] and all(type(r) is float for r in rewards)


def test_coroutine_functions_are_awaited_whether_or_not_a_loop_runs() -> None:
    functions = RewardFunctions([patient_judge, contains_answer, functools.partial(patient_judge)])

    async def inside_a_loop() -> list[float | None]:
        return functions(QUESTIONS, RESPONSES)

    assert functions(QUESTIONS, RESPONSES) == [3.0, 2.0]
    assert asyncio.run(inside_a_loop()) == [3.0, 2.0]
    functions.close()
    assert functions(QUESTIONS, RESPONSES) == [3.0, 2.0]
    functions.close()


def test_coroutine_functions_keep_their_loop_from_call_to_call() -> None:
    loops = []

    async def client(completions: list[str], **columns: Any) -> list[float]:
        loops.append(asyncio.get_running_loop())
        return [0.0] * len(completions)

    functions = RewardFunctions([client])
    functions(QUESTIONS, RESPONSES)
    functions(QUESTIONS, RESPONSES)
    functions.close()
    assert loops[0] is loops[1]


def test_coroutine_functions_run_at_the_same_time() -> None:
    arrived = [asyncio.Event(), asyncio.Event()]

    def meeting(own: int) -> Any:
        async def meet(**columns: Any) -> list[float]:
            arrived[own].set()
            await asyncio.wait_for(arrived[1 - own].wait(), timeout=60)
            return [own, own]

        return meet

    functions = RewardFunctions([meeting(0), meeting(1)])
    assert functions(QUESTIONS, RESPONSES) == [1, 1]
    functions.close()


def test_a_coroutine_is_given_up_when_another_function_fails() -> None:
    ended = []

    async def endless(**columns: Any) -> list[float]:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("endless")
        return []

    async def failing(**columns: Any) -> list[float]:
        raise ValueError("no")

    functions = RewardFunctions([endless, failing])
    with pytest.raises(RewardError, match="'failing' raised ValueError: no"):
        functions(QUESTIONS, RESPONSES)
    functions.close()
    assert ended == ["endless"]


def test_a_coroutine_that_nobody_will_wait_for_is_closed() -> None:
    def broken(**columns: Any) -> list[float]:
        raise ValueError("no")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RewardError, match="'broken' raised ValueError: no"):
            RewardFunctions([patient_judge, broken])(QUESTIONS, RESPONSES)
        gc.collect()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1.0], "'broken' returned 1 values for 2 completions"),
        (None, "'broken' returned NoneType for 2 completions"),
        (0.5, "'broken' returned float for 2 completions"),
        ("10", "'broken' returned str for 2 completions"),
        ([1.0, float("nan")], r"'broken' returned nan for completion 1 \('it is five'\)"),
        ([float("inf"), 0], r"'broken' returned inf for completion 0 \('it is 2'\)"),
        ([1.0, "right"], "'broken' returned 'right' for completion 1"),
        ([[1.0], 0.0], r"'broken' returned \[1.0\] for completion 0"),
        ({0.0, 1.0}, "'broken' returned set for 2 completions"),
        ({0: 0.0, 1: 1.0}, "'broken' returned dict for 2 completions"),
        ([10**400, 0], r"'broken' returned 10+\.\.\.0+ for completion 0"),
        ([np.array([1.0, 0.0]), 0], r"'broken' returned array\(\[1., 0.\]\) for completion 0"),
    ],
)
def test_a_wrong_return_value_is_explained(value: Any, message: str) -> None:
    with pytest.raises(
        RewardError, match=message + r".*Return one finite number, or None for unscored, per completion"
    ):
        RewardFunctions([returning(value)])(QUESTIONS, RESPONSES)


def test_an_exception_names_the_function_and_keeps_its_cause() -> None:
    def expects_messages(completions: list[Any], **columns: Any) -> list[float]:
        return [float(completion[0]["content"]) for completion in completions]

    async def offline(**columns: Any) -> list[float]:
        raise ConnectionError("no route to judge")

    with pytest.raises(RewardError, match=r"'expects_messages' raised TypeError.*completions are strings") as caught:
        RewardFunctions([expects_messages])(QUESTIONS, RESPONSES)
    assert isinstance(caught.value.__cause__, TypeError)
    with pytest.raises(RewardError, match="'offline' raised ConnectionError: no route to judge"):
        RewardFunctions([offline])(QUESTIONS, RESPONSES)
    with pytest.raises(RewardError, match=r"unexpected keyword argument .*prompts, completions"):
        RewardFunctions([lambda prompts: [0.0]])(QUESTIONS, RESPONSES)


@pytest.mark.parametrize(("functions", "weights"), [([], None), ([length], [1.0, 2.0]), (["accuracy"], None)])
def test_a_combination_that_cannot_work_is_refused_at_once(functions: Any, weights: Any) -> None:
    with pytest.raises(ConfigError):
        RewardFunctions(functions, weights)


def test_what_a_reward_funcs_argument_means() -> None:
    assert isinstance(as_scorer(), RoutedScorer)
    assert as_scorer(length)(QUESTIONS, RESPONSES) == pytest.approx([0.7, 1.0])
    assert as_scorer([length, contains_answer])(QUESTIONS, RESPONSES) == pytest.approx([1.7, 1.0])
    ready = RewardFunctions([length])
    for own in (ready, RoutedScorer()):
        assert as_scorer(own) is own
