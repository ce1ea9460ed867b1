"""Thoughts that the chat template opens and the model never closes are shown to the judge as reasoning."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from texts import ScriptedText
from toys import CORRECT, JUDGED, SUMS, judge, runner, says, write_data
from transformers import AutoModelForCausalLM, AutoTokenizer

from zppo.config import SamplingConfig, ZoneConfig
from zppo.engines.local import LocalText
from zppo.engines.transformers import local_text
from zppo.judges.judge import Judge
from zppo.methods import parse_method
from zppo.pocket import WORDS
from zppo.rollout.worker import Parts
from zppo.step import rollout_step
from zppo.teacher.rewriting import keep_whole
from zppo.types import Question, Sampling
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.streams import Streams

TEMPLATES = Templates.load()
CUT_OFF = Sampling(max_tokens=2)


@pytest.fixture(scope="module")
def pocket() -> LocalText:
    student = WORDS / "student"
    model, tokenizer = AutoModelForCausalLM.from_pretrained(student), AutoTokenizer.from_pretrained(student)
    return local_text(model, tokenizer, 32)


def test_the_judge_of_an_evaluation_looks_into_them(tmp_path: Path, pocket: LocalText) -> None:
    asked = ScriptedText(says(CORRECT))
    data = write_data(tmp_path / "data", SUMS, JUDGED, rows=3)
    assert runner(tmp_path / "out", data, pocket, judge(asked), sampling=CUT_OFF).run([SUMS, JUDGED]) == {}
    assert asked.prompts and all("<think>" not in prompt.text for prompt in asked.prompts)
    rows = pq.read_table(tmp_path / "out" / "results" / "judged.parquet").to_pylist()
    assert {(row["score"], row["by"]) for row in rows} == {(1.0, "judge")}
    assert all(row["response"].startswith("<think>") for row in rows)


def test_a_judge_that_is_cut_off_in_its_thoughts_gives_no_verdict(tmp_path: Path, pocket: LocalText) -> None:
    data = write_data(tmp_path / "data", JUDGED, rows=1)
    run = runner(tmp_path / "out", data, ScriptedText(says("four")), judge(pocket))
    run.run([JUDGED])
    assert run.outcomes()[0].decided == {"malformed": 2}


def test_the_judge_of_training_looks_into_them_too(pocket: LocalText) -> None:
    asked = ScriptedText(says(CORRECT))

    def verdict(questions: Sequence[Question], responses: Sequence[str]) -> list[float | None]:
        return [graded.reward for graded in Judge(asked, TEMPLATES).grade(questions, responses)]

    parts = Parts(parse_method("grpo"), pocket.engine, pocket.renderer, verdict, [], keep_whole, TEMPLATES)
    sizes = ZoneConfig(new_questions=1, group_size=2, updates=1)
    sampling = SamplingConfig(max_tokens=CUT_OFF.max_tokens)
    batch = rollout_step([Question("q", "q?", "1")], PromptReplayBuffer(1), parts, sizes, sampling, Streams(0, 0))
    assert [r.reward for r in batch.groups[0].rollouts] == [1.0, 1.0] and asked.prompts
