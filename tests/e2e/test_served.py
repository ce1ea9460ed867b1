"""Training with a teacher and a judge on servers: what is asked, counted, paid, kept, and written nowhere."""

import json
import logging
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
from flaky import FlakyServer, Request, Response
from talk import completion, listing

from zppo import JudgeConfig, SamplingConfig, TeacherConfig, ZoneConfig, ZPPOConfig, ZPPOTrainer
from zppo.engines import servers
from zppo.errors import ConfigError

pytestmark = pytest.mark.slow

KEY = "sk-canary-20c5"
ZONE = ZoneConfig(new_questions=4, group_size=2, teacher_samples=2, augment_fraction=0.5, updates=2)
ROWS = [{"id": f"q{i}", "prompt": f"{i}+{i}?", "answer": "yes", "answer_type": "free"} for i in range(8)]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "FIRST_WAIT", 0.01)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def everything(request: Request) -> Response:
    """Answers, and judges that answers which say yes are right."""
    if request.path.endswith("/models"):
        return listing("all")
    asked = request.json["messages"][0]["content"]
    judges = "verdict" in asked
    right = "\\boxed{yes}" in asked
    says = json.dumps({"verdict": "correct" if right else "wrong"}) if judges else "so \\boxed{yes}"
    return completion(*[{"content": says}] * request.json.get("n", 1))


@pytest.fixture
def server() -> Iterator[FlakyServer]:
    with FlakyServer(everything) as server:
        yield server


def train(student: Path, run: Path, teacher: TeacherConfig, judge: JudgeConfig, **options: Any) -> list[dict[str, Any]]:
    """Two steps; their metrics."""
    shared = {"zone": ZONE, "sampling": SamplingConfig(max_tokens=4), "rollout_steps": 2} | options
    quiet = {"use_cpu": True, "disable_tqdm": True, "report_to": "none"}
    args = ZPPOConfig(output_dir=str(run), teacher=teacher, judge=judge, **quiet, **shared)
    ZPPOTrainer(student, None, None, ROWS, ROWS[:2], args=args).train()
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]


def test_a_teacher_and_a_judge_on_servers(student_folder: Path, server: FlakyServer, tmp_path: Path) -> None:
    prices = {"price_prompt": 1e6, "price_response": 1e6}
    teacher = TeacherConfig(endpoint=server.url, compression="none", **prices)
    rows = train(student_folder, tmp_path / "run", teacher, JudgeConfig(endpoint=server.url, **prices))
    for row in rows:
        assert row["accuracy/teacher"] == 1.0 and row["zone/unscored"] == 0
        assert 0 < row["judge_endpoint/calls"] <= row["judge/calls"] and row["endpoint/calls"] > 0
        spent = ("rollout", "teacher", "scoring", "update")
        assert row["time/teacher_share"] == pytest.approx(row["time/teacher"] / sum(row[f"time/{s}"] for s in spent))
    summary = json.loads((tmp_path / "run" / "summary.json").read_text("utf-8"))
    calls = [request.json for request in server.requests]
    judged = sum("verdict" in call["messages"][0]["content"] for call in calls)
    answered = sum(7 + 5 * call["n"] + 1 for call in calls if "n" in call)
    assert (summary["teacher_cost"], summary["judge_cost"]) == (answered, judged * (7 + 5 + 1))


def test_the_key_is_nowhere_in_the_run(student_folder: Path, server: FlakyServer, tmp_path: Path) -> None:
    teacher = TeacherConfig(endpoint=server.url, compression="none", cache=str(tmp_path / "run" / "teacher.db"))
    train(student_folder, tmp_path / "run", teacher, JudgeConfig(endpoint=server.url))
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    written = [file for file in (tmp_path / "run").rglob("*") if file.is_file()]
    assert len(written) > 10 and not any(KEY.encode() in file.read_bytes() for file in written)


def test_a_run_is_made_again_without_either(student_folder: Path, server: FlakyServer, tmp_path: Path) -> None:
    cache = {"compression": "none", "cache": str(tmp_path / "said.db")}
    judge = JudgeConfig(endpoint=server.url)
    first = train(student_folder, tmp_path / "first", TeacherConfig(endpoint=server.url, **cache), judge)
    asked = len(server.requests)
    offline = TeacherConfig(endpoint=server.url, offline=True, **cache)
    again = train(student_folder, tmp_path / "again", offline, judge)
    assert len(server.requests) == asked
    silent = ("time/", "endpoint/", "judge_", "cache/", "teacher/")
    for one, other in zip(first, again, strict=True):
        assert {k: v for k, v in one.items() if not k.startswith(silent)} == {
            k: v for k, v in other.items() if not k.startswith(silent)
        }
    assert sum(row["judge_cache/misses"] + row["cache/misses"] for row in again) == 0
    assert sum(row["endpoint/cost"] + row["judge_endpoint/tokens"] for row in again) == 0


def test_a_judge_that_dies_is_told_about_and_counted(
    student_folder: Path, server: FlakyServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with FlakyServer(everything, chain([None] * 4, repeat("error"))) as dying, caplog.at_level(logging.WARNING):
        judge = JudgeConfig(endpoint=dying.url, tries=2)
        rows = train(student_folder, tmp_path / "run", TeacherConfig(endpoint=server.url, compression="none"), judge)
    assert rows[1]["zone/unscored"] > 0 and rows[1]["judge/unreachable"] > 0
    assert sum(row["judge_endpoint/server_errors"] for row in rows) > 0
    assert "the judge could not be reached" in caplog.text
    summary = json.loads((tmp_path / "run" / "summary.json").read_text("utf-8"))
    held_out = sum(row.get("eval/judge_unreachable", 0) for row in rows)
    assert summary["judge_unreachable"] == sum(row["judge/unreachable"] for row in rows) + held_out > 0
    assert summary["teacher_unreachable"] == 0


def test_a_judge_that_is_not_there_is_refused_by_name(
    student_folder: Path, server: FlakyServer, tmp_path: Path
) -> None:
    teacher, judge = TeacherConfig(endpoint=server.url), JudgeConfig(endpoint="http://127.0.0.1:9/v1")
    with pytest.raises(ConfigError, match=r"judge\.endpoint: no server answers"):
        train(student_folder, tmp_path / "run", teacher, judge)
