"""The shipped recipe says what the paper says; a recipe with a mistake names it."""

from pathlib import Path

import pytest
import yaml
from sourceworld import CONFIGS, VALUES

from zppo.data.corpus.recipe import MMFINEREASON, VERO, load_recipe
from zppo.errors import ConfigError

SHIPPED = Path(load_recipe.__code__.co_filename).with_name("recipe.yaml")


def test_the_caps_and_limits_are_the_papers() -> None:
    recipe, _ = load_recipe()
    assert recipe.caps == {1: 2800, 2: 1400}
    limits = recipe.limits
    assert (limits.answer_chars, limits.image_side, limits.prompt_tokens, limits.pass_rate) == (512, 100, 4096, 0.5)


def test_the_paper_names_29_sub_datasets_of_vero_and_17_of_mmfinereason() -> None:
    recipe, _ = load_recipe()
    tiers = {s: [recipe.sub_datasets[n].tier for n in recipe.expected(s)] for s in (VERO, MMFINEREASON)}
    assert {source: (each.count(1), each.count(2)) for source, each in tiers.items()} == {
        "vero": (14, 15),
        "mmfinereason": (12, 5),
    }
    assert sum(len(each.vero) for each in recipe.sub_datasets.values()) == 30
    assert "34" in recipe.sources[VERO].note


@pytest.mark.parametrize(("config", "name"), CONFIGS.items())
def test_a_config_of_vero_has_its_sub_dataset(config: str, name: str) -> None:
    assert load_recipe()[0].match(VERO, config).name == name


@pytest.mark.parametrize(("value", "name"), [*VALUES.items(), ("mm-openr1", "mm_openr1"), ("we_math 2", "wemath")])
def test_a_source_value_has_its_sub_dataset_however_it_is_spelt(value: str, name: str) -> None:
    recipe, _ = load_recipe()
    assert recipe.match(MMFINEREASON, value).name == name
    assert recipe.match(MMFINEREASON, value.upper()).name == name


@pytest.mark.parametrize("value", ["GameQA-140K", "MMK12", "WaltonColdStart"])
def test_source_values_that_the_paper_does_not_name_are_known_and_unused(value: str) -> None:
    match = load_recipe()[0].match(MMFINEREASON, value)
    assert (match.names, match.unused) == ((), True)


@pytest.mark.parametrize("value", ["ChartQA", "ai2d-and-geo170k", "PlotQA"])
def test_a_source_value_that_can_be_read_in_two_ways_has_no_sub_dataset(value: str) -> None:
    match = load_recipe()[0].match(MMFINEREASON, value)
    assert match.names and match.name is None


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("caps", 1), 0, "caps.1"),
        (("caps",), {1: 10}, "tier 2 has no cap"),
        (("limits", "answer_chars"), "many", "limits.answer_chars"),
        (("limits", "extra"), 1, "limits.extra"),
        (("sub_datasets", "ai2d"), {"tier": 1}, "sub_datasets.ai2d"),
        (("sub_datasets", "ai2d", "mmfinereason"), ["-"], "sub_datasets.ai2d: an empty piece"),
        (("sources", "vero", "columns", "image"), "picture", "sources.vero.image"),
        (("sources", "third"), {"hub": "a/b", "note": "", "files": "x", "splits": {}, "columns": {}}, "sources are"),
    ],
)
def test_a_mistake_in_a_recipe_is_named(tmp_path: Path, path: tuple[str, ...], value: object, named: str) -> None:
    recipe = yaml.safe_load(SHIPPED.read_text("utf-8"))
    inner = recipe
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(recipe), "utf-8")
    with pytest.raises(ConfigError, match=named) as error:
        load_recipe(file)
    assert str(file) in str(error.value)


def test_a_recipe_that_is_not_there_or_no_yaml_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("a: [", "utf-8")
    for name in ("none.yaml", "bad.yaml"):
        with pytest.raises(ConfigError, match="not a readable YAML file"):
            load_recipe(tmp_path / name)


def test_the_digest_tells_recipes_apart(tmp_path: Path) -> None:
    other = tmp_path / "recipe.yaml"
    other.write_text(SHIPPED.read_text("utf-8").replace("1: 2800", "1: 280"), "utf-8")
    assert load_recipe(other)[1] != load_recipe()[1]
    assert load_recipe(other)[0].cap("ai2d") == 280
