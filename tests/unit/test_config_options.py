"""What `--help` and the documentation say of options is what stands below their fields."""

from dataclasses import fields, is_dataclass
from pathlib import Path

from zppo.config import Recipe, TeacherConfig, ZoneConfig
from zppo.config.options import as_markdown, sections


def test_every_option_of_a_recipe_is_there_once_and_says_what_it_means() -> None:
    found = [option for section in sections() for option in section.options]
    names = [option.name for option in found]
    expected = set()
    for top in fields(Recipe):
        inner = top.default_factory
        is_section = isinstance(inner, type) and is_dataclass(inner)
        expected |= {f"{top.name}.{f.name}" for f in fields(inner)} if is_section else {top.name}
    assert len(names) == len(set(names)) and set(names) == expected
    assert [option.name for option in found if not option.text or not option.kind] == []
    assert [section.name for section in sections() if section.name and not section.text] == []


def test_an_option_has_its_default_as_yaml_its_type_and_its_first_sentence() -> None:
    found = {option.name: option for section in sections() for option in section.options}
    assert found["zone.tau"].default == str(ZoneConfig.tau) and found["zone.tau"].kind == "number"
    assert found["zone.dynamic_sampling"].default == "false"
    assert (found["teacher.fallbacks"].kind, found["teacher.fallbacks"].default) == ("list", "[]")
    thinking = found["teacher.thinking"]
    assert (thinking.kind, thinking.default) == ("on | off | template | null", "null")
    assert found["teacher.tries"].default == str(TeacherConfig.tries), "an option of a class that is extended"
    assert found["student.dtype"].meaning == "Of the weights that are trained."
    assert found["student.dtype"].text.endswith("compute in bfloat16 with `training.bf16: true`.")


def test_the_page_of_options_is_the_one_that_is_made_of_them() -> None:
    page = (Path(__file__).parents[2] / "docs" / "options.md").read_text("utf-8")
    assert page == as_markdown(), "write it again: python -m zppo.config.options > docs/options.md"
