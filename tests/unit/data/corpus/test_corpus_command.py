"""`zppo corpus` on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from builds import digests, rows_of
from sourceworld import CONFIGS, VALUES, Fine, plain_world

from zppo.cli.main import main

ROWS = len(CONFIGS) + len(VALUES)


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> str:
    folder = tmp_path_factory.mktemp("student")
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture
def sources(tmp_path: Path) -> list[str]:
    world = plain_world(1, 1).write(tmp_path / "world")
    return ["--vero", str(world / "vero"), "--mmfinereason", str(world / "mmfinereason")]


def test_a_dry_run_prints_the_plan_and_writes_nothing(
    sources: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = digests(tmp_path)
    assert main(["corpus", *sources, "--out", str(tmp_path / "out"), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert shown.split()[:6] == ["sub-dataset", "tier", "cap", "vero", "mmfinereason", "at"]
    assert f"{ROWS}\n" in shown and "unexpected: nothing" in shown
    assert digests(tmp_path) == before and not (tmp_path / "out").exists()


def test_a_dry_run_needs_neither_folder_nor_tokenizer_and_can_speak_json(
    sources: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["corpus", *sources, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["at_most"] == ROWS


def test_a_build_says_what_it_kept_and_where_the_manifest_is(
    sources: list[str], student: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["corpus", *sources, "--out", str(out), "--tokenizer", student, "--workers", "1", "--seed", "3"]
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert f"{ROWS} rows of 40 sub-datasets in 1 files" in shown and f"manifest: {out / 'manifest.json'}" in shown
    assert rows_of(out).num_rows == ROWS

    assert main([*command, "--json"]) == 0
    shown, said = capsys.readouterr()
    assert f"{out} is complete" in said
    settings = json.loads(shown)["settings"]
    assert settings["seed"] == 3 and settings["lengths"]["tokenizer"] == student
    assert settings["sources"]["vero"] == {"name": sources[1], "revision": None}


def test_pixel_bounds_go_into_the_count_of_tokens(
    sources: list[str], student: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bounds = ["--min-pixels", str(4097 * 32 * 32), "--max-pixels", str(5000 * 32 * 32)]
    assert main(["corpus", *sources, "--out", str(tmp_path / "out"), "--tokenizer", student, *bounds]) == 2
    assert "no row of the sources passes the checks" in capsys.readouterr().err


def test_unexpected_sources_need_a_word(student: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = plain_world(1, 1)
    world.fine.append(Fine("New", "?"))
    folder = world.write(tmp_path / "world")
    command = ["corpus", "--vero", str(folder / "vero"), "--mmfinereason", str(folder / "mmfinereason")]
    command += ["--out", str(tmp_path / "out"), "--tokenizer", student]
    assert main(command) == 2
    assert "the source 'New' (1 rows) is not in the recipe" in capsys.readouterr().err
    assert main([*command, "--accept-unexpected"]) == 0
    assert "accepted although unexpected: 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--tokenizer", "x"], "zppo corpus needs --out, the folder to build in (or --dry-run"),
        (["--out", "x"], "zppo corpus needs --tokenizer, to count the tokens of prompts (or --dry-run"),
        (["--dry-run", "--workers", "0"], "--workers is 0; at least one thread must work"),
        (["--dry-run", "--vero", "/nowhere"], "/nowhere: neither a folder nor a dataset of the Hub"),
        (["--dry-run", "--recipe", "/nowhere.yaml"], "/nowhere.yaml: not a readable YAML file"),
    ],
)
def test_a_command_that_cannot_work_says_why(
    options: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["corpus", *options]) == 2
    assert problem in capsys.readouterr().err
