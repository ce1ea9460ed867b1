"""docs/data.md is true: its examples train, and its tables name what there is."""

import json
import os
import re
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
from datasets import Dataset, Features, Image, List, Value
from sighted import picture

from zppo.config import DataConfig
from zppo.data.columns import USUAL
from zppo.data.dropped import Kind
from zppo.recipe import load_recipe
from zppo.training.arguments import ZPPOConfig
from zppo.training.trainer import ZPPOTrainer

DOC = (Path(__file__).parents[2] / "docs" / "data.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"`([\w.]+)`:\n\n```\w+\n(.*?)```", DOC, re.DOTALL))
SMALL = {
    "rollout_steps": "1",
    "zone.group_size": "2",
    "sampling.max_tokens": "4",
    "eval.max_tokens": "4",
    "training": "{use_cpu: true, disable_tqdm: true, report_to: none}",
}
"""What makes an example small enough to be run here."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of the examples, and the pictures they name."""
    monkeypatch.chdir(tmp_path)
    for name, content in EXAMPLES.items():
        (tmp_path / name).write_text(content, "utf-8")
    (tmp_path / "images").mkdir()
    for number, name in enumerate(("bars", "a", "b", "0", "1")):
        picture(number).save(tmp_path / "images" / f"{name}.png")
    return tmp_path


def train(recipe: Path, student: Path) -> ZPPOTrainer:
    options = load_recipe(recipe, SMALL | {"student.model": str(student)})
    run = ZPPOTrainer(args=ZPPOConfig.from_recipe(options, str(recipe.parent / "run")))
    run.train()
    return run


@pytest.mark.slow
def test_the_jsonl_example_trains(folder: Path, sighted_folder: Path) -> None:
    run = train(folder / "jsonl.yaml", sighted_folder)
    assert [q.id for q in run.questions] == ["sum", "bars", "same", "seven", "blink"]
    assert [len(q.media) for q in run.questions] == [0, 1, 2, 0, 1]
    assert run.questions[3].text == "What is 3 + 4?\nA. six\nB. seven"
    assert (folder / "run" / "dropped.jsonl").read_text("utf-8") == ""


def hub_cache(folder: Path) -> None:
    """What a machine that was on line has of `org/charts`."""
    version = folder / "org___charts" / "small" / "0.0.0" / ("0" * 40)
    version.mkdir(parents=True)
    texts = {name: Value("string") for name in ("problem", "solution", "key")}
    rows = [
        {"problem": f"how tall is {i}?", "solution": str(i), "key": f"k{i}", "image": picture(i), "choices": ["1", "2"]}
        for i in range(5)
    ]
    dataset = Dataset.from_list(rows, features=Features({**texts, "image": Image(), "choices": List(Value("string"))}))
    dataset.save_to_disk(str(folder / "made"))
    os.rename(next((folder / "made").glob("*.arrow")), version / "charts-train.arrow")
    info = {
        "builder_name": "charts",
        "dataset_name": "charts",
        "config_name": "small",
        "version": "0.0.0",
        "features": dataset.features.to_dict(),
        "splits": {"train": {"name": "train", "num_bytes": 1, "num_examples": 5, "dataset_name": "charts"}},
    }
    (version / "dataset_info.json").write_text(json.dumps(info), "utf-8")


@pytest.mark.slow
def test_the_hub_example_trains(folder: Path, sighted_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub_cache(folder / "cache")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", folder / "cache")
    for module in ("datasets.config", "huggingface_hub.constants"):
        monkeypatch.setattr(f"{module}.HF_HUB_OFFLINE", True)
    run = train(folder / "hub.yaml", sighted_folder)
    assert [(q.id, q.answer, len(q.media)) for q in run.questions] == [(f"k{i}", str(i), 1) for i in range(5)]
    assert run.questions[0].words == "how tall is 0?\nA. 1\nB. 2"


@pytest.mark.slow
def test_the_trl_example_trains(folder: Path, sighted_folder: Path) -> None:
    code = (folder / "trl.py").read_text("utf-8")
    for given, small in (
        ("Qwen/Qwen3.5-0.8B", str(sighted_folder)),
        ("rollout_steps=100", "rollout_steps=1, sampling=SamplingConfig(max_tokens=4), use_cpu=True, report_to='none'"),
        ("from zppo import ", "from zppo import SamplingConfig, "),
    ):
        assert given in code
        code = code.replace(given, small)
    names: dict[str, Any] = {}
    exec(compile(code, "trl.py", "exec"), names)
    questions = names["trainer"].questions
    assert [(q.words, q.answer, q.fields["solution"]) for q in questions] == [
        ("How many squares are there?", "3", "3"),
        ("How many squares are there?", "4", "4"),
    ]
    assert len((folder / "runs" / "trl" / "metrics.jsonl").read_text("utf-8").splitlines()) == 1


def table(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    section = DOC.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([\w ]+)`", cell)


def test_the_table_of_options_is_complete_and_its_defaults_are_true() -> None:
    rows = {name: default for names, default, *_ in table("All options of `data`") for name in names_in(names)}
    assert rows.keys() == {f.name for f in fields(DataConfig)}
    for name in ("max_answer_chars", "min_image_side", "max_image_pixels", "check_media", "video_frames", "video_fps"):
        assert rows[name].strip("`") == str(getattr(DataConfig(), name))


def test_the_table_of_columns_is_that_of_the_reader() -> None:
    rows = {names_in(role)[0]: tuple(names_in(columns)) for role, columns, *_ in table("Columns")}
    assert rows == USUAL


def test_the_table_of_reasons_is_complete() -> None:
    rows = [names_in(row[0])[0] for row in table("What is dropped, and why")]
    assert rows == [*get_args(Kind), "unfit"]
