"""lm-evaluation-harness asks and scores, our engine answers."""

import json
from pathlib import Path
from typing import Any

import pytest
from texts import ScriptedText
from toys import Unreachable

from zppo.errors import DataError, EngineError
from zppo.evals.benchmarks import BENCHMARKS
from zppo.evals.lm_eval_bridge import TASKS, Check, _checks, _task_manager, cross_check, side_by_side
from zppo.evals.respondent import Respondent
from zppo.types import Prompt

pytestmark = pytest.mark.slow
SUBJECTS = ["biology", "business", "chemistry", "computer science", "economics", "engineering", "health", "history"]
SUBJECTS += ["law", "math", "other", "philosophy", "physics", "psychology"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "lm_eval" / "aime25" / "test.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps({"problem": f"{n} + 0?", "answer": str(n)}) + "\n" for n in range(10)))
    return tmp_path


@pytest.fixture
def exams(tmp_path: Path) -> Path:
    """Three questions on mathematics and one on each of the other subjects, with examples of all."""
    folder = tmp_path / "lm_eval" / "mmlu_pro"
    folder.mkdir(parents=True)
    for split, counts in (("test", {"math": 3}), ("validation", dict.fromkeys(SUBJECTS, 5))):
        rows = (_exam(subject, n) for subject in SUBJECTS for n in range(counts.get(subject, 1)))
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def _exam(subject: str, number: int) -> dict[str, Any]:
    said = {"question": f"{subject} {number}?", "options": ["yes", "no"], "cot_content": "A: The answer is (A)."}
    return said | {"answer": "A", "answer_index": 0, "category": subject, "question_id": number, "src": "s"}


def half_right(prompt: Prompt, n: int, visit: int) -> list[str]:
    """Thoughts are not the answer, nor is what follows a stop text."""
    number = int(prompt.text.split()[1])
    said = number if number % 2 else number + 1
    return [rf"<think>\boxed{{{number}}}?</think>\boxed{{{said}}} Question: next \boxed{{{number}}}"] * n


def test_lm_eval_scores_what_our_engine_says(data: Path) -> None:
    engine = ScriptedText(half_right)
    checks = cross_check(Respondent(engine, batch=4), BENCHMARKS["aime25"], data)
    assert checks == [Check("aime25", "aime25", "exact_match none", 50.0, 10)]
    assert engine.prompts[0].text == "Question: 0 + 0?\nAnswer:"
    beside = side_by_side(checks, []).splitlines()[1].split()
    assert beside == ["aime25", "aime25", "exact_match", "none", "10", "50.0", "–", "–"]


def test_a_group_reads_a_folder_and_is_the_mean_over_all_its_items(exams: Path) -> None:
    def only_mathematics(prompt: Prompt, n: int, visit: int) -> list[str]:
        return [f"The answer is ({'A' if 'about math.' in prompt.text else 'B'})."] * n

    checks = cross_check(Respondent(ScriptedText(only_mathematics)), BENCHMARKS["mmlu_pro"], exams)
    assert checks == [Check("mmlu_pro", "mmlu_pro", "exact_match custom-extract", 100 * 3 / 16, 16)]


def test_a_group_that_aggregates_a_metric_it_does_not_have_is_told_all_the_same() -> None:
    results = {"mmlu": {"alias": "mmlu"}, "law": {"exact_match,none": 1.0}, "art": {"exact_match,none": 0.0}}
    sizes = {"law": {"effective": 3}, "art": {"effective": 1}}
    found = {"results": results, "groups": {"mmlu": {"alias": "mmlu"}}, "n-samples": sizes}
    assert _checks("mmlu", "mmlu", found) == [Check("mmlu", "mmlu", "exact_match none", 75.0, 4)]


def test_a_limit_is_handed_on(data: Path) -> None:
    assert cross_check(Respondent(ScriptedText(half_right)), BENCHMARKS["aime25"], data, 4)[0].items == 4


def test_missing_data_and_responses_are_told(data: Path) -> None:
    with pytest.raises(DataError, match="lm-eval's task mmlu_pro in it"):
        cross_check(Respondent(ScriptedText(half_right)), BENCHMARKS["mmlu_pro"], data)
    with pytest.raises(EngineError, match="some responses never came"):
        cross_check(Respondent(Unreachable()), BENCHMARKS["aime25"], data)


def test_every_task_is_one_that_lm_eval_has() -> None:
    assert all(_task_manager().match_tasks([task]) == [task] for task in TASKS.values())
    assert TASKS.keys() <= BENCHMARKS.keys()
