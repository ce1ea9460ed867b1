"""Runs on words, images and films together, read from ordinary files, by every kind of method."""

import json
from pathlib import Path
from typing import Any

import pytest
from sighted import picture
from test_resume import StopAfter
from texts import rolled_out
from tinyrun import STEPS, UPDATES, differences, result, trainer, write_recipe
from transformers import AutoModelForImageTextToText, AutoProcessor

from zppo.engines.transformers import TransformersEngine
from zppo.errors import ConfigError
from zppo.models.renderer import Renderer
from zppo.types import Prompt, Sampling

pytestmark = pytest.mark.slow

METHODS = ("zppo", "hint+replay", "prefix+replay", "grpo_teacher+replay", "off_distill+replay", "on_distill+replay")


def write_data(folder: Path, first: int, count: int) -> list[dict[str, Any]]:
    """Rows of every kind in turn: words, an image, two images, a film."""
    (folder / "images").mkdir(exist_ok=True)
    rows: list[dict[str, Any]] = []
    for i in range(first, first + count):
        names = [f"images/{i}-{k}.png" for k in range(4)]
        for k, name in enumerate(names):
            picture(10 * i + k, 16 + 8 * (i % 2)).save(folder / name)
        kinds: tuple[dict[str, Any], ...] = (
            {"prompt": f"{i}+{i}?"},
            {"prompt": "<image>\nhow many?", "images": names[:1]},
            {"prompt": "is <image> like <image>?", "images": names[1:3]},
            {"prompt": "<video> how often?", "videos": [{"frames": names, "fps": 2}]},
        )
        rows.append({"id": f"q{i}", "answer": str(i)} | kinds[i % 4])
    return rows


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory, sighted_folder: Path) -> Any:
    """`mixed(method)`: a recipe on mixed data."""
    folder = tmp_path_factory.mktemp("mixed")

    def recipe(method: str) -> Path:
        made = write_recipe(folder, sighted_folder, method=method, teacher={"hints": "cut"})
        for name, first, count in (("train", 0, 8), ("test", 20, 4)):
            rows = write_data(folder, first, count)
            (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return made

    return recipe


@pytest.mark.parametrize("method", METHODS)
def test_a_run_on_mixed_data_stopped_and_resumed_equals_a_straight_one(method: str, mixed: Any, tmp_path: Path) -> None:
    recipe = mixed(method)
    trainer(recipe, tmp_path / "straight").train()
    updates = json.loads((tmp_path / "straight" / "metrics.jsonl").read_text("utf-8").splitlines()[-1])
    assert updates["step"] == STEPS
    per_step = 1 if "distill" in method else UPDATES
    trainer(recipe, tmp_path / "run", callbacks=[StopAfter(2 * per_step)]).train()
    trainer(recipe, tmp_path / "run").train(resume_from_checkpoint=True)
    straight, resumed = (result(tmp_path / name) for name in ("straight", "run"))
    assert differences(resumed, straight) == []
    if method == "zppo":
        kinds = ("replayed", "bcq", "ncq")
        assert all(sum(row[f"zone/{kind}_prompts"] for row in straight["metrics"]) for kind in kinds)


def test_the_checkpoint_is_an_ordinary_image_text_model(mixed: Any, tmp_path: Path) -> None:
    run = trainer(mixed("grpo"), tmp_path / "run")
    run.train()
    folder = tmp_path / "run" / "checkpoints" / f"checkpoint-{STEPS}"
    model, processor = AutoModelForImageTextToText.from_pretrained(folder), AutoProcessor.from_pretrained(folder)
    prompts = [Prompt("plain", q, q.text) for q in run.eval_questions]
    greedy = Sampling(max_tokens=5, temperature=0)
    again = rolled_out(TransformersEngine(model, Renderer(processor), 8), prompts, 1, greedy)
    trained = rolled_out(run.parts.student, prompts, 1, greedy)
    assert [g.rollouts[0].token_ids for g in again] == [g.rollouts[0].token_ids for g in trained]


def test_a_text_student_on_images_is_refused_before_weights_are_read(
    mixed: Any, student_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zppo.training.trainer.load_model", lambda *_: pytest.fail("weights were read"))
    with pytest.raises(ConfigError, match=r"student\.model: .* reads text only, but question 'q1' holds"):
        trainer(mixed("grpo"), tmp_path / "run", model=str(student_folder))
