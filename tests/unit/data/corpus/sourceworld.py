"""Small copies of both sources: real layouts and schemas, generated rows, and the truth about every row."""

import io
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])
LISTS = pa.struct([("role", pa.list_(pa.string())), ("content", pa.list_(pa.string()))])
EXTRA = {"split": pa.string(), "index": pa.int64(), "question": pa.string(), "answer": pa.string()}
SYSTEM = "Reason first, then answer inside <answer></answer>."
CONFIGS = {
    "stem-ai2d_merged": "ai2d",
    "stem-geo170k": "geo170k",
    "stem-geomverse": "geomverse",
    "stem-geoqa_plus": "geoqa_plus",
    "stem-mmk12": "mmk12",
    "stem-CoSyn_400k_math": "cosyn_math",
    "chart_ocr-CoSyn_400k_chart": "cosyn_chart",
    "chart_ocr-CoSyn_400k_diagram": "cosyn_diagram",
    "chart_ocr-CoSyn_400k_table": "cosyn_table",
    "stem-wemath20_pro": "wemath",
    "stem-wemath20_standard": "wemath",
    "stem-tqa": "tqa",
    "stem-visualwebinstruct": "visualwebinstruct",
    "chart_ocr-chartqa_difficulty": "chartqa",
    "chart_ocr-arxivqa_formatted": "arxivqa",
    "stem-pathvqa": "pathvqa",
    "stem-vqarad": "vqarad",
    "stem-raven": "raven",
    "chart_ocr-evochart": "evochart",
    "chart_ocr-infographic_vqa": "infographic_vqa",
    "knowledge_recognition-aokvqa": "aokvqa",
    "knowledge_recognition-gqa": "gqa",
    "knowledge_recognition-iconqa": "iconqa",
    "knowledge_recognition-vqav2": "vqav2",
    "knowledge_recognition-visual7w": "visual7w",
    "counting_grounding_search-tallyqa": "tallyqa",
    "counting_grounding_search-pixelreasoner": "pixelreasoner",
    "counting_grounding_search-multihop": "multihop",
    "counting_grounding_search-pixmo": "pixmo",
    "counting_grounding_search-visual_probe": "visual_probe",
}
VALUES = {
    "MMR1": "mmr1",
    "Euclid30K": "euclid",
    "FineVision-geo170k_qa_v1": "geo170k",
    "Geometry3K": "geo3k",
    "mmopenr1-8k": "mm_openr1",
    "WeMath2-Pro": "wemath",
    "WeMath2-Standard": "wemath",
    "FineVision-visualwebinstruct_filtered_a": "visualwebinstruct",
    "BMMR": "bmmr",
    "TQA": "tqa",
    "FineVision-ai2d_merged": "ai2d",
    "ScienceQA": "scienceqa",
    "ViRL39K": "virl39k",
    "FineVision-raven": "raven",
    "VisualSphinx": "visualsphinx",
    "PuzzleQA": "puzzleqa",
    "LLaVA-CoT": "llava_cot",
    "Zebra-CoT": "zebra_cot",
}


@cache
def picture(number: int, width: int = 112, height: int = 100, form: str = "PNG") -> bytes:
    """A picture that is another for each number; the same pixels in any lossless form."""
    rng = random.Random(number)
    small = Image.frombytes("RGB", (4, 4), rng.randbytes(48))
    made = io.BytesIO()
    small.resize((width, height), Image.Resampling.NEAREST).save(made, form)
    return made.getvalue()


@dataclass
class Vero:
    """A row of Vero; `verdict` is what must become of it, before caps."""

    question: str
    answer: str | None = "42"
    reward_type: str | None = "numeric"
    image: bytes | None = b""
    tolerance: float | None = None
    id: str | None = None
    verdict: str = ""

    def row(self, lists: bool, top_id: bool) -> dict[str, Any]:
        roles, contents = ["system", "user"], [SYSTEM, f"<image>{self.question}"]
        messages = [{"role": r, "content": c} for r, c in zip(roles, contents, strict=True)]
        extra = {"split": "train", "index": 0, "question": self.question, "answer": self.answer}
        extra |= {"reward_type": self.reward_type, "tolerance": self.tolerance}
        row: dict[str, Any] = {
            "data_source": "x",
            "prompt": {"role": roles, "content": contents} if lists else messages,
            "image": None if self.image is None else {"bytes": self.image or picture(0), "path": None},
            "ability": "stem",
            "reward_model": {"style": "rule", "ground_truth": self.answer},
        }
        return row | ({"id": self.id, "extra_info": extra} if top_id else {"extra_info": extra | {"id": self.id}})


