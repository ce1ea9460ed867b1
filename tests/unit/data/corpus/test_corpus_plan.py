"""What a plan says of complete sources, and how it names whatever was not expected."""

import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from sourceworld import CONFIGS, Fine, Vero, plain_world, write_fine, write_vero

from zppo.data.corpus.build import look
from zppo.data.corpus.outline import Plan
from zppo.data.corpus.recipe import SOURCES, load_recipe
from zppo.data.corpus.sources import open_repository
from zppo.errors import DataError

ROWS = [Vero("What is 1 + 1?", "2", id="1")]


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain_world().write(tmp_path_factory.mktemp("complete"))


@pytest.fixture
def world(complete: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    shutil.copytree(complete, tmp_path / "world")
    return tmp_path / "world"


def plan(folder: Path) -> Plan:
    return look(load_recipe()[0], {source: open_repository(str(folder / source)) for source in SOURCES})


def test_a_complete_world_holds_nothing_unexpected(complete: Path) -> None:
    found = plan(complete)
    assert found.unexpected == []
    assert found.available("wemath", "vero") == {"stem-wemath20_pro": 3, "stem-wemath20_standard": 3}
    assert found.available("wemath", "mmfinereason") == {"WeMath2-Pro": 3, "WeMath2-Standard": 3}
    assert found.bound("wemath") == 12
    assert found.as_dict()["at_most"] == 3 * (30 + 18)


def test_the_bound_of_a_sub_dataset_is_its_cap(world: Path) -> None:
    rows = [*plain_world().fine, *(Fine("Raven", f"{i}?") for i in range(1500))]
    write_fine(world / "mmfinereason", rows, shards=3)
    found = plan(world)
    assert (found.bound("raven"), found.available("raven", "mmfinereason")) == (
        1400,
        {"FineVision-raven": 3, "Raven": 1500},
    )


def test_the_text_names_sub_datasets_rows_and_what_is_left_out(world: Path) -> None:
    write_vero(world / "vero", "spatial_action-game_QA", ROWS)
    text = plan(world).as_text()
    assert "ai2d                  1  2,800     3             3        6" in text
    assert "left out of vero: spatial_action-game_QA" in text
    assert text.endswith("unexpected: nothing")


def test_validation_files_and_other_files_are_no_part_of_the_corpus(world: Path) -> None:
    write_vero(world / "vero", "stem-tqa", ROWS, split="val")
    (world / "vero/README.md").write_text("A card.")
    found = plan(world)
    assert (found.unexpected, found.available("tqa", "vero")) == ([], {"stem-tqa": 3})


def test_known_configs_and_source_values_outside_the_corpus_are_expected(world: Path) -> None:
    write_vero(world / "vero", "captioning_IF-PixMo-Cap", ROWS)
    write_fine(world / "mmfinereason", [*plain_world().fine, Fine("GameQA-140K", "?")], shards=3)
    found = plan(world)
    assert found.unexpected == []
    assert found.left_out() == {"vero": {"captioning_IF-PixMo-Cap": None}, "mmfinereason": {"GameQA-140K": 1}}


def test_an_expected_config_that_is_missing_is_named_with_the_nearest(world: Path) -> None:
    (world / "vero/stem-tqa").rename(world / "vero/stem-tqa_v2")
    assert plan(world).unexpected == [
        "vero: the config stem-tqa_v2 is not in the recipe",
        "vero: tqa has no config stem-tqa; did you mean 'stem-tqa_v2'?",
    ]


def test_two_configs_for_one_name_are_unexpected(world: Path) -> None:
    write_vero(world / "vero", "chart_ocr-chartqa", ROWS)
    assert plan(world).unexpected == [
        "vero: chartqa has several configs chart_ocr-chartqa*: chart_ocr-chartqa, chart_ocr-chartqa_difficulty"
    ]


def test_source_values_of_no_name_or_of_two_are_unexpected(world: Path) -> None:
    rows = [*plain_world().fine, Fine("NewSet", "?"), Fine("NewSet", "!"), Fine("tqa-ai2d", "?"), Fine("ChartQA", "?")]
    write_fine(world / "mmfinereason", rows, shards=3)
    assert plan(world).unexpected == [
        "mmfinereason: the source 'ChartQA' (1 rows) belongs to tqa and the unused ones",
        "mmfinereason: the source 'NewSet' (2 rows) is not in the recipe",
        "mmfinereason: the source 'tqa-ai2d' (1 rows) belongs to ai2d and tqa",
    ]


def test_a_name_without_a_source_value_is_unexpected(world: Path) -> None:
    write_fine(world / "mmfinereason", [row for row in plain_world().fine if row.source != "BMMR"], shards=3)
    assert plan(world).unexpected == ["mmfinereason: no source value belongs to bmmr"]


def test_missing_shards_are_unexpected(world: Path) -> None:
    (world / "mmfinereason/data/train-00001-of-00003.parquet").unlink()
    write_vero(world / "vero", "stem-tqa", ROWS * 4, shards=4)
    (world / "vero/stem-tqa/train-00000-of-00001.parquet").unlink()
    (world / "vero/stem-tqa/train-00002-of-00004.parquet").unlink()
    assert set(plan(world).unexpected) == {
        "vero: 1 of 4 shards of stem-tqa are missing",
        "mmfinereason: 1 of 3 shards are missing",
    }


def test_files_outside_the_layout_are_unexpected(world: Path) -> None:
    shutil.copytree(world / "vero/stem-tqa", world / "vero/more/stem-tqa")
    shutil.copy(world / "mmfinereason/data/train-00000-of-00003.parquet", world / "mmfinereason/test-0.parquet")
    assert set(plan(world).unexpected) == {
        "vero: the file more/stem-tqa/train-00000-of-00001.parquet is not one of the layout",
        "mmfinereason: the file test-0.parquet is not one of the layout",
    }


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"image": None}, "there is no column `image` (image); columns: id, data_source, prompt, ability"),
        ({"image": pa.null()}, "column `image` is null, not a struct with the image's bytes"),
        ({"prompt": pa.string()}, "column `prompt` is string, not a list of messages"),
        (
            {"reward_model": pa.struct([("style", pa.string())])},
            "there is no column `reward_model.ground_truth` (text)",
        ),
        ({"extra_info": pa.string()}, "there is no column `extra_info.reward_type` (text)"),
    ],
)
def test_a_column_of_vero_that_is_missing_or_of_another_type_is_unexpected(
    world: Path, changed: dict[str, pa.DataType | None], problem: str
) -> None:
    empty: list[Vero] = []
    write_vero(world / "vero", "stem-tqa", empty, **changed)
    [found] = plan(world).unexpected
    assert found.startswith(f"vero: {problem}")
    assert found.endswith("(in stem-tqa/train-00000-of-00001.parquet)")


