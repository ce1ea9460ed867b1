"""ZPPO with its teacher on a real server: as its user starts it, through faults, without the server, and once more."""

import json
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
import torch
from flaky import FlakyServer, at_rate
from proxy import before
from realserver import KEY_VARIABLE, RealServer

import zppo
from zppo.cli.main import main
from zppo.engines import servers

pytestmark = pytest.mark.services
WORDS, MIXED = str(Path(zppo.__file__).parents[2] / "recipes/words.yaml"), "pocket"
SMALL = {
    "zone.new_questions": 8,
    "zone.group_size": 4,
    "zone.augment_fraction": 0.5,
    "engine.batch_size": 8,
    "training.disable_tqdm": "true",
    "teacher.api_key_env": KEY_VARIABLE,
}


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pauses of tests, not of outages; one thread, as everywhere."""
    monkeypatch.setattr(servers, "FIRST_WAIT", 0.02)
    monkeypatch.setattr(servers, "REST", 0.2)
    torch.set_num_threads(1)
    yield


def train(run: Path, steps: int, recipe: str = WORDS, **more: Any) -> list[dict[str, Any]]:
    """Metrics of the rollout steps."""
    options = SMALL | {"rollout_steps": steps} | {name.replace("__", "."): value for name, value in more.items()}
    arguments = [f"--{name}={value}" for name, value in options.items()]
    assert main(["train", recipe, "--run-dir", str(run), *arguments]) == 0
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]


def total(rows: list[dict[str, Any]], name: str) -> float:
    return sum(row.get(name, 0) for row in rows)


def timeless(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without clocks, and without what is counted on the way to the teacher."""
    silent = ("time/", "endpoint/", "teacher/", "cache/")
    return [{name: value for name, value in row.items() if not name.startswith(silent)} for row in rows]


def test_the_command_of_the_readme_trains_with_a_teacher_on_a_server(server: RealServer, tmp_path: Path) -> None:
    rows = train(tmp_path / "run", 2, teacher__endpoint=server.url, teacher__model=server.model)
    assert total(rows, "zone/bcq_prompts") > 0 and total(rows, "tokens/teacher") > 0
    assert total(rows, "teacher/unreachable") == total(rows, "endpoint/failed") == 0
    assert rows[0]["accuracy/teacher"] > 0.7


def test_words_images_and_videos_with_a_teacher_on_vllm_that_sees_them(vllm: RealServer, tmp_path: Path) -> None:
    rows = train(tmp_path / "run", 3, MIXED, teacher__endpoint=vllm.url, teacher__model="teacher")
    assert total(rows, "teacher/unreachable") == total(rows, "endpoint/failed") == 0
    assert total(rows, "accuracy/teacher") / len(rows) > 0.6
    dumps = [json.loads(line) for file in sorted((tmp_path / "run/rollouts").glob("*")) for line in file.open()]
    shown = {kind: ["media" in dump for dump in dumps if dump["kind"] == kind] for kind in ("plain", "bcq", "ncq")}
    assert all(any(seen) and not all(seen) for seen in shown.values()), "every kind of prompt, with media and without"
    assert any(row["loss/grad_norm"] > 0 for row in rows)


def test_ten_steps_through_a_faulty_line_lose_nothing_and_count_the_faults(vllm: RealServer, tmp_path: Path) -> None:
    faults = chain([None], at_rate(0.3, 4))
    with FlakyServer(before(vllm.root), faults) as proxy:
        rows = train(tmp_path / "run", 10, teacher__endpoint=proxy.url, teacher__model="teacher", teacher__tries=12)
        injected = dict(proxy.injected)
    assert len(rows) == 10 and total(rows, "zone/bcq_prompts") > 0
    assert total(rows, "teacher/unreachable") == 0
    assert sum(injected.values()) > 20
    names = {
        "rate_limit": "rate_limited",
        "error": "server_errors",
        "drop": "connection_errors",
        "truncate": "malformed",
    }
    # A question that was given up takes its fault with it, counted or not.
    for kind, name in names.items():
        assert 0 <= injected[kind] - total(rows, f"endpoint/{name}") <= total(rows, "teacher/cancelled")


def test_when_the_server_dies_training_goes_on_with_ncqs(vllm: RealServer, tmp_path: Path) -> None:
    dying = chain(repeat(None, 12), repeat("drop"))
    with FlakyServer(before(vllm.root), dying) as proxy:
        rows = train(tmp_path / "run", 5, teacher__endpoint=proxy.url, teacher__model="teacher", teacher__tries=2)
    assert rows[0]["zone/bcq_prompts"] > 0
    last = rows[-1]
    assert last["teacher/unreachable"] > 0 and last["zone/ncq_prompts"] > 0
    assert last["zone/bcq_prompts"] == 0 and "accuracy/teacher" not in last
    summary = json.loads((tmp_path / "run" / "summary.json").read_text("utf-8"))
    assert summary["rollout_steps"] == 5


def test_a_run_is_made_again_from_the_cache_without_its_teacher(vllm: RealServer, tmp_path: Path) -> None:
    cache = {"teacher__cache": tmp_path / "teacher.db", "teacher__model": "teacher"}
    first = train(tmp_path / "first", 4, teacher__endpoint=vllm.url, **cache)
    assert total(first, "cache/misses") > 0
    again = train(tmp_path / "again", 4, teacher__endpoint="http://127.0.0.1:9/v1", teacher__offline="true", **cache)
    assert timeless(again) == timeless(first)
    assert total(again, "endpoint/calls") == 0 and total(again, "teacher/unreachable") == 0


def test_a_teacher_that_is_not_there_is_told_before_weights_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", WORDS, "--run-dir", str(tmp_path / "run"), "--teacher.endpoint", "http://127.0.0.1:9/v1"]
    assert main(arguments) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert "teacher.endpoint: no server answers (http://127.0.0.1:9/v1" in message
    assert not (tmp_path / "run" / "config.yaml").exists()
