"""A run of several benchmarks: what it leaves behind, what stops it, and that it goes on where it was."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
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
from tqdm import tqdm

from zppo.engines.scripted import ScriptedEngine
from zppo.errors import CheckpointError, EngineError
from zppo.evals.benchmark import Benchmark, Item, Row
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


def test_every_prompt_response_and_verdict_is_recorded(tmp_path: Path, data: Path) -> None:
    run = runner(tmp_path / "out", data, ScriptedEngine(right))
    assert run.run([SUMS]) == {}
    (found,) = run.outcomes()
    assert (found.score, found.items, found.rows, found.unscored, found.notes) == (100.0, 20, 20, 0, [])
    rows = pq.read_table(tmp_path / "out" / "results" / "sums.parquet").to_pylist()
    assert [row["id"] for row in rows] == [f"{config}/{n}" for config in ("easy", "hard") for n in range(10)]
    first = rows[0]
    assert first["prompt"].startswith("0 + 1 = ? (easy)\n\nThink first") and first["gold"] == '"1"'
    assert first["response"] == r"<think>easy</think>\boxed{1}" and first["extracted"] == "1"
    assert (first["score"], first["by"], first["reason"], first["finish_reason"]) == (
        1.0,
        "rules",
        "rule: equal",
        "stop",
    )
    assert first["tokens"] > 0 and first["prompt_tokens"] > 0


def test_a_finished_run_asks_nothing_when_it_is_started_again(tmp_path: Path, data: Path) -> None:
    runner(tmp_path / "out", data, Sampler(right)).run([SUMS, STRICT])
    before = files(tmp_path / "out")
    again = Sampler(right)
    runner(tmp_path / "out", data, again).run([SUMS, STRICT])
    assert again.prompts == [] and files(tmp_path / "out") == before


def test_what_is_sampled_depends_on_seed_and_batch_but_not_on_what_was_asked_before(tmp_path: Path, data: Path) -> None:
    def said(name: str, benchmarks: Sequence[object], **options: object) -> list[str]:
        runner(tmp_path / name, data, Sampler(right), **options).run(benchmarks)  # type: ignore[arg-type]
        return pq.read_table(tmp_path / name / "results" / "sums.parquet")["response"].to_pylist()

    alone = said("alone", [SUMS])
    assert alone == said("second", [STRICT, SUMS])
    assert alone != said("seeded", [SUMS], sampling=Sampling(seed=1))


def test_a_server_is_given_one_seed_per_benchmark(tmp_path: Path, data: Path) -> None:
    """It makes one of its own for every prompt, so that it does not matter which are asked together."""
    seeds = {}
    for batch in (3, 7):
        seen = []

        class Server(ScriptedEngine):
            def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling, done: Any) -> list[Group]:
                seen.append(sampling.seed)  # noqa: B023
                return super().generate(prompts, n, sampling, done)

        runner(tmp_path / str(batch), data, Server(right), batch=batch, seeds_prompts=True).run([SUMS])
        seeds[batch] = set(seen)
    assert seeds[3] == seeds[7] and len(seeds[3]) == 1


def test_a_benchmark_that_fails_leaves_the_others(tmp_path: Path, data: Path) -> None:
    missing = replace(SUMS, slug="missing", abbr="Missing")
    run = runner(tmp_path / "out", data, ScriptedEngine(right))
    errors = run.run([missing, JUDGED, STRICT])
    assert list(errors) == ["missing", "judged"]
    assert "missing is not there" in errors["missing"] and "pass --judge" in errors["judged"]
    assert [o.slug for o in run.outcomes()] == ["strict"]


def test_what_nobody_foresaw_stops_one_benchmark_only(
    tmp_path: Path, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd = replace(SUMS, slug="judged", items=lambda row: [None.gone])  # type: ignore[attr-defined]
    run = runner(tmp_path / "out", data, ScriptedEngine(right))
    assert run.run([odd, STRICT]) == {"judged": "AttributeError: 'NoneType' object has no attribute 'gone'"}
    assert [o.slug for o in run.outcomes()] == ["strict"]
    assert "None.gone" in caplog.text, "where it happened is told"


def test_a_score_stays_when_it_cannot_be_had_again(tmp_path: Path, data: Path) -> None:
    runner(tmp_path / "out", data, ScriptedEngine(right)).run([SUMS])
    before = files(tmp_path / "out")
    again = runner(tmp_path / "out", tmp_path / "no data", ScriptedEngine(right))
    error = again.run([SUMS])["sums"]
    assert "sums is not there" in error and error.endswith("(its score is an earlier run's)")
    assert files(tmp_path / "out") == before and again.outcomes()[0].score == 100.0


def test_responses_that_never_come_stop_a_benchmark_which_then_goes_on(tmp_path: Path, data: Path) -> None:
    errors = runner(tmp_path / "out", data, Unreachable(), seeds_prompts=True).run([SUMS])
    assert "4 responses never came" in errors["sums"]
    late = Unreachable(ScriptedEngine(right), times=0)
    assert runner(tmp_path / "out", data, late, seeds_prompts=True).run([SUMS]) == {}


@pytest.mark.parametrize("end", [EngineError("out of memory"), KeyboardInterrupt()])
def test_what_came_from_a_server_is_kept_whatever_becomes_of_its_batch(
    tmp_path: Path, data: Path, end: BaseException
) -> None:
    class Ends(ScriptedEngine):
        def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling, done: Any) -> list[Group]:
            super().generate(prompts[1::2], n, sampling, done)
            raise end

    with suppress(KeyboardInterrupt):
        runner(tmp_path / "out", data, Ends(right), seeds_prompts=True).run([SUMS])
    second = ScriptedEngine(right)
    runner(tmp_path / "out", data, second, seeds_prompts=True).run([SUMS])
    assert [p.question.id for p in second.prompts[:3]] == ["easy/0", "easy/2", "easy/4"]


@pytest.mark.parametrize(
    "response", ["<think>and so on", "no box at all", "again " * 4000, r"\boxed{", "", "</think>", "\ud83d \x00"]
)
@pytest.mark.parametrize("judged", [True, False])
def test_a_response_without_an_answer_is_scored_as_wrong(
    tmp_path: Path, data: Path, response: str, judged: bool
) -> None:
    class Endless(ScriptedEngine):
        def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling, done: Any = None) -> list[Group]:
            groups = super().generate(prompts, n, sampling)
            for group in groups:
                group.rollouts[0].text, group.rollouts[0].finish_reason = response, "length"
            return groups

    strict = judge(ScriptedEngine(says(WRONG))) if judged else None
    run = runner(tmp_path / "out", data, Endless(says("")), strict)
    assert run.run([SUMS, STRICT, *([JUDGED] if judged else [])]) == {}
    assert all((o.score, o.unscored, o.no_box, o.cut_off) == (0.0, 0, 20, 20) for o in run.outcomes())


def test_a_limit_takes_as_many_items_of_each_part(tmp_path: Path, data: Path) -> None:
    run = runner(tmp_path / "out", data, ScriptedEngine(right), limit=5)
    run.run([SUMS])
    ids = pq.read_table(tmp_path / "out" / "results" / "sums.parquet")["id"].to_pylist()
    assert ids == ["easy/0", "easy/1", "easy/2", "hard/0", "hard/1"]
    assert run.outcomes()[0].notes == []


def test_another_number_of_rows_than_expected_is_told(tmp_path: Path) -> None:
    run = runner(tmp_path / "out", write_data(tmp_path / "data", SUMS, rows=3), ScriptedEngine(right))
    run.run([SUMS])
    assert run.outcomes()[0].notes == ["6 rows, 20 expected"]


def test_an_id_that_occurs_twice_is_refused(tmp_path: Path, data: Path) -> None:
    path = data / "sums" / "easy" / "test.jsonl"
    path.write_text(path.read_text() + '{"n": 0, "question": "?", "answer": "1"}\n')
    assert "the id 'easy/0' occurs twice" in runner(tmp_path / "out", data, ScriptedEngine(right)).run([SUMS])["sums"]


def test_a_run_does_not_go_on_with_other_settings(tmp_path: Path, data: Path) -> None:
    runner(tmp_path / "out", data, ScriptedEngine(right)).run([SUMS])
    for other in ({"limit": 3}, {"batch": 5}, {"sampling": Sampling(seed=3)}):
        with pytest.raises(CheckpointError, match=f"another {next(iter(other))}.*--out"):
            runner(tmp_path / "out", data, ScriptedEngine(right), **other)  # type: ignore[arg-type]


def test_a_run_does_not_go_on_with_other_questions(tmp_path: Path, data: Path) -> None:
    runner(tmp_path / "out", data, ScriptedEngine(right)).run([SUMS])
    path = data / "sums" / "easy" / "test.jsonl"
    path.write_text(path.read_text().replace("3 + 1", "3 plus 1"))
    errors = runner(tmp_path / "out", data, ScriptedEngine(right)).run([SUMS])
    assert "'easy/3'" in errors["sums"] and "the data have changed" in errors["sums"]


def test_a_run_does_not_go_on_with_another_prompt(tmp_path: Path, data: Path) -> None:
    runner(tmp_path / "out", data, ScriptedEngine(right))
    own = Templates({**Templates.load().texts, "closer": "Answer in a box."})
    asked = Respondent(ScriptedEngine(right), batch=4)
    with pytest.raises(CheckpointError, match=r"another prompt: there '\{question\}.*here .*Answer in a box.*--out"):
        Runner(asked, Protocols(None), tmp_path / "out", Extent(data), {"model": "toy"}, own)


@pytest.mark.parametrize(("limit", "shown"), [(None, "20/20"), (7, "7/7")])
def test_the_progress_reaches_what_it_promised(
    tmp_path: Path, data: Path, limit: int | None, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In rows, of which the number is known, unless items are limited."""
    bars: list[Any] = []
    monkeypatch.setattr("zppo.evals.runner.tqdm", partial(seen, bars))
    twice = replace(SUMS, items=lambda row: [item for part in "ab" for item in parts(row, part)])
    runner(tmp_path / "out", data, ScriptedEngine(right), limit=limit).run([twice])
    assert f"{bars[0].n}/{bars[0].total}" == shown


