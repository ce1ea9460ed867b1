"""What an evaluation tells in the end: a table, beside the paper's numbers if wanted, and two files."""

import json
from pathlib import Path

import pytest

from zppo.errors import ConfigError
from zppo.evals.benchmarks import BENCHMARKS
from zppo.evals.outcome import Outcome
from zppo.evals.paper import paper_results
from zppo.evals.results import Result, read_results
from zppo.evals.suites import choose
from zppo.evals.summary import Label, as_table, paper_columns, write_summary


def outcome(slug: str, score: float, **others: object) -> Outcome:
    benchmark = BENCHMARKS[slug]
    plain = {"others": {}, "rows": 30, "expected_rows": None, "items": 30, "unscored": 0, "decided": {"rules": 30}}
    plain |= {"no_box": 0, "cut_off": 0, "tokens": 9.0, "judge": None, "templates": {}}
    named = (slug, benchmark.abbr, benchmark.family, benchmark.protocol, score)
    return Outcome(*named, **(plain | others))  # type: ignore[arg-type]


def test_the_table_lays_the_run_beside_the_paper() -> None:
    outcomes = [outcome("aime25", 10.0), outcome("mmlu", 50.0, unscored=2), outcome("ai2d", 70.0)]
    assert as_table(outcomes, paper_columns("0.8B/zppo")).splitlines() == [
        "                  score  0.8B zppo  items  notes",
        "vlm AI2D           70.0       76.5     30",
        "vlm average of 1   70.0       76.5     30",
        "llm AIME25         10.0        3.3     30",
        "llm MMLU           50.0       63.0     30  2 unscored",
        "llm average of 2   30.0       33.1     60",
    ]


def test_a_benchmark_that_the_paper_does_not_report_has_no_average_beside_it() -> None:
    assert as_table([outcome("aime25", 10.0)], paper_columns("0.8B/off_distill")).splitlines()[-1].split() == [
        *("llm", "average", "of", "1", "10.0", "–", "30")
    ]


def test_a_student_alone_shows_several_methods_of_the_paper() -> None:
    assert list(paper_columns("2B")) == ["2B base", "2B grpo+replay", "2B zppo"]
    assert list(paper_columns("27B")) == ["27B teacher"]
    for choice, says in (("0.8", "no student '0.8'; did you mean '0.8B'?"), ("2B/zpo", "no method 'zpo' for 2B")):
        with pytest.raises(ConfigError) as refused:
            paper_columns(choice)
        assert says in str(refused.value)


def test_the_files_hold_averages_errors_and_what_zppo_stats_reads(tmp_path: Path) -> None:
    outcomes = [outcome("aime25", 100 / 3), outcome("aime26", 10.0), outcome("ai2d", 70.0)]
    write_summary(tmp_path, outcomes, {"hle": "no access"}, Label("0.8B", "mine"), {"seed": 0})
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert list(summary["families"]) == ["vlm", "llm"]
    assert summary["families"]["llm"] == {"average": pytest.approx(21.6667, abs=1e-3), "benchmarks": 2}
    assert summary["errors"] == {"hle": "no access"} and summary["benchmarks"][0]["slug"] == "aime25"
    assert read_results([tmp_path / "results.csv"]) == [
        Result("0.8B", "mine", "vlm", "AI2D", 70.0),
        Result("0.8B", "mine", "llm", "AIME25", 33.3333),
        Result("0.8B", "mine", "llm", "AIME26", 10.0),
    ]


def test_what_the_table_shows_of_the_paper_is_in_the_summary_too(tmp_path: Path) -> None:
    outcomes = [outcome("aime25", 10.0), outcome("mmlu", 50.0), outcome("ai2d", 70.0)]
    write_summary(tmp_path, outcomes, {}, Label("0.8B", "mine"), {}, paper_columns("0.8B/zppo"))
    beside = json.loads((tmp_path / "summary.json").read_text())["paper"]["0.8B zppo"]
    assert beside == {
        "families": {"vlm": 76.5, "llm": pytest.approx(33.15)},
        "benchmarks": {"aime25": 3.3, "mmlu": 63.0, "ai2d": 76.5},
    }


def test_every_benchmark_has_the_papers_name_and_family() -> None:
    paper = {r.benchmark: r.family for r in paper_results()}
    assert all(paper[b.abbr] == b.family for b in BENCHMARKS.values())


def test_an_average_that_the_paper_prints_without_scores_stands_beside_a_whole_family_only() -> None:
    whole = [outcome(slug, 60.0) for slug, b in BENCHMARKS.items() if b.family == "video"]
    paper = paper_columns("0.8B/hint+replay")
    *scores, average = (line.split() for line in as_table(whole, paper).splitlines()[1:])
    assert len(scores) == 5 and all(row[-2] == "–" for row in scores)
    assert average[-3:-1] == ["60.0", "50.0"]
    assert as_table(whole[:4], paper).splitlines()[-1].split()[-2] == "–"


def test_benchmarks_are_chosen_by_suite_or_by_either_name() -> None:
    assert [b.slug for b in choose(BENCHMARKS, None, ["AIME26", "mmlu_pro"])] == ["aime26", "mmlu_pro"]
    assert len(choose(BENCHMARKS, "llm")) == 10 and len(choose(BENCHMARKS, "all")) == len(BENCHMARKS)
    for suite, names, says in ((None, [], "say what to evaluate"), (None, ["aim25"], "did you mean 'aime25'?")):
        with pytest.raises(ConfigError, match=says.replace("?", r"\?")):
            choose(BENCHMARKS, suite, names)
