"""Run directories that somebody else has touched: foreign names are let be, damage is named with its file."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from runs import make_run

from zppo import SamplingConfig, ZoneConfig, ZPPOConfig, ZPPOTrainer
from zppo.cli.main import main
from zppo.config import CheckpointConfig
from zppo.errors import CheckpointError, ZppoError
from zppo.reports.html import write_report
from zppo.reports.rundir import CHECKPOINT_STATE, RunDirectory
from zppo.training.state import RunState
from zppo.zone.replay import PromptReplayBuffer

FOREIGN = (
    *("checkpoint-best", "checkpoint-", "checkpoint-1-old", "checkpoint-x2", "checkpoint--5", "checkpoint-1.bak"),
    *("checkpoint-1 (copy)", "checkpoint-\u0661x", "checkpoint-+1", "checkpoint-0x10", "checkpoint-last", "best"),
)
DUMPS = ("step-best.jsonl", "step-.jsonl", "step-1-old.jsonl", "step-x.jsonl", "step-000001.jsonl.bak", "notes.txt")
STATES: dict[str, bytes] = {
    "empty": b"",
    "cut": b'{"run": {"step": 1',
    "no JSON": b"\x00\x01\x02",
    "no UTF-8": b"\xff\xfe",
    "list": b"[]",
    "null": b"null",
    "number": b"5",
    "no run": b'{"buffer": {}}',
    "no buffer": b'{"run": {"step": 1, "position": [0, 0]}}',
    "deep": b"[" * 100_000,
    "run as list": b'{"run": [], "buffer": {}}',
    "unknown field": b'{"run": {"stp": 1, "position": [0, 0]}, "buffer": {}}',
}
LAST_ROWS = (b'{"step": 3, "accur', b"{", b'"', b"\x00\x00", b"\xff", b'{"step": 3}')


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return make_run(tmp_path / "run", steps=2, checkpoint_at=2)


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_checkpoint(name: str, run: RunDirectory) -> None:
    folder = run.checkpoints / name
    folder.mkdir()
    (folder / CHECKPOINT_STATE).write_text("{}", "utf-8")
    (folder / "mine.txt").write_text("keep", "utf-8")
    assert [c.name for c in run.complete_checkpoints()] == ["checkpoint-2"]
    run.rewind(0)
    assert (folder / "mine.txt").read_text("utf-8") == "keep"


@pytest.mark.parametrize("name", DUMPS)
def test_a_foreign_dump(name: str, run: RunDirectory) -> None:
    (run.rollouts / name).write_text("mine\n", "utf-8")
    assert {step for step, _ in run.groups()} == {1, 2}
    run.rewind(1)
    assert (run.rollouts / name).exists() and not (run.rollouts / "step-000002.jsonl").exists()


@pytest.mark.parametrize("case", STATES)
def test_a_damaged_state(case: str, tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT_STATE).write_bytes(STATES[case])
    with pytest.raises(CheckpointError, match=CHECKPOINT_STATE):
        RunState.load(tmp_path, PromptReplayBuffer(5))


def test_a_state_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=f"{CHECKPOINT_STATE} is missing"):
        RunState.load(tmp_path, PromptReplayBuffer(5))


@pytest.mark.parametrize("torn", LAST_ROWS)
def test_a_torn_last_row(torn: bytes, run: RunDirectory) -> None:
    with run.metrics_file.open("ab") as file:
        file.write(torn)
    assert [row["step"] for row in run.metrics()] == [1, 2]


@pytest.mark.parametrize("file", ["config.yaml", "metrics.jsonl", "summary.json"])
def test_a_damaged_file_is_named_by_the_report(file: str, run: RunDirectory) -> None:
    (run.path / file).write_bytes(b"\x00{ not: [json\n")
    with pytest.raises(ZppoError, match=file.replace(".", r"\.")):
        write_report(run)


@pytest.mark.parametrize("place", ["config.yaml", "report.html"])
def test_a_secret(place: str, tmp_path: Path) -> None:
    secret = "hf_canary_of_an_attack"
    made = ZPPOConfig(output_dir=str(tmp_path / "other"), use_cpu=True, report_to="none", hub_token=secret)
    run = make_run(tmp_path / "run", steps=2)
    run.config_file.write_text(yaml.safe_dump(made.effective() | {"method": "zppo"}), "utf-8")
    if place == "report.html":
        write_report(run)
    assert secret not in (run.path / place).read_text("utf-8")


def trainer(model: Any, tokenizer: Any, run: Path) -> ZPPOTrainer:
    args = ZPPOConfig(
        output_dir=str(run),
        method="grpo",
        rollout_steps=2,
        zone=ZoneConfig(new_questions=2, group_size=2, updates=1),
        sampling=SamplingConfig(max_tokens=2),
        checkpoints=CheckpointConfig(every=1),
        use_cpu=True,
        disable_tqdm=True,
        report_to="none",
    )
    rows = [{"id": f"q{i}", "prompt": f"{i}?", "answer": "1"} for i in range(2)]
    return ZPPOTrainer(model, None, lambda completions, **columns: [0.0, 1.0] * 2, rows, None, args, tokenizer)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, new_model: Callable[..., Any], tokenizer: Any) -> Path:
    run = tmp_path_factory.mktemp("trained") / "run"
    trainer(new_model(), tokenizer, run).train()
    return run


@pytest.mark.parametrize("damage", ["missing", "cut", "empty"])
@pytest.mark.parametrize(
    "file", ["optimizer.pt", "scheduler.pt", "rng_state.pth", "model.safetensors", "trainer_state.json"]
)
def test_a_damaged_checkpoint(
    file: str, damage: str, trained: Path, tmp_path: Path, new_model: Callable[..., Any], tokenizer: Any
) -> None:
    shutil.copytree(trained, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints" / "checkpoint-2")
    damaged = tmp_path / "run" / "checkpoints" / "checkpoint-1" / file
    content = damaged.read_bytes()
    damaged.unlink()
    if damage != "missing":
        damaged.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
    with pytest.raises(CheckpointError, match=re.escape(file)):
        trainer(new_model(), tokenizer, tmp_path / "run").train(resume_from_checkpoint=True)


SPOILT: dict[str, Callable[[Path], Any]] = {
    "another shape": lambda run: (run / "metrics.jsonl").write_text('{"step": "one"}\n', "utf-8"),
    "a folder in place of a file": lambda run: ((run / "metrics.jsonl").unlink(), (run / "metrics.jsonl").mkdir()),
    "no run at all": lambda run: [file.unlink() for file in run.iterdir() if file.is_file()],
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_spoilt_folder(case: str, run: RunDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    SPOILT[case](run.path)
    assert main(["report", str(run.path)]) in (1, 2)
    shown = capsys.readouterr()
    assert len(shown.err.splitlines()) == 1 and "Traceback" not in shown.err


def test_numbers_that_are_no_json_do_not_end_a_report(run: RunDirectory) -> None:
    rows = [json.loads(line) for line in run.metrics_file.read_text("utf-8").splitlines()]
    rows[0]["loss/entropy"] = float("nan")
    run.metrics_file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert "NaN" not in write_report(run).read_text("utf-8").partition("<script")[0]
