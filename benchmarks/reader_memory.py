"""Host memory of the readers on a small and a ten times larger corpus: it must not grow with the pictures.

    python benchmarks/reader_memory.py [--write]

Each corpus is read in a process of its own: all rows are gone through as at the start of a run (heads of the pictures
included), then 2,000 questions are drawn in the order of training, and their pictures decoded. Printed is by how much
the peak of resident memory exceeds that of the process before it opened the data: all of it, and what is the process's
own (anonymous). The rest are pages of mapped Arrow files, which the kernel drops when memory is wanted.
`--write` puts the table into benchmarks/results/reader_memory.md.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from zppo.config import DataConfig
from zppo.data.filters import media_readable, readable
from zppo.data.order import epochs
from zppo.data.reader import read_questions

SIZES = (5_000, 50_000)
PICTURES = 500
"""Different ones; Parquet holds a copy for every row, JSONL names the file."""
SIDE = 64
DRAWN = 2_000
RESULT = Path(__file__).parent / "results" / "reader_memory.md"
MB = 2**20


def pictures() -> Iterator[bytes]:
    """PNGs of noise, about 12 KB each."""
    noise = np.random.default_rng(0)
    for _ in range(PICTURES):
        file = io.BytesIO()
        Image.fromarray(noise.integers(0, 256, (SIDE, SIDE, 3), np.uint8)).save(file, "PNG")
        yield file.getvalue()


def rows_of(images: Callable[[int], Any], start: int, end: int) -> list[dict[str, Any]]:
    return [
        {"prompt": f"<image>\nwhat is in picture {i}?", "answer": str(i), "images": [images(i % PICTURES)]}
        for i in range(start, end)
    ]


def write_parquet(folder: Path, rows: int) -> Path:
    made = list(pictures())
    image = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    schema = pa.schema({"prompt": pa.string(), "answer": pa.string(), "images": pa.list_(image)})
    with pq.ParquetWriter(folder / "rows.parquet", schema) as writer:
        for start in range(0, rows, 500):
            batch = rows_of(lambda i: {"bytes": made[i]}, start, start + 500)
            writer.write_table(pa.Table.from_pylist(batch, schema))
    return folder / "rows.parquet"


def write_jsonl(folder: Path, rows: int) -> Path:
    for i, content in enumerate(pictures()):
        (folder / f"{i}.png").write_bytes(content)
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows_of(lambda i: f"{i}.png", 0, rows))
    return folder / "rows.jsonl"


KINDS: dict[str, Callable[[Path, int], Path]] = {
    "Parquet, PNGs in it": write_parquet,
    "JSONL, PNGs beside it": write_jsonl,
}


class Peak:
    """By how much memory grows. Of the anonymous part the kernel keeps no peak, so it is looked at now and then."""

    def __init__(self) -> None:
        self.start, self.looks = _status(), 0
        self.anonymous = self.start["RssAnon"]

    def look(self, question: object = None) -> None:
        """A filter of questions that passes all."""
        self.looks += 1
        if question is None or self.looks % 500 == 0:
            self.anonymous = max(self.anonymous, _status()["RssAnon"])

    def growth(self) -> tuple[float, float]:
        """Megabytes, of everything and of what is anonymous."""
        self.look()
        return (_status()["VmHWM"] - self.start["VmRSS"]) / MB, (self.anonymous - self.start["RssAnon"]) / MB


def _status() -> dict[str, int]:
    lines = (line.split() for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    return {words[0][:-1]: int(words[1]) * 1024 for words in lines if len(words) == 3 and words[2] == "kB"}


def read(path: str, peak: Peak) -> float:
    """Seconds to go through all rows; then draws and decodes questions as training does."""
    began = perf_counter()
    questions, dropped = read_questions(path, DataConfig(), [media_readable("header"), peak.look])
    seconds = perf_counter() - began
    assert not dropped
    for _ in islice(epochs(questions, 100, 0, readable), DRAWN // 100):
        peak.look()
    return seconds


def child(path: str) -> None:
    warm = Path(path).with_name("warm.jsonl")  # libraries and first calls are not the data's
    warm.write_text('{"prompt": "?", "answer": "1"}\n', "utf-8")
    read_questions(warm)
    peak = Peak()
    seconds = read(path, peak)
    print(json.dumps([*peak.growth(), seconds]))


def measured(path: Path, cache: Path) -> tuple[float, float, float]:
    """In a process of its own. The first one converts Parquet into Arrow, which happens once per machine."""
    environment = {**os.environ, "HF_DATASETS_CACHE": str(cache)}
    command = [sys.executable, __file__, "--child", str(path)]
    for _ in range(2):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    all_, own, seconds = json.loads(done.stdout.splitlines()[-1])
    return all_, own, seconds


def main(write: bool) -> None:
    lines = [
        "| source | rows | file, MB | peak growth, MB | of it anonymous, MB | reading all rows, s |",
        "|---|---|---|---|---|---|",
    ]
    for name, make in KINDS.items():
        for rows in SIZES:
            with tempfile.TemporaryDirectory() as folder:
                path = make(Path(folder), rows)
                all_, own, seconds = measured(path, Path(folder) / "cache")
                size = path.stat().st_size / MB
                lines.append(f"| {name} | {rows:,} | {size:.0f} | {all_:.0f} | {own:.1f} | {seconds:.0f} |")
                print(lines[-1], flush=True)
    table = "\n".join(lines)
    print(f"\n{table}")
    if write:
        told = "Printed by `python benchmarks/reader_memory.py --write` (two CPU cores, shared with other work)."
        RESULT.write_text(f"# Host memory of the readers\n\n{told}\n\n{table}\n", "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    child(options.child) if options.child else main(options.write)
