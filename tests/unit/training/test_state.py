"""What a checkpoint adds to transformers' own files."""

import shutil
from pathlib import Path

import pytest
from wholes import publish_whole

from zppo.data.order import Position
from zppo.data.reader import read_questions
from zppo.errors import CheckpointError
from zppo.reports.rundir import RunDirectory
from zppo.training.state import RunState
from zppo.types import Group, Prompt, Question, Rollout
from zppo.zone.replay import PromptReplayBuffer

DATA = {f"q{i}": Question(f"q{i}", f"{i}?", "1", {"cluster": "a", "tags": [i]}) for i in range(3)}


def filled_buffer() -> PromptReplayBuffer:
    buffer = PromptReplayBuffer(4)
    for question in DATA.values():
        buffer.refresh([Group(Prompt("plain", question, "?"), [Rollout([1], "", reward=0.0)])], 0.5)
    return buffer


def test_state_and_buffer_come_back_as_they_were(tmp_path: Path) -> None:
    evaluations, levels = [{"step": 0, "overall": 0.5}], {"q1": "hard"}
    state = RunState(3, 100, evaluations=evaluations, levels=levels, position=Position(1, 8))
    state.save(tmp_path, filled_buffer())
    buffer = PromptReplayBuffer(4)
    assert RunState.load(tmp_path, buffer, DATA.get) == state
    assert buffer.state_dict() == filled_buffer().state_dict()
    assert [e.question for e in buffer] == [e.question for e in filled_buffer()]


def test_the_audit_is_summed_over_steps_and_comes_back(tmp_path: Path) -> None:
    """Counts, not shares: what a run shows is a sum."""
    state, spent = RunState(), {"tokens/student": 1, "tokens/teacher": 0, "tokens/gradient": 0}
    for listed in (3, 2):
        audit = {"audit/ncq_wrong_matches_listed": listed, "audit/parroting": 0.5}
        state.count_step(spent | audit, 0.0)
    state.count_step(spent, 0.0)
    assert state.counters()["audit"] == {"ncq_wrong_matches_listed": 5}
    state.save(tmp_path, filled_buffer())
    assert RunState.load(tmp_path, PromptReplayBuffer(4), DATA.get) == state


def test_a_checkpoint_of_other_data_is_refused_by_the_question(tmp_path: Path) -> None:
    RunState().save(tmp_path, filled_buffer())
    with pytest.raises(CheckpointError, match=r"question 'q1' .* is not in the data"):
        RunState.load(tmp_path, PromptReplayBuffer(4), {**DATA, "q1": None}.get)


def identity(rows: list[dict[str, str]]) -> str:
    return read_questions([{"prompt": "?", "answer": "1", **row} for row in rows])[0].identity


@pytest.mark.parametrize("now", ["ab", "abcd", "bac", "abd"])
def test_a_checkpoint_of_other_questions_or_another_order_of_them_is_refused(tmp_path: Path, now: str) -> None:
    """Where the order of the data stands would mean other questions: some would come twice in an epoch, some never."""
    before = identity([{"id": name} for name in "abc"])
    RunState(data=before).save(tmp_path, filled_buffer())
    assert RunState.load(tmp_path, PromptReplayBuffer(4), DATA.get, RunState(data=before)).data == before
    other = identity([{"id": name} for name in now])
    with pytest.raises(CheckpointError, match=r"is of a run on 3 questions \(\w+\), and the data now is \d questions"):
        RunState.load(tmp_path, PromptReplayBuffer(4), DATA.get, RunState(data=other))


def test_an_answer_may_be_mended_between_stop_and_resume() -> None:
    assert identity([{"answer": "2"}, {}]) == identity([{"answer": "3"}, {"prompt": "??"}])


