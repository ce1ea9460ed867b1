"""The pocket suite: a few generated rows in the exact format of many benchmarks, to run the whole suite offline.

The scores say nothing about a model; the format is real: columns, types, configs, splits, and odd forms of golds.
`write_suite` writes a data folder as `zppo eval --data` reads it, which the ordinary benchmarks use.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zppo.data.lines import json_rows
from zppo.evals import pocket_pictures, pocket_rows, pocket_videos
from zppo.evals.benchmark import Benchmark
from zppo.evals.benchmarks import BENCHMARKS
from zppo.evals.pocket_rows import SIDE, Maker
from zppo.pocket import ASSETS

ROWS = pocket_rows.ROWS | pocket_pictures.ROWS | pocket_videos.ROWS

TEACHER = str(ASSETS / "teacher")
OPTIONS = {
    "max_tokens": 48,
    "pixels": (1, SIDE * SIDE),
    "video_frames": 4,
    "templates": Path(__file__).parents[1] / "pocket" / "templates",
    "judge": TEACHER,
    "judge_max_tokens": 64,
    "dtype": "float32",
}
"""Options of `zppo eval` that suit a tiny model better than the paper's. The judge is the teacher."""
SUITE: dict[str, Benchmark] = {
    slug: replace(benchmark, data=replace(benchmark.data, rows=None))
    for slug, benchmark in BENCHMARKS.items()
    if slug in ROWS
}


def write_suite(folder: Path, seed: int = 0) -> Path:
    """Write `folder/<slug>/<config>/<split>`, Parquet with images and JSONL without; returns the folder."""
    words = (row for _, row in json_rows(ASSETS / "test.jsonl") if not row.get("images") and not row.get("videos"))
    problems = [(row["prompt"], row["answer"]) for row in words]
    for slug, benchmark in SUITE.items():
        make = Maker(problems, folder / slug, seed)
        for config in benchmark.data.configs:
            (folder / slug / config).mkdir(parents=True, exist_ok=True)
            for split in benchmark.data.splits:
                _write(folder / slug / config / split, ROWS[slug](make, config, split))
    return folder


def _write(stem: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    if any(isinstance(value, Mapping) and "bytes" in value for row in rows for value in row.values()):
        pq.write_table(pa.Table.from_pylist(list(rows)), stem.with_name(f"{stem.name}.parquet"))
    else:
        text = "".join(json.dumps(row) + "\n" for row in rows)
        stem.with_name(f"{stem.name}.jsonl").write_text(text, "utf-8")
