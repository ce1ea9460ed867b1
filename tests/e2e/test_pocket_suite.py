"""The pocket suite, end to end: real benchmark definitions on generated rows, a real model, a real judge."""

import json
import multiprocessing
import signal
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from zppo.cli.main import main
from zppo.data.lines import json_rows
from zppo.evals.pocket_suite import SUITE, TEACHER
from zppo.pocket import ASSETS

FORK = multiprocessing.get_context("fork")
"""A child that need not load torch again."""


@pytest.mark.slow
def test_every_protocol_runs_offline_on_the_pocket(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "pocket", "--suite", "pocket", "--out", str(tmp_path)]) == 0
    assert "not evaluated" not in capsys.readouterr().out
    summary = json.loads((tmp_path / "summary.json").read_text())
    done = {benchmark["slug"]: benchmark for benchmark in summary["benchmarks"]}
    assert done.keys() == SUITE.keys() and len(done) >= 12
    assert {benchmark["protocol"] for benchmark in done.values()} == {
        *("exact+judge", "rule+judge", "deterministic", "bench_judge")
    }
    assert all(benchmark["judge"] in (TEACHER, None) for benchmark in done.values())
    assert done["multichallenge"]["judge"] == TEACHER
    rows = [row for path in (tmp_path / "results").glob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert all(row["prompt"] and row["tokens"] > 0 and row["reason"] and row["score"] is not None for row in rows)
    assert max(len(row["media"]) for row in rows) == 3
    assert Counter(row["by"] for row in rows).keys() >= {"rules"}


def command(data: Path, out: Path) -> list[str]:
    options = ["--benchmarks", "aime26", "--data", str(data), "--batch", "4", "--max-tokens", "24"]
    return ["eval", "pocket", *options, "--dtype", "float32", "--out", str(out)]


@pytest.mark.slow
def test_a_killed_evaluation_of_a_real_model_ends_like_a_straight_one(tmp_path: Path) -> None:
    problems = [row for _, row in json_rows(ASSETS / "test.jsonl") if not row.get("images") and not row.get("videos")]
    file = tmp_path / "data" / "aime26" / "train.jsonl"
    file.parent.mkdir(parents=True)
    rows = ({"problem_idx": i, "problem": p["prompt"], "answer": int(p["answer"])} for i, p in enumerate(problems[:80]))
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(command(tmp_path / "data", tmp_path / "straight")) == 0
    journal = tmp_path / "killed" / "journal" / "aime26.jsonl"
    for kill in (1, 2):
        process = FORK.Process(target=main, args=(command(file.parents[1], tmp_path / "killed"),))
        process.start()
        had, until = journal.stat().st_size if journal.exists() else 0, time.monotonic() + 120
        while process.is_alive() and time.monotonic() < until:
            if journal.exists() and journal.stat().st_size > had + 500 * kill:
                break
            time.sleep(0.002)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, "it was done before it could be killed"
    assert main(command(tmp_path / "data", tmp_path / "killed")) == 0
    for name in (
        "results/aime26.parquet",
        "results/aime26.json",
        "summary.json",
        "results.csv",
        "journal/aime26.jsonl",
    ):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "straight" / name).read_bytes(), name