def test_a_buffer_of_another_size_and_a_foreign_folder_are_refused(tmp_path: Path) -> None:
    RunState().save(tmp_path, filled_buffer())
    with pytest.raises(CheckpointError, match="resume with the config the run was started with"):
        RunState.load(tmp_path, PromptReplayBuffer(5))
    with pytest.raises(CheckpointError, match="is no zppo checkpoint"):
        RunState.load(tmp_path / "other", PromptReplayBuffer(4))


@pytest.mark.parametrize(("before", "now"), [([], ["reward_funcs"]), (["reward_funcs"], [])])
def test_a_run_does_not_go_on_with_other_rewards_than_it_was_given_in_python(
    before: list[str], now: list[str], tmp_path: Path
) -> None:
    """No config holds them: the command line would score the rest of the run by another rule."""
    RunState(given=before).save(tmp_path, filled_buffer())
    with pytest.raises(CheckpointError, match=r"given reward_funcs in Python; continue it as it was started"):
        RunState.load(tmp_path, PromptReplayBuffer(4), DATA.get, RunState(given=now))


@pytest.mark.parametrize(
    "text", ['{"run": {"st', "[]", '{"run": {}, "buffer": {}}', '{"run": {"new": 1}, "buffer": {}}']
)
def test_a_damaged_state_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "zppo_state.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"zppo_state\.json is damaged"):
        RunState.load(tmp_path, PromptReplayBuffer(4))


def test_remains_of_an_unfinished_checkpoint_are_removed_at_a_resume(tmp_path: Path) -> None:
    """Otherwise a file that the next save does not write would become part of it."""
    directory = RunDirectory(tmp_path)
    directory.start({"seed": 0})
    publish_whole(directory, 1)
    (directory.partial / "checkpoint-4").mkdir(parents=True)
    (directory.partial / "checkpoint-4" / "model-00002-of-00002.safetensors").write_text("half")
    assert directory.resume({"seed": 0}) == tmp_path / "checkpoints" / "checkpoint-1"
    assert not directory.partial.exists()


def test_rewinding_drops_rows_rollouts_and_checkpoints_of_later_steps(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    directory.start({})
    for step in (1, 2, 3):
        directory.log_metrics({"step": step, "a/b": 0.1 * step})
        (directory.rollouts / f"step-{step:06d}.jsonl").write_text("{}\n")
        publish_whole(directory, step)
    with directory.metrics_file.open("a") as file:
        file.write('{"step": 4, "a/b"')
    assert len(directory.metrics()) == 3
    directory.rewind(2)
    assert directory.metrics() == [{"step": 1, "a/b": 0.1}, {"step": 2, "a/b": 0.2}]
    assert directory.metrics_file.read_text().endswith("}\n")
    assert sorted(f.name for f in directory.rollouts.iterdir()) == ["step-000001.jsonl", "step-000002.jsonl"]
    assert [c.name for c in directory.complete_checkpoints()] == ["checkpoint-1", "checkpoint-2"]


def test_files_of_others_are_neither_read_nor_removed(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    directory.start({})
    publish_whole(directory, 1)
    foreign = [directory.checkpoints / n for n in ("checkpoint-best", "checkpoint-12.bak", "checkpoint-07a", "best")]
    for folder in foreign:
        shutil.copytree(directory.checkpoints / "checkpoint-1", folder)
    (directory.checkpoints / "checkpoint-9").write_text("a file")
    (directory.checkpoints / "checkpoint-8").symlink_to(foreign[0])
    for name in ("step-notes.jsonl", "step-1.jsonl.bak", "notes.txt"):
        (directory.rollouts / name).write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    assert directory.resume({}) == directory.checkpoints / "checkpoint-1"
    directory.rewind(1)
    publish_whole(directory, 2, keep=1)
    assert list(directory.groups()) == []
    left = {path for path in before if directory.checkpoints / "checkpoint-1" not in (path, path.parent)}
    assert left <= set(tmp_path.rglob("*"))
    assert [c.name for c in directory.complete_checkpoints()] == ["checkpoint-2"]
