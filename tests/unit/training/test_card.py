"""The model card says what a checkpoint is made of, and nothing of the machine it was made on."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from zppo.config import DataConfig, StudentConfig, TeacherConfig
from zppo.training.arguments import ZPPOConfig
from zppo.training.card import model_card
from zppo.training.state import RunState

EVALUATIONS = [
    {"step": 0, "overall": 0.25, "easy": 0.5, "hard": 0.0},
    {"step": 20, "overall": 0.625, "easy": None, "hard": 0.75},
]


def card(folder: Path, evaluations: Any = EVALUATIONS, **options: Any) -> tuple[dict[str, Any], str]:
    """The front matter and the text."""
    given: dict[str, Any] = {
        "student": StudentConfig("Qwen/Qwen3.5-0.8B"),
        "data": DataConfig("org/data", "test.jsonl"),
    }
    args = ZPPOConfig(output_dir=str(folder), use_cpu=True, rollout_steps=40, seed=3, **given | options)
    state = RunState(step=20, student_tokens=12345, evaluations=list(evaluations))
    empty, front, text = model_card(args.effective(), state, folder).split("---\n", 2)
    assert empty == ""
    return yaml.safe_load(front), text


def test_a_card_names_method_parent_data_steps_metrics_and_versions(tmp_path: Path) -> None:
    front, text = card(tmp_path, teacher=TeacherConfig("Qwen/Qwen3.5-9B"), learning_rate=3e-6)
    assert front == {
        "base_model": "Qwen/Qwen3.5-0.8B",
        "datasets": ["org/data"],
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["zppo", "reinforcement-learning", "method:zppo"],
    }
    assert "# Qwen/Qwen3.5-0.8B, zppo, step 20" in text and "arXiv:2606.18216" in text
    assert "| parent model | Qwen/Qwen3.5-0.8B |\n| teacher | Qwen/Qwen3.5-9B |" in text
    assert "| training data | org/data |\n| held-out data | test.jsonl |\n| rollout steps | 20 of 40 |" in text
    assert "| student tokens sampled | 12,345 |" in text and "| learning rate | 3e-06 |" in text
    assert f"zppo {version('zppo')}, transformers {version('transformers')}, torch {version('torch')}" in text
    assert "| 0 | 25.0 % | 50.0 % | 0.0 % |\n| 20 | 62.5 % | - | 75.0 % |" in text


def test_folders_and_secrets_of_the_machine_stay_there(tmp_path: Path) -> None:
    (tmp_path / "home" / "student").mkdir(parents=True)
    student, data = str(tmp_path / "home" / "student"), str(tmp_path / "home" / "train.jsonl")
    front, text = card(
        tmp_path, student=StudentConfig(student), data=DataConfig(data, ""), method="grpo", hub_token="hf_secret"
    )
    assert "base_model" not in front and "datasets" not in front
    assert "home" not in text and "hf_secret" not in text
    assert "| parent model | student |" in text and "| training data | train.jsonl |" in text
    assert "| teacher | none |" in text and "arXiv" not in text


@pytest.mark.parametrize("name", ["processor_config.json", "preprocessor_config.json"])
def test_an_image_text_model_is_one_on_its_card(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("{}")
    front, text = card(tmp_path, evaluations=[])
    assert front["pipeline_tag"] == "image-text-to-text" and 'pipeline("image-text-to-text"' in text
    assert "No held-out questions were asked." in text