@dataclass
class Fine:
    """A row of MMFineReason."""

    source: str
    question: str
    answer: str | None = "42"
    pass_rate: float | None = 0.25
    image: bytes | None = b""
    id: int = 0
    verdict: str = ""

    def row(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "id": self.id,
            "question": self.question,
            "answer": self.answer,
            "original_answer": "<think>..</think><answer>..</answer>",
            "image": None if self.image is None else {"bytes": self.image or picture(0), "path": None},
            "qwen3vl_235b_thinking_response": "<think>" + "because " * 20,
            "pass_rate": self.pass_rate,
            "is_consistent": True,
        }


@dataclass
class World:
    """Rows of both sources. `vero` by config, `fine` in order."""

    vero: dict[str, list[Vero]] = field(default_factory=dict)
    fine: list[Fine] = field(default_factory=list)

    def write(self, folder: Path, shuffle: int | None = None, shards: int = 3, group: int = 50) -> Path:
        """Both sources below `folder`. `shuffle`: other rows in other shards, from the same world."""
        for number, (config, rows) in enumerate(self.vero.items()):
            write_vero(folder / "vero", config, _shuffled(rows, shuffle), number % 2 == 0, number % 3 != 0, group=group)
        write_fine(folder / "mmfinereason", _shuffled(self.fine, shuffle), shards, group)
        return folder

    def verdicts(self) -> Counter[tuple[str, str, str]]:
        """By sub-dataset, source and reason."""
        counts = Counter((CONFIGS[c], "vero", row.verdict) for c, rows in self.vero.items() for row in rows)
        counts.update((VALUES[row.source], "mmfinereason", row.verdict) for row in self.fine)
        return counts


def write_vero(
    folder: Path,
    config: str,
    rows: Sequence[Vero],
    lists: bool = False,
    top_id: bool = True,
    split: str = "train",
    shards: int = 1,
    group: int = 50,
    **changed: pa.DataType | None,
) -> None:
    """A config; `changed` columns have another type, or None for none."""
    extra = EXTRA | {"reward_type": pa.string(), "tolerance": pa.float64()} | ({} if top_id else {"id": pa.string()})
    types: dict[str, Any] = {"id": pa.string()} if top_id else {}
    types |= {
        "data_source": pa.string(),
        "prompt": LISTS if lists else pa.list_(MESSAGE),
        "image": IMAGE,
        "ability": pa.string(),
        "reward_model": pa.struct([("style", pa.string()), ("ground_truth", pa.string())]),
        "extra_info": pa.struct(list(extra.items())),
    }
    types = {name: t for name, t in (types | changed).items() if t is not None}
    (folder / config).mkdir(parents=True, exist_ok=True)
    for number in range(shards):
        made = [{name: row.row(lists, top_id)[name] for name in types} for row in rows[number::shards]]
        path = folder / config / f"{split}-{number:05}-of-{shards:05}.parquet"
        pq.write_table(pa.Table.from_pylist(made, pa.schema(list(types.items()))), path, row_group_size=group)


def write_fine(
    folder: Path, rows: Sequence[Fine], shards: int = 1, group: int = 50, **changed: pa.DataType | None
) -> None:
    types: dict[str, Any] = {name: pa.string() for name in ("source", "question", "answer", "original_answer")}
    types |= {"id": pa.int64(), "image": IMAGE, "qwen3vl_235b_thinking_response": pa.string()}
    types |= {"pass_rate": pa.float64(), "is_consistent": pa.bool_()}
    types = {name: t for name, t in (types | changed).items() if t is not None}
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for number in range(shards):
        made = [{name: row.row().get(name) for name in types} for row in rows[number::shards]]
        path = folder / "data" / f"train-{number:05}-of-{shards:05}.parquet"
        pq.write_table(pa.Table.from_pylist(made, pa.schema(list(types.items()))), path, row_group_size=group)


def plain_world(vero: int = 3, fine: int = 3) -> World:
    """Every config and source value, with a few good rows each."""
    world = World()
    for config in CONFIGS:
        world.vero[config] = [Vero(f"{config}: what is {i} + 1?", f"{i + 1}", id=f"{i}") for i in range(vero)]
    world.fine = [
        Fine(value, f"<image>{value}: what is {i} + 2?", f"{i + 2}", id=i) for value in VALUES for i in range(fine)
    ]
    return world


