"""A run that goes on in a folder: nothing is asked twice, and nothing is mixed that does not belong together."""

import json
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Timer
from typing import Any

import pyarrow.parquet as pq
import pytest
from texts import ScriptedText
from toys import (
    CORRECT,
    JUDGED,
    STRICT,
    SUMS,
    WRONG,
    Sampler,
    Unreachable,
    files,
    items,
    judge,
    right,
    runner,
    says,
    write_data,
)

from zppo.errors import CheckpointError, EngineError
from zppo.evals.benchmark import Benchmark
from zppo.evals.items import Extent
from zppo.evals.journal import Journal
from zppo.evals.protocols import Protocols
from zppo.evals.respondent import Respondent
from zppo.evals.runner import Runner
from zppo.types import Group, Prompt, Sampling
from zppo.zone.prompts import Templates


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data", SUMS, JUDGED, STRICT)


def test_a_finished_run_asks_nothing_when_it_is_started_again(tmp_path: Path, data: Path) -> None:
    runner(tmp_path / "out", data, Sampler(right)).run([SUMS, STRICT])
    before = files(tmp_path / "out")
    again = Sampler(right)
    runner(tmp_path / "out", data, again).run([SUMS, STRICT])
    assert again.prompts == [] and files(tmp_path / "out") == before


def test_a_score_stays_when_it_cannot_be_had_again(tmp_path: Path, data: Path) -> None:
    runner(tmp_path / "out", data, ScriptedText(right)).run([SUMS])
    before = files(tmp_path / "out")
    again = runner(tmp_path / "out", tmp_path / "no data", ScriptedText(right))
    error = again.run([SUMS])["sums"]
    assert "sums is not there" in error and error.endswith("(its score is an earlier run's)")
    assert files(tmp_path / "out") == before and again.outcomes()[0].score == 100.0


def test_responses_that_never_come_stop_a_benchmark_which_then_goes_on(tmp_path: Path, data: Path) -> None:
    errors = runner(tmp_path / "out", data, Unreachable()).run([SUMS])
    assert "4 responses never came" in errors["sums"]
    late = Unreachable(ScriptedText(right), times=0)
    assert runner(tmp_path / "out", data, late).run([SUMS]) == {}


@pytest.mark.parametrize("end", [EngineError("out of memory"), KeyboardInterrupt()])
def test_what_came_from_a_server_is_kept_whatever_becomes_of_its_batch(
    tmp_path: Path, data: Path, end: BaseException
) -> None:
    class Ends(ScriptedText):
        works_ahead = True

        def submit(self, prompt: Prompt, *asked: Any) -> "Future[Group]":
            """Every second one is answered at once, and the others end a moment later."""
            future: Future[Group] = Future()
            if int(prompt.question.id[-1]) % 2:
                future.set_result(self.generate([prompt], *asked[:2])[0])
            else:
                future.set_running_or_notify_cancel()
                Timer(0.05, future.set_exception, [end]).start()
            return future

    with suppress(KeyboardInterrupt):
        runner(tmp_path / "out", data, Ends(right)).run([SUMS])
    second = ScriptedText(right)
    runner(tmp_path / "out", data, second).run([SUMS])
    assert [p.question.id for p in second.prompts[:3]] == ["easy/0", "easy/2", "easy/4"]


def test_a_run_does_not_go_on_with_other_settings(tmp_path: Path, data: Path) -> None:
    runner(tmp_path / "out", data, ScriptedText(right)).run([SUMS])
    for other in ({"limit": 3}, {"sampling": Sampling(seed=3)}):
        with pytest.raises(CheckpointError, match=f"another {next(iter(other))}.*--out"):
            runner(tmp_path / "out", data, ScriptedText(right), **other)  # type: ignore[arg-type]


def test_a_run_does_not_go_on_with_other_questions(tmp_path: Path, data: Path) -> None:
    runner(tmp_path / "out", data, ScriptedText(right)).run([SUMS])
    path = data / "sums" / "easy" / "test.jsonl"
    path.write_text(path.read_text().replace("3 + 1", "3 plus 1"))
    errors = runner(tmp_path / "out", data, ScriptedText(right)).run([SUMS])
    assert "'easy/3'" in errors["sums"] and "the data have changed" in errors["sums"]


def test_a_run_does_not_go_on_with_another_prompt(tmp_path: Path, data: Path) -> None:
    runner(tmp_path / "out", data, ScriptedText(right))
    own = Templates({**Templates.load().texts, "closer": "Answer in a box."})
    asked = Respondent(ScriptedText(right), batch=4)
    with pytest.raises(CheckpointError, match=r"another prompt: there '\{question\}.*here .*Answer in a box.*--out"):
        Runner(asked, Protocols(None), tmp_path / "out", Extent(data), {"model": "toy"}, own)


def test_the_turns_before_a_question_are_recorded_and_must_stay_the_same(tmp_path: Path, data: Path) -> None:
    def talk(*said: str) -> Benchmark:
        turns = [{"role": role, "content": text} for role, text in zip(("user", "assistant"), said, strict=True)]
        return replace(SUMS, items=lambda row: [replace(item, turns=turns) for item in items(row)])

    runner(tmp_path / "out", data, ScriptedText(right)).run([talk("What is 7 + 8?", "It is 15.")])
    first = pq.read_table(tmp_path / "out" / "results" / "sums.parquet").to_pylist()[0]
    assert [turn["content"] for turn in json.loads(first["turns"])] == ["What is 7 + 8?", "It is 15."]
    again = runner(tmp_path / "out", data, ScriptedText(right))
    assert again.run([talk("What is 7 + 8?", "It is 15.")]) == {}
    assert "the data have changed" in again.run([talk("What is 7 + 8?", "It is 99.")])["sums"]