def seen(bars: list[Any], **options: Any) -> Any:
    bars.append(tqdm(**options | {"disable": False}))
    return bars[-1]


def parts(row: Row, part: str) -> list[Item]:
    return [replace(item, question=replace(item.question, id=f"{item.question.id}{part}")) for item in items(row)]


def test_the_turns_before_a_question_are_recorded_and_must_stay_the_same(tmp_path: Path, data: Path) -> None:
    def talk(*said: str) -> Benchmark:
        turns = [{"role": role, "content": text} for role, text in zip(("user", "assistant"), said, strict=True)]
        return replace(SUMS, items=lambda row: [replace(item, turns=turns) for item in items(row)])

    runner(tmp_path / "out", data, ScriptedEngine(right)).run([talk("What is 7 + 8?", "It is 15.")])
    first = pq.read_table(tmp_path / "out" / "results" / "sums.parquet").to_pylist()[0]
    assert [turn["content"] for turn in json.loads(first["turns"])] == ["What is 7 + 8?", "It is 15."]
    again = runner(tmp_path / "out", data, ScriptedEngine(right))
    assert again.run([talk("What is 7 + 8?", "It is 15.")]) == {}
    assert "the data have changed" in again.run([talk("What is 7 + 8?", "It is 99.")])["sums"]


