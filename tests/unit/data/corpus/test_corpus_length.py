"""How many tokens a question with an image takes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zppo.data.corpus.length import ImageRule, load_length
from zppo.data.corpus.reasons import Excluded
from zppo.errors import ConfigError
from zppo.types import Question
from zppo.zone.prompts import Templates

PLAIN = Templates.load().plain
PROCESSOR = {"patch_size": 16, "merge_size": 2, "size": {"shortest_edge": 65536, "longest_edge": 16777216}}


@pytest.fixture
def folder(tmp_path: Path, tokenizer: Any) -> Path:
    tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [
        (512, 512, 256),  # the least, as it is
        (100, 100, 256),  # scaled up
        (640, 480, 300),  # within the bounds
        (650, 470, 300),  # rounded to multiples of 32: 640 x 480
        (4000, 3000, 1230),  # scaled down: 41 x 30
        (100, 10_000, 936),  # rounded to 96 x 9984
        (1, 1, 256),
    ],
)
def test_image_tokens_follow_qwens_rule(width: int, height: int, tokens: int) -> None:
    assert ImageRule().tokens(width, height) == tokens


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_image_tokens_stay_within_the_bounds(width: int, height: int) -> None:
    if max(width, height) / min(width, height) < 100:
        assert 256 <= ImageRule().tokens(width, height) <= 1280


def test_an_image_that_the_processor_refuses_as_too_thin_is_excluded() -> None:
    assert ImageRule().tokens(100, 20_000)
    with pytest.raises(Excluded) as error:
        ImageRule().tokens(100, 20_001)
    assert (error.value.reason, error.value.detail) == ("image_thin", "100 x 20001")


def test_a_model_without_an_image_processor_is_counted_with_the_papers_bounds(folder: Path) -> None:
    assert load_length(str(folder), PLAIN).rule == ImageRule(32, 256 * 1024, 1280 * 1024)


@pytest.mark.parametrize("nested", [True, False])
def test_an_image_processor_says_patches_and_bounds(folder: Path, nested: bool) -> None:
    name = "processor_config.json" if nested else "preprocessor_config.json"
    (folder / name).write_text(json.dumps({"image_processor": PROCESSOR} if nested else PROCESSOR))
    assert load_length(str(folder), PLAIN).rule == ImageRule(32, 65536, 16777216)


def test_bounds_that_are_given_win_over_the_image_processor(folder: Path) -> None:
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    assert load_length(str(folder), PLAIN, max_pixels=1_000_000).rule == ImageRule(32, 65536, 1_000_000)
    with pytest.raises(ConfigError, match="cannot have from"):
        load_length(str(folder), PLAIN, min_pixels=10, max_pixels=5)


def test_the_length_is_that_of_the_plain_prompt_and_the_image(folder: Path, tokenizer: Any) -> None:
    length = load_length(str(folder), PLAIN)
    message = [{"role": "user", "content": PLAIN(Question("q", "How many?", ""))}]
    text = len(tokenizer.apply_chat_template(message, add_generation_prompt=True)["input_ids"])
    assert length("<image>How many?", 640, 480) == text + 300 + 2


def test_a_model_that_is_not_there_or_has_no_chat_template_is_a_clear_error(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--tokenizer .*no tokenizer can be loaded"):
        load_length(str(tmp_path / "none"), PLAIN)
    for path in folder.glob("*.jinja"):
        path.unlink()
    with pytest.raises(ConfigError, match="no chat template"):
        load_length(str(folder), PLAIN)


def test_an_image_processor_of_another_kind_is_refused(folder: Path) -> None:
    (folder / "preprocessor_config.json").write_text(json.dumps({"crop_size": 224}))
    with pytest.raises(ConfigError, match="patch_size"):
        load_length(str(folder), PLAIN)
    shutil.copy(folder / "chat_template.jinja", folder / "preprocessor_config.json")
    with pytest.raises(ConfigError, match="not a JSON file"):
        load_length(str(folder), PLAIN)