def test_the_same_difference_in_many_files_is_said_once(world: Path) -> None:
    write_fine(world / "mmfinereason", plain_world().fine, shards=3, pass_rate=None)
    [found] = plan(world).unexpected
    assert found.startswith("mmfinereason: there is no column `pass_rate` (number); columns: ")
    assert found.endswith("(in data/train-00000-of-00003.parquet and 2 more files)")


def test_the_other_name_of_the_pass_rate_is_accepted(world: Path) -> None:
    for path in (world / "mmfinereason/data").iterdir():
        table = pa.parquet.read_table(path)
        names = ["qwen3vl_4b_pass_rate" if name == "pass_rate" else name for name in table.column_names]
        pa.parquet.write_table(table.rename_columns(names), path)
    assert plan(world).unexpected == []


def test_both_names_of_the_pass_rate_at_once_are_unexpected(world: Path) -> None:
    for path in (world / "mmfinereason/data").iterdir():
        table = pa.parquet.read_table(path)
        pa.parquet.write_table(table.append_column("qwen3vl_4b_pass_rate", table["pass_rate"]), path)
    [found] = plan(world).unexpected
    assert "`pass_rate` is there twice: pass_rate, qwen3vl_4b_pass_rate" in found


def test_an_unknown_reward_type_is_unexpected(world: Path) -> None:
    write_vero(world / "vero", "stem-tqa", [*ROWS, Vero("?", reward_type="vibes"), Vero("!", reward_type=None)])
    assert plan(world).unexpected == [
        "vero: the reward type 'None' is not known (1 rows)",
        "vero: the reward type 'vibes' is not known (1 rows)",
    ]


def test_a_file_that_is_no_parquet_is_a_clear_error(world: Path) -> None:
    path = world / "vero/stem-tqa/train-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"stem-tqa/train-00000-of-00001.parquet: not a readable Parquet file"):
        plan(world)


def test_a_folder_of_something_else_is_a_clear_error(world: Path) -> None:
    (world / "vero").rename(world / "old")
    (world / "vero").mkdir()
    with pytest.raises(DataError, match=r"no file of the corpus; the layout is \{config\}/\{split\}-\*.parquet"):
        plan(world)


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "vero", "a/b/c"])
def test_a_name_that_is_neither_folder_nor_hub_name_is_a_clear_error(name: str) -> None:
    with pytest.raises(DataError, match="neither a folder nor a dataset of the Hub"):
        open_repository(name)


def test_every_config_of_the_world_is_one_of_the_recipe() -> None:
    recipe, _ = load_recipe()
    assert all(recipe.match("vero", config).name == name for config, name in CONFIGS.items())
