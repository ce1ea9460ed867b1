"""`zppo data`: what is read, before anything is trained."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from zppo.cli.main import main

SYSTEM = {"role": "system", "content": "Be brief."}
VERL = [
    {
        "prompt": [SYSTEM, {"role": "user", "content": f"{i}+1?"}],
        "reward_model": {"ground_truth": str(i + 1)},
        "ability": "sums",
    }
    for i in range(5)
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [*VERL, {"prompt": "?"}, {"prompt": "long " * 500, "answer": "1"}]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def shown(capsys: pytest.CaptureFixture[str], *arguments: Any) -> str:
    assert main(["data", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_layout_columns_drops_and_three_prompts_are_shown(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, file)
    assert out.startswith(
        f"data.train is {file}: 7 rows, 6 questions\n"
        "layout: verl (question: prompt, answer: reward_model.ground_truth)\n"
        "other columns: reward_model, ability\n"
        "dropped: 1 no answer\n"
        f"  {file}, row 6: there is no answer"
    )
    assert out.count("--- question") == 3
    assert "--- question '2', answer '2'\n[system] Be brief.\n1+1?\n" in out and "\\boxed" in out


def test_with_a_student_prompts_are_in_its_chat_template_and_counted(
    file: Path, student_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = shown(capsys, file, "--student", student_folder, "--prompts.max_tokens", 300)
    assert "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n0+1?" in out
    assert "dropped: 1 no answer, 1 long prompt" in out
    assert "prompt tokens: min " in out and "(prompts.max_tokens is 300)" in out


def test_options_of_a_recipe_are_taken(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, file, "--data.columns", "{answer: ability}")
    assert "layout: verl (question: prompt, answer: ability)" in out and "answer 'sums'" in out


def test_a_recipe_shows_both_of_its_sources(
    file: Path, student_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held_out = file.parent / "test.json"
    held_out.write_text(json.dumps([{"question": "Clips?", "answer": "24+48\n#### 72"}] * 2, indent=1), "utf-8")
    recipe = {
        "student": {"model": str(student_folder)},
        "data": {"train": "train.jsonl", "eval": "test.json"},
        "seed": 3,
    }
    (file.parent / "recipe.yaml").write_text(yaml.safe_dump(recipe), "utf-8")
    out = shown(capsys, file.parent / "recipe.yaml")
    assert f"data.train is {file}: 7 rows" in out and f"data.eval is {held_out}: 2 rows, 2 questions" in out
    assert "layout: GSM8K (question: question, answer: answer)" in out and "<|im_start|>user\nClips?" in out


def test_nothing_in_the_data_commands_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"prompt": "a\x1b[2Jb\nc", "answer": "\x1b]0;x\x07"}), "utf-8")
    out = shown(capsys, tmp_path / "a.jsonl")
    assert "\x1b" not in out and "\x07" not in out and "a?[2Jb\nc" in out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl: there is no such data file"),
        (["nowhere.yaml"], "nowhere.yaml: there is no such recipe"),
        (["a.jsonl", "--data.colums", "{}"], "unknown option data.colums; did you mean 'columns'?"),
        (["a.jsonl", "--zone.tau", "high"], "zone.tau is 'high'"),
    ],
)
def test_what_is_wrong_is_one_line(arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", *arguments]) == 2
    message = capsys.readouterr().err
    assert problem in message and message.count("\n") == 1


def test_two_layouts_in_one_file_are_one_line_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"prompt": "1+1?", "answer": "2", "messages": [{"role": "user", "content": "2+2?"}]}
    (tmp_path / "a.jsonl").write_text(json.dumps(row), "utf-8")
    assert main(["data", str(tmp_path / "a.jsonl")]) == 2
    assert "its columns prompt, answer, messages can be read as" in capsys.readouterr().err
