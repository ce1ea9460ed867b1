"""Whole builds: what a corpus holds, what its manifest says, and that it is the same however it came about."""

import io
import json
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
from builds import built, digests, local, new_build, rows_of
from PIL import Image
from sourceworld import Fine, Vero, World, full_world, picture, plain_world, write_vero

from zppo.data.corpus.build import run
from zppo.data.corpus.sources import LocalFolder, SourceFile
from zppo.data.filters import media_readable
from zppo.data.reader import read_questions
from zppo.errors import ConfigError, DataError
from zppo.rewards.routing import RoutedScorer
from zppo.types import Question


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def small() -> World:
    return plain_world(6, 4)


@pytest.fixture(scope="module")
def small_folder(tmp_path_factory: pytest.TempPathFactory, small: World) -> Path:
    return small.write(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def small_out(tmp_path_factory: pytest.TempPathFactory, small_folder: Path, words: Path) -> Path:
    out = tmp_path_factory.mktemp("out")
    built(small_folder, out, words)
    return out


def outcomes(manifest: Mapping[str, Any]) -> Counter[tuple[str, str, str]]:
    """By sub-dataset, source and reason, as `World.verdicts`: rows over the cap passed every check."""
    found: Counter[tuple[str, str, str]] = Counter()
    for name, each in manifest["sub_datasets"].items():
        for source, counts in each["sources"].items():
            assert counts["seen"] == counts["kept"] + sum(counts["excluded"].values())
            found[name, source, ""] += counts["kept"]
            for reason, rows in counts["excluded"].items():
                found[name, source, "" if reason == "over_cap" else reason] += rows
    return +found


@pytest.mark.slow
def test_twenty_thousand_rows_of_forty_sub_datasets_are_told_apart_exactly(tmp_path: Path, words: Path) -> None:
    world = full_world(20_000)
    manifest = built(world.write(tmp_path / "world"), tmp_path / "out", words)
    assert sum(each["kept"] > 0 for each in manifest["sub_datasets"].values()) == 40
    assert outcomes(manifest) == +world.verdicts()
    assert (manifest["sub_datasets"]["ai2d"]["kept"], manifest["sub_datasets"]["raven"]["kept"]) == (2800, 1400)
    assert manifest["sub_datasets"]["raven"]["sources"]["vero"]["excluded"].get("over_cap", 0) == 0
    assert manifest["rows"] == rows_of(tmp_path / "out").num_rows == sum(file["rows"] for file in manifest["shards"])
    assert len(manifest["excluded"]) == 14 and manifest["unexpected"] == []

    again = built(world.write(tmp_path / "other", shuffle=1, shards=5, group=7), tmp_path / "again", words)
    assert rows_of(tmp_path / "again").equals(rows_of(tmp_path / "out"))
    assert again["sub_datasets"] == manifest["sub_datasets"]


def test_a_build_leaves_the_shards_the_manifest_and_the_exclusions(small_out: Path) -> None:
    assert list(digests(small_out)) == ["data/train-00000-of-00001.parquet", "excluded.jsonl", "manifest.json"]


def test_two_builds_are_the_same_to_the_byte(small_folder: Path, small_out: Path, tmp_path: Path, words: Path) -> None:
    built(small_folder, tmp_path, words)
    assert digests(tmp_path) == digests(small_out)


def test_exclusions_are_the_same_in_every_build(tmp_path: Path, words: Path) -> None:
    world = plain_world(1, 1)
    for number, image in enumerate([b"not an image", picture(0)[:20], picture(0)[:300], picture(0, form="BMP")[:99]]):
        world.vero["stem-tqa"].append(Vero(f"{number}?", image=image, id=f"{number}"))
        world.vero["stem-raven"].append(Vero(f"{number}?", image=image, id=f"{number}"))
    folder = world.write(tmp_path / "world")
    for out in ("one", "two"):
        assert built(folder, tmp_path / out, words)["excluded"] == {"image_unreadable": 8}
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert " at 0x" not in (tmp_path / "one/excluded.jsonl").read_text()


def test_rows_say_where_they_come_from(small_out: Path) -> None:
    [row] = [r for r in rows_of(small_out).to_pylist() if (r["origin"], r["origin_id"]) == ("stem-tqa", "2")]
    assert row["prompt"] == "<image>stem-tqa: what is 2 + 1?"
    assert (row["answer"], row["answer_type"], row["options"], row["pass_rate"]) == ("3", "number", None, None)
    assert (row["source"], row["sub_dataset"], row["tier"]) == ("vero", "tqa", 1)
    assert row["id"].startswith("tqa-") and len(row["images"]) == 1


def test_ids_are_unique_and_sub_datasets_are_mixed(small_out: Path) -> None:
    rows = rows_of(small_out).to_pylist()
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({row["sub_dataset"] for row in rows[:40]}) > 15


def test_datasets_reads_the_corpus_with_its_images(small_out: Path) -> None:
    rows = datasets.Dataset.from_parquet(str(small_out / "data" / "train-00000-of-00001.parquet"))
    assert rows.features["images"] == datasets.List(datasets.Image())
    assert isinstance(rows[0]["images"][0], Image.Image) and rows[0]["images"][0].size == (112, 100)


def test_training_drops_no_row_of_a_corpus(tmp_path: Path, words: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is odd about it was noticed by the build, or does not matter to the reader either."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    world = plain_world(1, 1)
    forms = ("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
    odd = [Vero(f"{form}?", image=picture(1, form=form), id=form) for form in forms]
    odd += [Vero(text, id=text) for text in ("nul \0?", "mark \ufffc?", "<image 1>?", "<video>?", "<|image_pad|>?")]
    odd += [Vero("thin?", image=picture(2, 100, 21_000)), Vero("order?", "1," * 200, "ordering")]
    world.vero["stem-tqa"] = odd
    manifest = built(world.write(tmp_path / "world"), tmp_path / "out", words)
    assert manifest["excluded"] == {
        "text_broken": 1,
        "image_marks": 2,
        "answer_long": 1,
        "image_unreadable": 1,
        "image_thin": 1,
    }
    questions, dropped = read_questions(tmp_path / "out/data", filters=[media_readable("decode")])
    assert dropped == [] and len(questions) == manifest["rows"]


def test_the_grader_accepts_every_row(small_out: Path) -> None:
    verdict = RoutedScorer()
    for row in rows_of(small_out).to_pylist():
        verdict.check([Question(row["id"], row["prompt"], row["answer"], row)])


def test_image_bytes_are_those_of_the_source(small_out: Path, small: World) -> None:
    held = rows_of(small_out).to_pylist()[0]["images"][0]
    with Image.open(io.BytesIO(held["bytes"])) as image:
        assert image.format == "PNG"
    assert held["path"] is None


def test_the_manifest_names_files_digests_versions_and_what_the_paper_leaves_open(small_out: Path) -> None:
    manifest = json.loads((small_out / "manifest.json").read_text("utf-8"))
    assert len(manifest["source_files"]) == 30 + 3
    assert all(len(file["sha256"]) == 64 and file["rows"] for file in manifest["source_files"])
    assert manifest["shards"][0]["sha256"] == digests(small_out)["data/train-00000-of-00001.parquet"]
    assert {"zppo", "pyarrow", "pillow"} <= manifest["versions"].keys()
    assert "34" in manifest["notes"]["vero"] and "29" in manifest["notes"]["vero"]
    assert manifest["answer_types"] == {"math": 72, "number": 180}


def test_exclusions_are_listed_with_examples(tmp_path: Path, words: Path) -> None:
    world = plain_world(1, 1)
    world.vero["stem-tqa"] += [Vero(f"tqa {i}", "x" * 600, "string_match", id=f"long-{i}") for i in range(5)]
    built(world.write(tmp_path / "world"), tmp_path / "out", words)
    [line] = [json.loads(line) for line in (tmp_path / "out/excluded.jsonl").read_text().splitlines()]
    assert (line["sub_dataset"], line["source"], line["reason"], line["rows"]) == ("tqa", "vero", "answer_long", 5)
    assert len(line["examples"]) == 3
    example = line["examples"][0]
    assert example["file"] == "stem-tqa/train-00000-of-00001.parquet" and example["origin_id"].startswith("long-")
    assert example["detail"] == "600 characters" and world.vero["stem-tqa"][example["row"]].id == example["origin_id"]


def test_another_seed_keeps_other_rows_of_a_sub_dataset_over_its_cap(tmp_path: Path, words: Path) -> None:
    world = plain_world(1, 1)
    world.vero["stem-vqarad"] = [Vero(f"vqarad {i}", str(i), id=f"{i}") for i in range(1450)]
    folder = world.write(tmp_path / "world")
    chosen = []
    for seed in (0, 1):
        built(folder, tmp_path / f"{seed}", words, seed=seed)
        rows = rows_of(tmp_path / f"{seed}").to_pylist()
        chosen.append({row["origin_id"] for row in rows if row["sub_dataset"] == "vqarad"})
    assert len(chosen[0]) == len(chosen[1]) == 1400 and chosen[0] != chosen[1]


def test_a_finished_corpus_is_left_alone(small_folder: Path, small_out: Path, words: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in small_out.rglob("*.parquet")}
    built(small_folder, small_out, words)
    assert {path: path.stat().st_mtime_ns for path in small_out.rglob("*.parquet")} == before


def test_a_folder_with_a_corpus_of_other_settings_is_refused_and_left_alone(
    small_folder: Path, small_out: Path, words: Path
) -> None:
    before = digests(small_out)
    with pytest.raises(ConfigError, match=r"holds a corpus with other seed \(0, not 1\)"):
        built(small_folder, small_out, words, seed=1)
    assert digests(small_out) == before and not (small_out / ".build").exists()


def test_shards_of_which_nothing_says_what_they_are_are_not_taken_for_this_builds(
    tmp_path: Path, small_folder: Path, small_out: Path, words: Path
) -> None:
    out = shutil.copytree(small_out, tmp_path / "out")
    (out / "manifest.json").unlink()
    with pytest.raises(ConfigError, match=r"out/data holds files, .* choose another --out"):
        built(small_folder, out, words, seed=7)
    assert digests(out).items() < digests(small_out).items()


@pytest.mark.parametrize("length", [None, 100])
def test_a_finished_corpus_without_all_of_its_shards_is_not_called_complete(
    length: int | None, tmp_path: Path, small_folder: Path, small_out: Path, words: Path
) -> None:
    out = shutil.copytree(small_out, tmp_path / "out")
    shard = out / "data/train-00000-of-00001.parquet"
    shard.unlink() if length is None else shard.write_bytes(shard.read_bytes()[:length])
    with pytest.raises(DataError, match=r"data/train-00000-of-00001.parquet: the shard is missing, or is not of the"):
        built(small_folder, out, words)
    shutil.rmtree(out / "data")
    (out / "manifest.json").unlink()
    built(small_folder, out, words)
    assert digests(out) == digests(small_out)


def test_an_unfinished_corpus_of_other_sources_is_refused(tmp_path: Path, words: Path) -> None:
    folder = plain_world(1, 1).write(tmp_path / "world")
    shard = folder / "vero/stem-tqa/train-00000-of-00001.parquet"
    whole = shard.read_bytes()
    middle = len(whole) // 3
    shard.write_bytes(whole[:middle] + bytes(200) + whole[middle + 200 :])
    with pytest.raises(DataError, match="stem-tqa"):
        built(folder, tmp_path / "out", words)
    write_vero(folder / "vero", "stem-tqa", [Vero("longer than before?", id="1")] * 9)
    with pytest.raises(ConfigError, match="holds an unfinished corpus with other files"):
        built(folder, tmp_path / "out", words)


def test_unexpected_sources_are_refused_before_an_image_is_read(tmp_path: Path, words: Path) -> None:
    world = plain_world(1, 1)
    world.fine += [Fine(source, "?") for source in ("New", "New")]
    world.write(tmp_path / "world")
    for stopped in ("the source 'New' (2 rows) is not in the recipe", "--accept-unexpected"):
        with pytest.raises(DataError) as error:
            run(new_build(local(tmp_path / "world"), tmp_path / "out", words))
        assert stopped in str(error.value)
    assert not list((tmp_path / "out").rglob("*.parquet"))


def test_accepted_rows_in_doubt_are_left_out_and_listed(tmp_path: Path, words: Path) -> None:
    world = plain_world(1, 1)
    world.fine += [Fine(source, "?") for source in ("New", "New", "TQA and AI2D")]
    build = new_build(local(world.write(tmp_path / "world")), tmp_path / "out", words)
    shutil.rmtree(tmp_path / "world/vero/stem-raven")
    accepted = type(build)(**{**vars(build), "accept_unexpected": True})
    manifest = json.loads(run(accepted).read_text("utf-8"))
    assert manifest["left_out"]["mmfinereason"] == {"New": 2, "TQA and AI2D": 1}
    assert len(manifest["unexpected"]) == 3
    assert manifest["rows"] == 29 + 18


def test_a_row_without_a_pass_rate_column_is_never_guessed(tmp_path: Path, words: Path) -> None:
    folder = plain_world(1, 1).write(tmp_path / "world")
    for path in (folder / "mmfinereason/data").iterdir():
        pq.write_table(pq.read_table(path).drop_columns(["pass_rate"]), path)
    build = new_build(local(folder), tmp_path / "out", words)
    manifest = json.loads(run(type(build)(**{**vars(build), "accept_unexpected": True})).read_text("utf-8"))
    assert manifest["excluded"] == {"pass_rate_missing": 18}


def test_two_processes_cannot_build_in_one_folder(tmp_path: Path, small_folder: Path, words: Path) -> None:
    class Nested(LocalFolder):
        def files(self) -> list[SourceFile]:
            with pytest.raises(ConfigError, match="another process is building"):
                built(small_folder, tmp_path / "out", words)
            return super().files()

    repositories = local(small_folder) | {"vero": Nested(small_folder / "vero")}
    run(new_build(repositories, tmp_path / "out", words))


class Flaky(LocalFolder):
    """Copies its files to another folder, as a download does, and breaks off in the middle of every third one, once."""

    def __init__(self, folder: Path, cache: Path) -> None:
        super().__init__(folder)
        self.cache = cache
        self.began: Counter[str] = Counter()
        self.unsteady = {file.path for file in self.files()[::3]}

    def fetch(self, file: SourceFile) -> Path:
        target = self.cache / file.path
        if target.exists():
            return target
        self.began[file.path] += 1
        target.parent.mkdir(parents=True, exist_ok=True)
        data = super().fetch(file).read_bytes()
        partial = target.with_suffix(".incomplete")
        have = partial.stat().st_size if partial.exists() else 0
        with partial.open("ab") as copy:
            copy.write(data[have : have + len(data) // 2])
            if have == 0 and file.path in self.unsteady:
                raise DataError(f"{file.path}: connection lost")
            copy.write(data[have + len(data) // 2 :])
        partial.rename(target)
        return target


def test_an_interrupted_download_continues_and_ends_the_same(
    tmp_path: Path, small_folder: Path, small_out: Path, words: Path
) -> None:
    runs = 0
    flaky = {source: Flaky(small_folder / source, tmp_path / "cache" / source) for source in local(small_folder)}
    while True:
        runs += 1
        try:
            run(new_build(flaky, tmp_path / "out", words))
            break
        except DataError as error:
            assert "connection lost" in str(error)
    began = flaky["vero"].began + flaky["mmfinereason"].began
    broken = {path for path, times in began.items() if times == 2}
    assert runs > 1 and len(broken) > 5, "several may break in one run: files are fetched side by side"
    assert broken <= flaky["vero"].unsteady | flaky["mmfinereason"].unsteady and max(began.values()) == 2
    assert digests(tmp_path / "out") == digests(small_out)
