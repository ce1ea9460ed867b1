"""README is one screen and true; the pages behind it are short of line and lead somewhere."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from zppo.pocket import ASSETS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))

EXAMPLE = "".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL))
INSTEAD = {
    '"Qwen/Qwen3.5-0.8B"': repr(str(ASSETS / "student")),
    '"Qwen/Qwen3.5-9B"': repr(str(ASSETS / "teacher")),
    "rollout_steps=200": "rollout_steps=1, use_cpu=True, sampling=SamplingConfig(max_tokens=24), "
    "zone=ZoneConfig(new_questions=4, group_size=2, updates=2, teacher_samples=1)",
}
"""The demo's models and tiny settings, in the place of what the example has."""


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_readme_is_one_screen() -> None:
    assert len(README.splitlines()) <= 120
    assert max(map(len, README.splitlines())) <= 120


def test_the_example_of_the_readme_has_ten_lines() -> None:
    assert 0 < len([line for line in EXAMPLE.splitlines() if line.strip()]) <= 10


@by_name
def test_lines_of_a_page_are_at_most_120_columns_but_for_rows_of_tables_and_data(page: Path) -> None:
    lines = page.read_text("utf-8").splitlines()
    assert [line for line in lines if len(line) > 120 and not line.startswith(("|", "{"))] == []


@by_name
def test_links_of_a_page_lead_to_files_and_headings_that_exist(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL))
    for link in links:
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in headings(target), link


@pytest.mark.slow
def test_the_example_of_the_readme_trains_the_models_of_the_demo(tmp_path: Path) -> None:
    code = f"from zppo import SamplingConfig, ZoneConfig\n{EXAMPLE}"
    for written, used in INSTEAD.items():
        assert code.count(written) == 1
        code = code.replace(written, used)
    rows = [json.loads(line) for line in (ASSETS / "test.jsonl").read_text("utf-8").splitlines()]
    rows = [{"prompt": r["prompt"], "answer": r["answer"]} for r in rows if r["modality"] == "words"][:4]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    (row,) = (tmp_path / "runs/first/metrics.jsonl").read_text("utf-8").splitlines()
    assert "loss/policy" in json.loads(row)