def test_a_corrected_gold_is_scored_anew_and_nothing_is_asked_again(tmp_path: Path, data: Path) -> None:
    answers = ScriptedText(says(r"\boxed{4}"))
    runner(tmp_path / "out", data, answers).run([SUMS])
    path = data / "sums" / "easy" / "test.jsonl"
    path.write_text(path.read_text().replace('"answer": "5"', '"answer": "4"'))
    silent = ScriptedText(right)
    again = runner(tmp_path / "out", data, silent)
    assert again.run([SUMS]) == {} and silent.prompts == []
    assert again.outcomes()[0].score == 15.0, "three of twenty, where there were two"
    rows = pq.read_table(tmp_path / "out" / "results" / "sums.parquet").to_pylist()
    assert [(row["gold"], row["score"]) for row in rows if row["id"] == "easy/4"] == [('"4"', 1.0)]


def test_a_judge_is_asked_again_about_corrected_golds_only(tmp_path: Path, data: Path) -> None:
    runner(tmp_path / "out", data, ScriptedText(right), judge(ScriptedText(says(WRONG)))).run([JUDGED])
    path = data / "judged" / "easy" / "test.jsonl"
    path.write_text(path.read_text().replace('"answer": "5"', '"answer": "50"'))
    lenient = ScriptedText(says(CORRECT))
    again = runner(tmp_path / "out", data, ScriptedText(right), judge(lenient))
    again.run([JUDGED])
    assert len(lenient.prompts) == 1 and again.outcomes()[0].score == 5.0


def test_a_judge_who_comes_later_decides_what_was_left_open(tmp_path: Path, data: Path) -> None:
    unsure = ScriptedText(says(r"\boxed{three}"))
    first = runner(tmp_path / "out", data, unsure)
    first.run([SUMS])
    assert first.outcomes()[0].score == 0.0
    assert first.outcomes()[0].notes == ["no judge: 20 left open count as wrong"]
    silent = ScriptedText(says("never asked"))
    second = runner(tmp_path / "out", data, silent, judge(ScriptedText(says(CORRECT))))
    second.run([SUMS])
    assert silent.prompts == [] and second.outcomes()[0].score == 100.0


def test_what_an_unreachable_judge_left_is_unscored_and_judged_when_the_run_goes_on(tmp_path: Path, data: Path) -> None:
    half = ScriptedText(lambda p, n, visit: [r"\boxed{x}" if "easy" in p.text else r"\boxed{0}"] * n)
    gone = Unreachable()
    first = runner(tmp_path / "out", data, half, judge(gone))
    assert first.run([SUMS]) == {}
    (found,) = first.outcomes()
    assert (found.score, found.unscored, found.decided) == (0.0, 10, {"rules": 10, "unreachable": 10})
    assert found.notes == ["10 unscored"] and gone.calls > 3
    second = runner(tmp_path / "out", data, ScriptedText(right), judge(ScriptedText(says(CORRECT))))
    second.run([SUMS])
    assert (second.outcomes()[0].score, second.outcomes()[0].unscored) == (50.0, 0)


def test_another_judge_or_template_judges_anew(tmp_path: Path, data: Path) -> None:
    def judged(model: str, verdict: str, folder: Path | None = None) -> ScriptedText:
        engine = ScriptedText(says(verdict))
        runner(tmp_path / "out", data, ScriptedText(right), judge(engine, model, folder)).run([JUDGED])
        return engine

    assert judged("one", CORRECT).prompts
    assert judged("one", WRONG).prompts == []
    assert judged("other", WRONG).prompts
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "answer.txt").write_text("Is {response} right? It should be {answer}.")
    assert judged("other", CORRECT, tmp_path / "own").prompts[0].text.startswith("Is \\boxed")
    notes = runner(tmp_path / "out", data, ScriptedText(right)).outcomes()[0].notes
    assert notes == ["own judge template answer"]


def test_a_line_cut_off_by_a_kill_is_done_again(tmp_path: Path, data: Path) -> None:
    runner(tmp_path / "straight", data, Sampler(right)).run([SUMS])
    runner(tmp_path / "out", data, Sampler(right)).run([SUMS])
    journal = tmp_path / "out" / "journal" / "sums.jsonl"
    whole = journal.read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        journal.write_bytes(whole[:size])
        runner(tmp_path / "out", data, Sampler(right)).run([SUMS])
        assert journal.read_bytes() == whole and files(tmp_path / "out") == files(tmp_path / "straight")


def test_a_damaged_journal_is_refused_with_its_line(tmp_path: Path, data: Path) -> None:
    runner(tmp_path / "out", data, Sampler(right)).run([SUMS])
    journal = tmp_path / "out" / "journal" / "sums.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([lines[0], b"{}[]\n", *lines[1:]]))
    errors = runner(tmp_path / "out", data, Sampler(right)).run([SUMS])
    assert "sums.jsonl, line 2: not a batch of this evaluation" in errors["sums"]


def test_two_processes_do_not_write_one_journal(tmp_path: Path, data: Path) -> None:
    taken = Journal(tmp_path / "out" / "journal" / "sums.jsonl")
    errors = runner(tmp_path / "out", data, Sampler(right)).run([SUMS])
    taken.close()
    assert "another process is evaluating" in errors["sums"]
