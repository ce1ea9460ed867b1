"""lm-evaluation-harness asks and scores, our engine answers. Needs `zppo[eval]`."""

import json
from pathlib import Path

import pytest
from toys import Unreachable

from zppo.engines.scripted import ScriptedEngine
from zppo.errors import DataError, EngineError
from zppo.evals.benchmarks import BENCHMARKS
from zppo.evals.respondent import Respondent
from zppo.types import Prompt

pytest.importorskip("lm_eval")
from zppo.evals.lm_eval_bridge import TASKS, Check, _task_manager, cross_check, side_by_side

pytestmark = pytest.mark.slow


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "lm_eval" / "aime25" / "test.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps({"problem": f"{n} + 0?", "answer": str(n)}) + "\n" for n in range(10)))
    return tmp_path


def half_right(prompt: Prompt, n: int, visit: int) -> list[str]:
    """Thoughts are not the answer, nor is what follows a stop text."""
    number = int(prompt.text.split()[1])
    said = number if number % 2 else number + 1
    return [rf"<think>\boxed{{{number}}}?</think>\boxed{{{said}}} Question: next \boxed{{{number}}}"] * n


def test_lm_eval_scores_what_our_engine_says(data: Path) -> None:
    engine = ScriptedEngine(half_right)
    checks = cross_check(Respondent(engine, batch=4), BENCHMARKS["aime25"], data)
    assert checks == [Check("aime25", "aime25", "exact_match none", 50.0, 10)]
    assert engine.prompts[0].text == "Question: 0 + 0?\nAnswer:"
    beside = side_by_side(checks, []).splitlines()[1].split()
    assert beside == ["aime25", "aime25", "exact_match", "none", "10", "50.0", "–", "–"]


def test_a_limit_is_handed_on(data: Path) -> None:
    assert cross_check(Respondent(ScriptedEngine(half_right)), BENCHMARKS["aime25"], data, 4)[0].items == 4


def test_missing_data_and_responses_are_told(data: Path) -> None:
    with pytest.raises(DataError, match="lm-eval's task mmlu_pro in it"):
        cross_check(Respondent(ScriptedEngine(half_right)), BENCHMARKS["mmlu_pro"], data)
    with pytest.raises(EngineError, match="some responses never came"):
        cross_check(Respondent(Unreachable()), BENCHMARKS["aime25"], data)


def test_every_task_is_one_that_lm_eval_has() -> None:
    assert all(_task_manager().match_tasks([task]) == [task] for task in TASKS.values())
    assert TASKS.keys() <= BENCHMARKS.keys()
