"""Trackers that are asked for are there, and show tables of sampled rollouts."""

import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from transformers.integrations import INTEGRATION_TO_CALLBACK

from zppo.errors import ConfigError
from zppo.training.trackers import COLUMNS, EACH, EXTRAS, WRITERS, RolloutTables, as_markdown, check_trackers, sampled
from zppo.types import Group, Prompt, Question, Rollout, StepBatch


def group(kind: Any, count: int) -> Group:
    question = Question(f"q-{kind}", "2+2?", "4")
    rewards = [1.0, 0.0, None]
    return Group(
        Prompt(kind, question, f"{kind}: 2+2?"),
        [Rollout([1], f"{kind} {i}", reward=rewards[i % 3], advantage=0.5 - i) for i in range(count)],
    )


BATCH = StepBatch([group("plain", 3), group("plain", 6), group("bcq", 2)], [], {})


def test_a_table_samples_each_kind_of_prompt_and_names_verdict_and_advantage() -> None:
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in sampled(7, BATCH, random.Random(1))]
    assert [row["kind"] for row in rows] == ["plain"] * EACH + ["bcq"] * 2
    assert rows[-2:] == [
        {"step": 7, "kind": "bcq", "question": "q-bcq", "prompt": "bcq: 2+2?", "response": f"bcq {i}", **scored}
        for i, scored in enumerate(
            [
                {"verdict": "right", "reward": 1.0, "advantage": 0.5},
                {"verdict": "wrong", "reward": 0.0, "advantage": -0.5},
            ]
        )
    ]
    assert {row["verdict"] for row in rows} >= {"right", "wrong"}
    assert sampled(7, BATCH, random.Random(1)) == sampled(7, BATCH, random.Random(1))


def test_a_response_of_its_own_is_no_teachers() -> None:
    taught = Group(group("plain", 1).prompt, [Rollout([1], "the teacher's", reward=1.0, injected=True)])
    assert sampled(1, StepBatch([taught], [], {}), random.Random(1)) == []


class FakeTracker(ModuleType):
    """A tracker's module that remembers its calls."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.logged: list[Any] = []

    def Table(self, **table: Any) -> Any:
        return table

    def log(self, values: Any) -> None:
        self.logged.append(values)

    def log_table(self, data: Any, artifact_file: str) -> None:
        self.logged.append((data, artifact_file))


def callback(name: str, **fields: Any) -> Any:
    """An instance of the class that transformers has for a tracker, without its module."""
    made = object.__new__(INTEGRATION_TO_CALLBACK[name])
    vars(made).update(fields)
    return made


def logged(monkeypatch: pytest.MonkeyPatch, name: str, every: int = 2) -> list[Any]:
    module = FakeTracker(name)
    monkeypatch.setitem(sys.modules, name, module)
    tables = RolloutTables(every, lambda: [callback(name)])
    for step in (1, 2, 3):
        tables.log(step, 4 * step, BATCH, random.Random(1))
    return module.logged


def test_wandb_gets_a_table_every_so_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    [values] = logged(monkeypatch, "wandb")
    rows = [list(row) for row in sampled(2, BATCH, random.Random(1))]
    assert values == {"rollouts": {"columns": list(COLUMNS), "data": rows}, "train/global_step": 8}
    assert logged(monkeypatch, "wandb", every=0) == []


def test_trackio_gets_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    [values] = logged(monkeypatch, "trackio")
    frame = values["rollouts"]["dataframe"]
    assert list(frame.columns) == list(COLUMNS) and len(frame) == EACH + 2 and values["train/global_step"] == 8


def test_mlflow_gets_a_table_as_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    [(columns, file)] = logged(monkeypatch, "mlflow")
    assert list(columns) == list(COLUMNS) and columns["kind"] == ["plain"] * EACH + ["bcq"] * 2
    assert file == "rollouts/updates-000008.json"


def test_tensorboard_gets_a_text_that_can_be_read_back(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="it is in the extra `dev`")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(tmp_path))
    tables = RolloutTables(1, lambda: [callback("tensorboard", tb_writer=writer)])
    tables.log(3, 12, BATCH, random.Random(1))
    writer.close()
    [event] = EventAccumulator(str(tmp_path)).Reload().Tensors("rollouts/text_summary")
    (text,) = event.tensor_proto.string_val
    assert event.step == 12 and text.decode() == as_markdown(sampled(3, BATCH, random.Random(1)))


def test_the_words_of_a_model_are_no_markup_on_the_page() -> None:
    text = "![x](http://evil) <img src=x> a|b\nsecond `line`"
    *_, row = as_markdown([(1, "plain", "q", "?", text, "right", 1.0, 0.5)]).split("\n")
    assert r"\!\[x\]\(http://evil\) &lt;img src=x&gt; a&#124;b<br>second \`line\`" in row
    assert row.count("|") == len(COLUMNS) + 1


def test_every_extra_is_a_tracker_of_transformers_that_shows_tables() -> None:
    assert {INTEGRATION_TO_CALLBACK[name].__name__ for name in EXTRAS} == set(WRITERS)


def test_a_tracker_that_is_not_there_is_refused_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zppo.training.trackers.find_spec", lambda name: None)
    for name in EXTRAS:
        with pytest.raises(ConfigError, match=rf"report_to: {name} is not installed; pip install 'zppo\[{name}\]'"):
            check_trackers([name])
    with pytest.raises(ConfigError, match="no tracker 'tensorbord'; did you mean 'tensorboard'"):
        check_trackers(["tensorbord"])
    check_trackers([])
