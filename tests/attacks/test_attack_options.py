"""Options that cannot work: each is refused in one line before anything is read."""

from pathlib import Path

import pytest

from zppo.cli.recipe import load_recipe, parse_overrides
from zppo.errors import ConfigError

NUMBERS = ("nan", ".nan", ".inf", "-.inf", "-1", "many", "[1]", "{a: 1}", "null", "2026-01-01")
NUMERIC = (
    *("zone.tau", "zone.group_size", "zone.new_questions", "zone.updates", "sampling.temperature", "sampling.top_p"),
    *("sampling.max_tokens", "rollout_steps", "update.microbatch_tokens", "eval.samples"),
)
BROKEN = {
    "brackets": ["--seed", "[" * 5000],
    "python object": ["--student.model", "!!python/object/apply:os.system ['true']"],
    "impossible date": ["--seed", "2026-99-99"],
    "long number": ["--seed", "9" * 5000],
    "null byte": ["--student.model", "a\0b"],
    "alias of nothing": ["--student.model", "*nobody"],
    "anchor of itself": ["--zone", "&a [*a]"],
    "control character": ["--student.model", "\x07"],
    "empty name": ["--", "1"],
    "no name": ["--=1"],
    "name of dots": ["--...", "1"],
    "attribute": ["--zone.__class__", "1"],
    "section as value": ["--zone", "[]"],
    "below a value": ["--seed.a.b", "1"],
    "URL as model": ["--student.model", "''"],
    "key as variable": ["--teacher.endpoint", "http://h/v1", "--teacher.api_key_env", "sk-12/34"],
    "password in URL": ["--teacher.endpoint", "http://me:secret@h/v1"],
    "query in URL": ["--teacher.endpoint", "http://h/v1?key=secret"],
    "file as endpoint": ["--teacher.endpoint", "file:///etc/passwd"],
    "unknown in column": ["--data.columns", "{secret: a}"],
    "weights nan": ["--rewards.functions", "[a.py:f]", "--rewards.weights", "[.nan]"],
    "weights inf": ["--rewards.functions", "[a.py:f]", "--rewards.weights", "[.inf]"],
    "weights count": ["--rewards.functions", "[a.py:f]", "--rewards.weights", "[1, 2]"],
    "function without name": ["--rewards.functions", "a.py"],
    "extractor": ["--rewards.extract", "nonsense"],
    "regex": ["--rewards.extract", "'regex:('"],
    "method": ["--method", "zppo; rm -rf"],
    "method of none": ["--method", "''"],
    "pixels": ["--data.max_image_pixels", "1000000000000"],
    "timeout": ["--teacher.endpoint", "http://h/v1", "--teacher.timeout", ".inf"],
    "our field": ["--teacher.endpoint", "http://h/v1", "--teacher.extra_body", "{n: 9}"],
}
TRAINING = {
    "rate nan": ["--training.learning_rate", ".nan"],
    "rate inf": ["--training.learning_rate", ".inf"],
    "rate words": ["--training.learning_rate", "fast"],
    "rate beyond floats": ["--training.learning_rate", "1e999"],
    "norm nan": ["--training.max_grad_norm", "nan"],
    "decay inf": ["--training.weight_decay", "-.inf"],
    "owned": ["--training.max_steps", "5"],
    "unknown": ["--training.learning_rte", "1e-6"],
    "output": ["--training.output_dir", "/"],
    "seed": ["--training.seed", "1"],
    "loader": ["--training.dataloader_num_workers", "4"],
}
FILES = {
    "empty": b"",
    "list": b"- a\n",
    "text": b"just words",
    "latin-1": "method: zppo # \u00e9".encode("latin-1"),
    "utf-16": "method: zppo".encode("utf-16"),
    "tab": b"zone:\n\ttau: 1\n",
    "deep": b"a: " + b"[" * 5000,
    "python object": b"seed: !!python/object/apply:os.system ['true']\n",
    "unknown": b"metod: zppo\n",
    "number as name": b"1: 2\n",
    "list as name": b"? [a]\n: 1\n",
    "binary": bytes(range(256)),
}


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    file = tmp_path / "recipe.yaml"
    file.write_text("method: grpo\nstudent: {model: s}\ndata: {train: t.jsonl, eval: t.jsonl}\n", "utf-8")
    return file


def refused(recipe: Path, arguments: list[str]) -> str:
    with pytest.raises(ConfigError) as error:
        load_recipe(recipe, parse_overrides(arguments))
    assert str(error.value).strip()
    return str(error.value)


def test_the_recipe_that_is_attacked_is_sound(recipe: Path) -> None:
    assert load_recipe(recipe, {}).method == "grpo"


@pytest.mark.parametrize("value", NUMBERS)
@pytest.mark.parametrize("option", NUMERIC)
def test_no_number(option: str, value: str, recipe: Path) -> None:
    assert option.rpartition(".")[2] in refused(recipe, [f"--{option}", value])


@pytest.mark.parametrize("case", BROKEN)
def test_broken_option(case: str, recipe: Path) -> None:
    assert "secret" not in refused(recipe, BROKEN[case]) or case == "unknown in column"


@pytest.mark.parametrize("case", TRAINING)
def test_training_option(case: str, recipe: Path, tmp_path: Path) -> None:
    from zppo.training.arguments import ZPPOConfig

    with pytest.raises(ConfigError, match="training"):
        ZPPOConfig.from_recipe(load_recipe(recipe, parse_overrides(TRAINING[case])), str(tmp_path / "run"))


@pytest.mark.parametrize("case", FILES)
def test_recipe_file(case: str, recipe: Path) -> None:
    recipe.write_bytes(FILES[case])
    assert "recipe.yaml" in refused(recipe, []) or case in ("unknown", "number as name")
