"""Peak memory of `zppo corpus` as the sources grow: eight times the rows, ten times the rows in a row group.

    python benchmarks/corpus_memory.py            # prints
    python benchmarks/corpus_memory.py --write    # also writes benchmarks/results/corpus_memory.md

Generated sources in the real schemas, every image a PNG of 256 x 256 random pixels (197 kB), which no format makes
smaller. Every row passes the checks, so that all are written. Each build is a process of its own with one thread of
work; its peak resident set is read from the kernel. The build of a single row shows what the libraries take.
"""

import argparse
import io
import os
import platform
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

RESULTS = Path(__file__).resolve().parent / "results/corpus_memory.md"
CASES = ((1, 100), (250, 100), (2000, 100), (2000, 1000))
"""Rows of each source, below the cap of a sub-dataset, and rows in a row group."""
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
VERO = pa.schema(
    [
        ("id", pa.string()),
        ("prompt", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("image", IMAGE),
        ("reward_model", pa.struct([("style", pa.string()), ("ground_truth", pa.string())])),
        ("extra_info", pa.struct([("reward_type", pa.string()), ("tolerance", pa.float64())])),
    ]
)
FINE = pa.schema(
    [
        ("source", pa.string()),
        ("id", pa.int64()),
        ("question", pa.string()),
        ("answer", pa.string()),
        ("image", IMAGE),
        ("pass_rate", pa.float64()),
    ]
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--build", nargs=2, metavar=("SOURCES", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build:
        build(*map(Path, options.build))
        return
    lines = ["| rows | rows in a row group | sources | peak memory | seconds |", "|---|---|---|---|---|"]
    for rows, group in CASES:
        lines.append(measured(rows, group))
        print(lines[-1], flush=True)
    if options.write:
        machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, pyarrow {pa.__version__}"
        RESULTS.write_text(f"# Memory of `zppo corpus`\n\n`python benchmarks/corpus_memory.py --write` ({machine})\n\n")
        with RESULTS.open("a") as results:
            results.write("\n".join(lines) + "\n")


def measured(rows: int, group: int) -> str:
    with TemporaryDirectory() as folder:
        sources, out = Path(folder) / "sources", Path(folder) / "out"
        write(sources / "vero/stem-ai2d_merged/train-00000-of-00001.parquet", VERO, vero_rows(rows), group)
        write(sources / "mmfinereason/data/train-00000-of-00001.parquet", FINE, fine_rows(rows), group)
        size = sum(path.stat().st_size for path in sources.rglob("*.parquet"))
        began = perf_counter()
        command = [sys.executable, __file__, "--build", str(sources), str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        spent, peak = perf_counter() - began, int(done.stdout.split()[-1])
    return f"| 2 x {rows:,} | {group:,} | {size / 1e6:,.0f} MB | {peak / 1e3:,.0f} MB | {spent:.0f} |"


def build(sources: Path, out: Path) -> None:
    """Runs in a process of its own; its last word is the peak of its resident set in kB."""
    from zppo.data.corpus.build import Build, run
    from zppo.data.corpus.length import ImageRule
    from zppo.data.corpus.recipe import load_recipe
    from zppo.data.corpus.scan import Examiner
    from zppo.data.corpus.sources import open_repository

    recipe, _ = load_recipe()
    rule = ImageRule()
    examiner = Examiner(recipe, 0, lambda question: None, lambda prompt, width, height: rule.tokens(width, height))
    repositories = {name: open_repository(str(sources / name)) for name in recipe.sources}
    run(Build(out, repositories, examiner, {}, accept_unexpected=True))
    # Not from getrusage, whose maximum also counts what the parent had at the fork.
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))


def write(path: Path, schema: pa.Schema, rows: Iterator[dict], group: int) -> None:
    path.parent.mkdir(parents=True)
    with pq.ParquetWriter(path, schema) as writer:
        while piece := [row for row, _ in zip(rows, range(group), strict=False)]:
            writer.write_table(pa.Table.from_pylist(piece, schema))


def vero_rows(count: int) -> Iterator[dict]:
    for i in range(count):
        yield {
            "id": str(i),
            "prompt": [{"role": "user", "content": f"<image>question {i}?"}],
            "image": {"bytes": picture(i), "path": None},
            "reward_model": {"style": "rule", "ground_truth": str(i)},
            "extra_info": {"reward_type": "numeric", "tolerance": None},
        }


def fine_rows(count: int) -> Iterator[dict]:
    for i in range(count):
        question = {"source": "MMR1", "id": i, "question": f"<image>problem {i}", "answer": str(i), "pass_rate": 0.25}
        yield question | {"image": {"bytes": picture(-1 - i), "path": None}}


def picture(number: int) -> bytes:
    made = io.BytesIO()
    pixels = random.Random(number).randbytes(256 * 256 * 3)
    Image.frombytes("RGB", (256, 256), pixels).save(made, "PNG", compress_level=1)
    return made.getvalue()


if __name__ == "__main__":
    main()
