"""A run of several benchmarks: what it leaves behind, and what stops it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from heard import Heard
from texts import ScriptedText
from toys import (
    JUDGED,
    STRICT,
    SUMS,
    WRONG,
    Sampler,
    Unreachable,
    items,
    judge,
    right,
    runner,
    says,
    write_data,
)

from zppo.evals.benchmark import Item, Row
from zppo.types import Group, Prompt, Sampling


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data", SUMS, JUDGED, STRICT)


def test_every_prompt_response_and_verdict_is_recorded(tmp_path: Path, data: Path) -> None:
    run = runner(tmp_path / "out", data, ScriptedText(right))
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


def test_what_is_sampled_depends_on_the_seed_but_not_on_what_else_is_asked(tmp_path: Path, data: Path) -> None:
    def said(name: str, benchmarks: Sequence[object], **options: object) -> list[str]:
        runner(tmp_path / name, data, Sampler(right), **options).run(benchmarks)  # type: ignore[arg-type]
        return pq.read_table(tmp_path / name / "results" / "sums.parquet")["response"].to_pylist()

    alone = said("alone", [SUMS])
    assert alone == said("second", [STRICT, SUMS]) == said("batches", [SUMS], batch=3)
    assert alone != said("seeded", [SUMS], sampling=Sampling(seed=1))


def test_a_server_is_given_one_seed_per_benchmark(tmp_path: Path, data: Path) -> None:
    """Engines make one of their own for every prompt of it."""
    seeds = {}
    for batch in (3, 7):
        seen = []

        class Server(ScriptedText):
            def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling) -> list[Group]:
                seen.append(sampling.seed)  # noqa: B023
                return super().generate(prompts, n, sampling)

        runner(tmp_path / str(batch), data, Server(right), batch=batch).run([SUMS])
        seeds[batch] = set(seen)
    assert seeds[3] == seeds[7] and len(seeds[3]) == 1


def test_a_benchmark_that_fails_leaves_the_others(tmp_path: Path, data: Path) -> None:
    missing = replace(SUMS, slug="missing", abbr="Missing")
    run = runner(tmp_path / "out", data, ScriptedText(right))
    errors = run.run([missing, JUDGED, STRICT])
    assert list(errors) == ["missing", "judged"]
    assert "missing is not there" in errors["missing"] and "pass --judge" in errors["judged"]
    assert [o.slug for o in run.outcomes()] == ["strict"]


def test_what_nobody_foresaw_stops_one_benchmark_only(
    tmp_path: Path, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd = replace(SUMS, slug="judged", items=lambda row: [None.gone])  # type: ignore[attr-defined]
    run = runner(tmp_path / "out", data, ScriptedText(right))
    assert run.run([odd, STRICT]) == {"judged": "AttributeError: 'NoneType' object has no attribute 'gone'"}
    assert [o.slug for o in run.outcomes()] == ["strict"]
    assert "None.gone" in caplog.text, "where it happened is told"


@pytest.mark.parametrize(
    "response", ["<think>and so on", "no box at all", "again " * 4000, r"\boxed{", "", "</think>", "\ud83d \x00"]
)
@pytest.mark.parametrize("judged", [True, False])
def test_a_response_without_an_answer_is_scored_as_wrong(
    tmp_path: Path, data: Path, response: str, judged: bool
) -> None:
    class Endless(ScriptedText):
        def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling) -> list[Group]:
            groups = super().generate(prompts, n, sampling)
            for group in groups:
                group.rollouts[0].text, group.rollouts[0].finish_reason = response, "length"
            return groups

    strict = judge(ScriptedText(says(WRONG))) if judged else None
    run = runner(tmp_path / "out", data, Endless(says("")), strict)
    assert run.run([SUMS, STRICT, *([JUDGED] if judged else [])]) == {}
    assert all((o.score, o.unscored, o.no_box, o.cut_off) == (0.0, 0, 20, 20) for o in run.outcomes())


def test_a_limit_takes_as_many_items_of_each_part(tmp_path: Path, data: Path) -> None:
    run = runner(tmp_path / "out", data, ScriptedText(right), limit=5)
    run.run([SUMS])
    ids = pq.read_table(tmp_path / "out" / "results" / "sums.parquet")["id"].to_pylist()
    assert ids == ["easy/0", "easy/1", "easy/2", "hard/0", "hard/1"]
    assert run.outcomes()[0].notes == []


def test_another_number_of_rows_than_expected_is_told(tmp_path: Path) -> None:
    run = runner(tmp_path / "out", write_data(tmp_path / "data", SUMS, rows=3), ScriptedText(right))
    run.run([SUMS])
    assert run.outcomes()[0].notes == ["6 rows, 20 expected"]


def test_an_id_that_occurs_twice_is_refused(tmp_path: Path, data: Path) -> None:
    path = data / "sums" / "easy" / "test.jsonl"
    path.write_text(path.read_text() + '{"n": 0, "question": "?", "answer": "1"}\n')
    assert "the id 'easy/0' occurs twice" in runner(tmp_path / "out", data, ScriptedText(right)).run([SUMS])["sums"]


@pytest.mark.parametrize(("limit", "shown"), [(None, "20/20"), (7, "7/7")])
def test_the_progress_reaches_what_it_promised(tmp_path: Path, data: Path, limit: int | None, shown: str) -> None:
    """In rows, of which the number is known, unless items are limited."""
    progress = Heard()
    twice = replace(SUMS, items=lambda row: [item for part in "ab" for item in parts(row, part)])
    runner(tmp_path / "out", data, ScriptedText(right), limit=limit, progress=progress).run([twice])
    [(name, total, _, counted)] = progress.phases
    assert (name, f"{counted}/{total}") == (f"sums: {'items' if limit else 'rows'}", shown)
    assert progress.units == [("benchmark", 1, 0), (1, {})]


def parts(row: Row, part: str) -> list[Item]:
    return [replace(item, question=replace(item.question, id=f"{item.question.id}{part}")) for item in items(row)]


def test_nothing_scored_is_an_error_and_no_zero(tmp_path: Path, data: Path) -> None:
    run = runner(tmp_path / "out", data, ScriptedText(right), judge(Unreachable()))
    assert "none of 20 responses could be scored" in run.run([JUDGED])["judged"]
    assert run.outcomes() == []


def test_an_outcome_tells_what_the_benchmark_counts_beside_its_score(tmp_path: Path, data: Path) -> None:
    split = replace(STRICT, aggregate=lambda pairs: {"score": 7.0, "n": len(pairs)})
    run = runner(tmp_path / "out", data, ScriptedText(right))
    run.run([split])
    assert json.loads((tmp_path / "out" / "results" / "strict.json").read_text())["others"] == {"n": 20}
