"""Results of one benchmark, in numbers and, as Parquet, response by response."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import pyarrow as pa
import pyarrow.parquet as pq

from zppo.errors import DataError
from zppo.evals.benchmark import Benchmark, Item
from zppo.evals.journal import Journal, Response
from zppo.evals.protocols import Verdict, counts

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("group", pa.string()),
        ("media", pa.list_(pa.string())),
        ("turns", pa.string()),
        ("prompt", pa.string()),
        ("gold", pa.string()),
        ("response", pa.string()),
        ("finish_reason", pa.string()),
        ("tokens", pa.int64()),
        ("prompt_tokens", pa.int64()),
        ("extracted", pa.string()),
        ("score", pa.float64()),
        ("reason", pa.string()),
        ("by", pa.string()),
        ("judge", pa.string()),
        ("template", pa.string()),
        ("origin", pa.string()),
        ("reply", pa.string()),
    ]
)
"""`group`, `turns` and `gold` are JSON."""


@dataclass(frozen=True)
class Outcome:
    """`score` in 0..100 over the scored items; `others` are the benchmark's further numbers."""

    slug: str
    abbr: str
    family: str
    protocol: str
    score: float
    others: Mapping[str, float]
    rows: int
    expected_rows: int | None
    """Expected rows; None if unknown or if not all rows were read."""
    items: int
    unscored: int
    decided: Mapping[str, int]
    """Number of verdicts by their source (`protocols.Decided`)."""
    no_box: int
    cut_off: int
    """Responses that reached the limit of tokens."""
    tokens: float
    """Mean sampled tokens per response."""
    judge: str | None
    templates: Mapping[str, str]
    """The judge templates used, with their origins."""

    @property
    def notes(self) -> list[str]:
        """Remarks that qualify the score."""
        said = []
        if self.expected_rows not in (None, self.rows):
            said.append(f"{self.rows} rows, {self.expected_rows} expected")
        if self.unscored:
            said.append(f"{self.unscored} unscored")
        if self.decided.get("open"):
            said.append(f"no judge: {self.decided['open']} left open count as wrong")
        if self.decided.get("malformed"):
            said.append(f"{self.decided['malformed']} malformed judgements")
        own = [name for name, origin in self.templates.items() if origin.startswith("own")]
        return said + [f"own judge template {name}" for name in own]


def outcome(benchmark: Benchmark, items: Sequence[Item], journal: Journal, rows: int, whole: bool) -> Outcome:
    """The outcome of `items`, all of them in the journal. Raises DataError if none has a score."""
    verdicts = [journal.verdicts[item.question.id] for item in items]
    responses = [journal.responses[item.question.id] for item in items]
    scored = [(item, v.score) for item, v in zip(items, verdicts, strict=True) if v.score is not None]
    if not scored:
        raise DataError(f"{benchmark.slug}: none of {len(items)} responses could be scored")
    numbers = dict(benchmark.aggregate(scored))
    return Outcome(
        slug=benchmark.slug,
        abbr=benchmark.abbr,
        family=benchmark.family,
        protocol=benchmark.protocol,
        score=numbers.pop("score"),
        others=numbers,
        rows=rows,
        expected_rows=benchmark.data.rows if whole else None,
        items=len(items),
        unscored=len(items) - len(scored),
        decided=counts(verdicts),
        no_box=sum(benchmark.extract(response.text) is None for response in responses),
        cut_off=sum(response.finish_reason == "length" for response in responses),
        tokens=fmean(response.tokens for response in responses),
        judge=next((v.judge for v in verdicts if v.judge), None),
        templates=dict(sorted({(v.template, v.origin) for v in verdicts if v.template and v.origin})),
    )


def write_record(path: Path, items: Sequence[Item], journal: Journal) -> None:
    """Write every prompt, response and verdict. The file is complete or absent."""
    rows = [_row(item, journal.responses[item.question.id], journal.verdicts[item.question.id]) for item in items]
    partial = path.with_name(f".{path.name}.partial")
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), partial)
    os.replace(partial, path)


def _row(item: Item, response: Response, verdict: Verdict) -> dict[str, object]:
    return {
        "id": item.question.id,
        "group": json.dumps(dict(item.group), ensure_ascii=False),
        "media": [medium.name for medium in item.question.media],
        "turns": json.dumps(response.turns, ensure_ascii=False),
        "prompt": response.prompt,
        "gold": json.dumps(item.gold, ensure_ascii=False),
        "response": response.text,
        "finish_reason": response.finish_reason,
        "tokens": response.tokens,
        "prompt_tokens": response.prompt_tokens,
        **vars(verdict),
    }