def test_a_corrected_gold_is_scored_anew_and_nothing_is_asked_again(tmp_path: Path, data: Path) -> None:
    answers = ScriptedEngine(says(r"\boxed{4}"))
    runner(tmp_path / "out", data, answers).run([SUMS])
    path = data / "sums" / "easy" / "test.jsonl"
    path.write_text(path.read_text().replace('"answer": "5"', '"answer": "4"'))
    silent = ScriptedEngine(right)
    again = runner(tmp_path / "out", data, silent)
    assert again.run([SUMS]) == {} and silent.prompts == []
    assert again.outcomes()[0].score == 15.0, "three of twenty, where there were two"
    rows = pq.read_table(tmp_path / "out" / "results" / "sums.parquet").to_pylist()
    assert [(row["gold"], row["score"]) for row in rows if row["id"] == "easy/4"] == [('"4"', 1.0)]


def test_a_judge_is_asked_again_about_corrected_golds_only(tmp_path: Path, data: Path) -> None:
    runner(tmp_path / "out", data, ScriptedEngine(right), judge(ScriptedEngine(says(WRONG)))).run([JUDGED])
    path = data / "judged" / "easy" / "test.jsonl"
    path.write_text(path.read_text().replace('"answer": "5"', '"answer": "50"'))
    lenient = ScriptedEngine(says(CORRECT))
    again = runner(tmp_path / "out", data, ScriptedEngine(right), judge(lenient))
    again.run([JUDGED])
    assert len(lenient.prompts) == 1 and again.outcomes()[0].score == 5.0