def full_world(rows: int = 20_000, seed: int = 0) -> World:
    """Rows with everything that goes wrong, at random places; ai2d and raven have more good rows than their caps."""
    rng = random.Random(seed)
    world = World({config: [] for config in CONFIGS})
    sizes = {"stem-ai2d_merged": 3100, "stem-raven": 1200}
    rest = (rows * 3 // 5 - sum(sizes.values())) // (len(CONFIGS) - len(sizes))
    for config in CONFIGS:
        world.vero[config] = [_vero(config, i, rng) for i in range(sizes.get(config, rest))]
    fine = rows - sum(map(len, world.vero.values()))
    values = list(VALUES) + ["FineVision-raven"] * 3
    world.fine = [_fine(values[i % len(values)], i, rng) for i in range(fine)]
    _plant_duplicates(world, rng)
    return world


def _vero(config: str, i: int, rng: random.Random) -> Vero:
    good = Vero(f"{config}: question {i}?", f"{i}", image=picture(i % 37), id=f"{i}")
    bad: list[dict[str, Any]] = [
        {"answer": None, "verdict": "answer_missing"},
        {"answer": "  ", "verdict": "answer_missing"},
        {"answer": "x" * 513, "reward_type": "string_match", "verdict": "answer_long"},
        {"question": "<image>compare", "verdict": "image_marks"},
        {"question": "", "verdict": "prompt_unreadable"},
        {"question": "long " * 6000, "verdict": "prompt_long"},
        {"image": None, "verdict": "image_missing"},
        {"image": picture(i % 37)[: rng.randrange(60, 140)], "verdict": "image_unreadable"},
        {"image": b"not an image", "verdict": "image_unreadable"},
        {"image": picture(i % 37, 99, 300), "verdict": "image_small"},
        {"reward_type": "web_action", "verdict": "reward_type_unscored"},
        {"reward_type": "grounding", "answer": '[{"bbox_2d": [1, 2, 3]}]', "verdict": "answer_unscorable"},
        {"reward_type": "grounding", "answer": json.dumps([{"bbox_2d": [1, 2, 30, 40], "label": "cat"}])},
        {"reward_type": "list_string_match", "answer": "['a cat', 'cat']"},
        {"reward_type": "number_list", "answer": "[3, 1, 2]"},
        {"reward_type": "multiple_choice", "question": f"{config} {i}\nA. one\nB. two", "answer": "B"},
        {"reward_type": "string_match", "answer": "x" * 512},
    ]
    return Vero(**{**vars(good), **rng.choice(bad)}) if rng.random() < 0.15 else good


def _fine(value: str, i: int, rng: random.Random) -> Fine:
    good = Fine(value, f"<image>{value}: question {i}?", f"{i}", image=picture(i % 41), id=i)
    bad: list[dict[str, Any]] = [
        {"answer": None, "verdict": "answer_missing"},
        {"pass_rate": 0.75, "verdict": "pass_rate_high"},
        {"pass_rate": None, "verdict": "pass_rate_missing"},
        {"pass_rate": 75.0, "verdict": "pass_rate_missing"},
        {"pass_rate": 0.5},
        {"pass_rate": 0.0},
        {"answer": "y" * 600, "verdict": "answer_long"},
        {"image": picture(i % 41, 300, 60), "verdict": "image_small"},
        {"image": b"", "verdict": ""},
        {"question": f"no mark {value} {i}"},
        {"question": f"<image> and <image> {i}", "verdict": "image_marks"},
    ]
    return Fine(**{**vars(good), **rng.choice(bad)}) if rng.random() < 0.3 else good


def _plant_duplicates(world: World, rng: random.Random) -> None:
    """Within a config, across configs and across sources, with other spacing, case and file format.

    Of two copies in Vero the one of the sub-dataset named first stays; `CONFIGS` has that order.
    """
    configs = list(CONFIGS)
    good = [(config, row) for config, rows in world.vero.items() for row in rows if not row.verdict]
    for config, row in rng.sample(good, 60):
        number = int(row.id or 0) % 37
        question = f"  {row.question.upper()} "
        if rng.random() < 0.5:
            other = rng.choice(configs[configs.index(config) :])
            image = picture(number, form="BMP")
            world.vero[other].append(Vero(question, row.answer, row.reward_type, image, id="c", verdict="duplicate"))
        else:
            image = picture(number, form="TIFF")
            value = rng.choice(list(VALUES))
            world.fine.append(Fine(value, f"{question}<image>", row.answer, image=image, verdict="duplicate"))


def _shuffled(rows: Sequence[Any], shuffle: int | None) -> list[Any]:
    return list(rows) if shuffle is None else random.Random(shuffle).sample(rows, len(rows))
