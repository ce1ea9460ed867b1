"""docs/add-a-method.md is true: its example is a method, in under 30 lines."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import Setting, play

from zppo.config import RunOptions, ZoneConfig
from zppo.methods import METHODS, parse_method

DOC = (Path(__file__).parents[3] / "docs" / "add-a-method.md").read_text("utf-8")
(EXAMPLE,) = re.findall(r"```python\n(.*?)```", DOC, re.DOTALL)
ZONE = ZoneConfig(new_questions=16, group_size=4, teacher_samples=2, updates=1, augment_fraction=2.0)


@pytest.fixture(autouse=True)
def added() -> Iterator[None]:
    exec(EXAMPLE, {"__name__": "example"})
    yield
    del METHODS["bcq_else_ncq"]


def test_the_example_is_short() -> None:
    assert len(EXAMPLE.splitlines()) < 30


def test_the_example_gives_a_question_one_aided_prompt_where_zppo_gives_it_two() -> None:
    def aided(name: str) -> list[tuple[str, str]]:
        (batch,) = play(Setting(parse_method(name), ZONE, 1, 3, False)).batches
        return [(g.question.id, g.prompt.kind) for g in batch.of_kind("bcq", "ncq")]

    both, one = aided("zppo"), aided("bcq_else_ncq")
    helped = {question for question, kind in both if kind == "bcq"}
    assert helped and helped != {question for question, _ in both}
    assert one == [(question, kind) for question, kind in both if kind == "bcq" or question not in helped]


def test_the_example_is_a_method_of_a_run_and_not_zppo_under_another_name() -> None:
    assert RunOptions(method="bcq_else_ncq").updates_per_step == 4
    assert not parse_method("bcq_else_ncq").is_equivalent_to(parse_method("zppo"))


def test_every_hook_of_the_page_exists() -> None:
    hooks = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]*) \|", DOC, re.MULTILINE)))
    assert hooks and all(hasattr(parse_method("grpo"), hook) for hook in hooks)
