"""The pocket suite: a few generated rows in the very form of many benchmarks, to run all of the machinery offline.

The scores say nothing about a model; the form is real: columns, types, configs, splits, and the traps of the golds.
`write_suite` writes a data folder as `zppo eval --data` reads it, and the ordinary benchmarks do the rest.
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
"""Of `zppo eval`, where the paper's would not suit a tiny model. The teacher, as a judge, does its best."""
SUITE: dict[str, Benchmark] = {
    slug: replace(benchmark, data=replace(benchmark.data, rows=None))
    for slug, benchmark in BENCHMARKS.items()
    if slug in ROWS
}


def write_suite(folder: Path, seed: int = 0) -> Path:
    """`folder/<slug>/<config>/<split>`, Parquet where there are images and JSONL elsewhere; gives the folder."""
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
