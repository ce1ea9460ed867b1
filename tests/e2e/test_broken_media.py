"""Pictures that cannot be decoded when their turn comes: the run goes on without them, and can still be resumed."""

import json
from pathlib import Path
from typing import Any

import pytest
from test_mixed_media import write_data
from test_resume import StopAfter
from tinyrun import STEPS, UPDATES, differences, result, trainer, write_recipe
from transformers import TrainerCallback

from zppo.errors import DataError

pytestmark = pytest.mark.slow


@pytest.fixture
def recipe(tmp_path: Path, sighted_folder: Path) -> Path:
    """Ten questions, on words, images and films in turn."""
    made = write_recipe(tmp_path, sighted_folder, teacher={"hints": "cut"})
    for name, first, count in (("train", 0, 10), ("test", 20, 4)):
        rows = write_data(tmp_path, first, count)
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return made


def cut_short(file: Path) -> None:
    """Its head is good, so that this is not seen at the start."""
    file.write_bytes(file.read_bytes()[:-200])


def dropped(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "dropped.jsonl").read_text("utf-8").splitlines()]


def test_an_unreadable_picture_is_replaced_and_listed_and_a_resumed_run_equals_a_straight_one(
    recipe: Path, tmp_path: Path
) -> None:
    for name in ("1-0.png", "6-2.png", "7-3.png"):
        cut_short(tmp_path / "images" / name)
    trainer(recipe, tmp_path / "straight").train()
    straight, told = result(tmp_path / "straight"), dropped(tmp_path / "straight")
    assert {row["id"] for row in told} <= {"q1", "q6", "q7"} and len({row["id"] for row in told}) >= 2
    assert all(row["source"].endswith("train.jsonl") and row["kind"] == "unreadable media" for row in told)
    assert all(str(row["row"] - 1) == row["id"][1:] and "cannot be decoded" in row["reason"] for row in told)
    counted = {row["step"]: row["data/dropped"] for row in straight["metrics"]}
    assert counted == {step: sum(row["step"] == step for row in told) for step in range(1, STEPS + 1)}
    asked = {json.loads(line)["question_id"] for text in straight["rollouts"].values() for line in text.splitlines()}
    assert asked == {f"q{i}" for i in range(10)} - {"q1", "q6", "q7"}
    for updates in range(UPDATES, STEPS * UPDATES, UPDATES):
        run = tmp_path / f"run-{updates}"
        trainer(recipe, run, callbacks=[StopAfter(updates)]).train()
        trainer(recipe, run).train(resume_from_checkpoint=True)
        assert differences(result(run), straight) == []
        assert dropped(run) == told


class RemoveAfter(TrainerCallback):
    """Removes all pictures of the training data after so many updates."""

    def __init__(self, updates: int, folder: Path) -> None:
        self.updates, self.folder = updates, folder

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.updates:
            for file in self.folder.glob("?-*.png"):
                file.unlink()


def test_a_run_whose_pictures_go_away_ends_with_what_is_left_or_says_so(recipe: Path, tmp_path: Path) -> None:
    """Of ten questions three need no picture, and a step needs four: replayed ones are left out, new ones run out."""
    run = trainer(recipe, tmp_path / "run", callbacks=[RemoveAfter(2 * UPDATES, tmp_path / "images")])
    with pytest.raises(DataError, match=r"of 10 questions not even 4 can be read, for .*train\.jsonl, row"):
        run.train()


def test_what_was_dropped_at_the_start_is_listed_and_told(
    recipe: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "images" / "2-1.png").write_bytes(b"")
    (tmp_path / "images" / "21-0.png").write_bytes(b"")
    with (tmp_path / "train.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"id": "long", "prompt": "x" * 5000, "answer": "1"}) + "\n")
    run = trainer(recipe, tmp_path / "run", callbacks=[StopAfter(UPDATES)])
    run.train()
    rows = [(row["data"], row["step"], row["row"], row["id"], row["kind"]) for row in dropped(tmp_path / "run")]
    assert rows == [
        ("train", 0, 3, "q2", "unreadable media"),
        ("train", 0, 11, "long", "long prompt"),
        ("eval", 0, 2, "q21", "unreadable media"),
    ]
    assert "2 rows of data.train are not asked (1 unreadable media, 1 long prompt): see" in caplog.text
    trainer(recipe, tmp_path / "run").train(resume_from_checkpoint=True)
    assert [row["id"] for row in dropped(tmp_path / "run")] == ["q2", "long", "q21"]