def test_a_judge_who_comes_later_decides_what_was_left_open(tmp_path: Path, data: Path) -> None:
    unsure = ScriptedEngine(says(r"\boxed{three}"))
    first = runner(tmp_path / "out", data, unsure)
    first.run([SUMS])
    assert first.outcomes()[0].score == 0.0
    assert first.outcomes()[0].notes == ["no judge: 20 left open count as wrong"]
    silent = ScriptedEngine(says("never asked"))
    second = runner(tmp_path / "out", data, silent, judge(ScriptedEngine(says(CORRECT))))
    second.run([SUMS])
    assert silent.prompts == [] and second.outcomes()[0].score == 100.0


def test_what_an_unreachable_judge_left_is_unscored_and_judged_when_the_run_goes_on(tmp_path: Path, data: Path) -> None:
    half = ScriptedEngine(lambda p, n, visit: [r"\boxed{x}" if "easy" in p.text else r"\boxed{0}"] * n)
    gone = Unreachable()
    first = runner(tmp_path / "out", data, half, judge(gone))
    assert first.run([SUMS]) == {}
    (found,) = first.outcomes()
    assert (found.score, found.unscored, found.decided) == (0.0, 10, {"rules": 10, "unreachable": 10})
    assert found.notes == ["10 unscored"] and gone.calls > 3
    second = runner(tmp_path / "out", data, ScriptedEngine(right), judge(ScriptedEngine(says(CORRECT))))
    second.run([SUMS])
    assert (second.outcomes()[0].score, second.outcomes()[0].unscored) == (50.0, 0)


def test_nothing_scored_is_an_error_and_no_zero(tmp_path: Path, data: Path) -> None:
    run = runner(tmp_path / "out", data, ScriptedEngine(right), judge(Unreachable()))
    assert "none of 20 responses could be scored" in run.run([JUDGED])["judged"]
    assert run.outcomes() == []


def test_another_judge_or_template_judges_anew(tmp_path: Path, data: Path) -> None:
    def judged(model: str, verdict: str, folder: Path | None = None) -> ScriptedEngine:
        engine = ScriptedEngine(says(verdict))
        runner(tmp_path / "out", data, ScriptedEngine(right), judge(engine, model, folder)).run([JUDGED])
        return engine

    assert judged("one", CORRECT).prompts
    assert judged("one", WRONG).prompts == []
    assert judged("other", WRONG).prompts
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "answer.txt").write_text("Is {response} right? It should be {answer}.")
    assert judged("other", CORRECT, tmp_path / "own").prompts[0].text.startswith("Is \\boxed")
    notes = runner(tmp_path / "out", data, ScriptedEngine(right)).outcomes()[0].notes
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


def test_an_outcome_tells_what_the_benchmark_counts_beside_its_score(tmp_path: Path, data: Path) -> None:
    split = replace(STRICT, aggregate=lambda pairs: {"score": 7.0, "n": len(pairs)})
    run = runner(tmp_path / "out", data, ScriptedEngine(right))
    run.run([split])
    assert json.loads((tmp_path / "out" / "results" / "strict.json").read_text())["others"] == {"n": 20}
