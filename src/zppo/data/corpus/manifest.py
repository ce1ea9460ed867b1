"""Record of a build, its sources and all excluded rows: selection -> **manifest.json** and **excluded.jsonl**."""

import hashlib
import heapq
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from zppo.data.corpus.files import atomic
from zppo.data.corpus.outline import Plan
from zppo.data.corpus.plan import Shard
from zppo.data.corpus.reasons import REASONS
from zppo.data.corpus.recipe import SOURCES
from zppo.data.corpus.selection import KEPT, Selection

EXAMPLES = 3
"""Rows listed for each sub-dataset, source and reason."""
VERSIONS = ("zppo", "pyarrow", "pillow", "tokenizers")
"""Packages that affect the bytes of the corpus or the tokens of its prompts."""


def describe(
    plan: Plan, selection: Selection, indexes: Sequence[Path], settings: Mapping[str, Any], shards: Sequence[Path]
) -> dict[str, Any]:
    """The manifest. `settings` are the options of the build, `shards` the files it wrote."""
    outcomes = selection.outcomes()
    return {
        "rows": sum(n for (_, _, reason), n in outcomes.items() if reason == KEPT),
        "settings": dict(settings),
        "versions": {package: version(package) for package in VERSIONS},
        "sub_datasets": {name: _sub_dataset(plan, outcomes, name) for name in plan.recipe.sub_datasets},
        "excluded": {r: n for r in REASONS if (n := sum(c for (_, _, reason), c in outcomes.items() if reason == r))},
        "reasons": REASONS,
        "answer_types": _answer_types(selection, indexes),
        "left_out": plan.left_out(),
        "unexpected": plan.unexpected,
        "notes": {source: facts.note for source, facts in plan.recipe.sources.items()},
        "source_files": _source_files(plan, indexes),
        "shards": [_shard(path) for path in shards],
    }


def write_manifest(manifest: Mapping[str, Any], path: Path) -> None:
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", "utf-8")


def write_excluded(shards: Sequence[Shard], selection: Selection, indexes: Sequence[Path], path: Path) -> None:
    """Writes a line per sub-dataset, source and reason: the number of rows, and `EXAMPLES` of them."""
    examples: dict[tuple[str, str, str], list[tuple[int, int, int]]] = defaultdict(list)
    details: dict[tuple[int, int], dict[str, Any]] = {}
    for number, (shard, index) in enumerate(zip(shards, indexes, strict=True)):
        for row, reason in zip(pq.read_table(index).to_pylist(), selection.reasons(number), strict=True):
            if reason == KEPT:
                continue
            found = examples[row["sub_dataset"], shard.source, reason]
            entry = (-row["tie"], number, row["row"])
            if len(found) < EXAMPLES:
                heapq.heappush(found, entry)
            elif (dropped := heapq.heappushpop(found, entry)) == entry:
                continue
            else:
                del details[dropped[1:]]
            details[entry[1:]] = {
                "file": shard.file.path,
                **{k: row[k] for k in ("row", "origin", "origin_id", "detail")},
            }
    lines = [
        {"sub_dataset": name, "source": source, "reason": reason, "rows": rows}
        | {"examples": [details[entry[1:]] for entry in sorted(examples[name, source, reason], reverse=True)]}
        for (name, source, reason), rows in sorted(selection.outcomes().items())
        if reason != KEPT
    ]
    with atomic(path) as temporary:
        temporary.write_text("".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines), "utf-8")


def _sub_dataset(plan: Plan, outcomes: Counter[tuple[str, str, str]], name: str) -> dict[str, Any]:
    by_source: dict[str, dict[str, Any]] = {}
    for source in SOURCES:
        of_source = {key[2]: rows for key, rows in outcomes.items() if key[:2] == (name, source)}
        origins = plan.available(name, source)
        if origins:
            by_source[source] = {
                "origins": origins,
                "seen": sum(of_source.values()),
                "kept": of_source.get(KEPT, 0),
                "excluded": {reason: of_source[reason] for reason in REASONS if reason in of_source},
            }
    each = plan.recipe.sub_datasets[name]
    kept = sum(counts["kept"] for counts in by_source.values())
    return {"tier": each.tier, "cap": plan.recipe.cap(name), "kept": kept, "sources": by_source}


def _answer_types(selection: Selection, indexes: Sequence[Path]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for number, index in enumerate(indexes):
        types = pq.read_table(index, columns=["answer_type"])["answer_type"].to_pylist()
        counts.update(t for t, reason in zip(types, selection.reasons(number), strict=True) if reason == KEPT)
    return dict(sorted(counts.items()))


def _source_files(plan: Plan, indexes: Sequence[Path]) -> list[dict[str, Any]]:
    return [
        {
            "source": shard.source,
            "path": shard.file.path,
            "bytes": shard.file.size,
            "rows": plan.contents.rows[shard],
            "sha256": pq.read_metadata(index).metadata[b"sha256"].decode(),
        }
        for shard, index in zip(plan.layout.shards, indexes, strict=True)
    ]


def _shard(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    rows = pq.read_metadata(path).num_rows
    return {"path": f"{path.parent.name}/{path.name}", "rows": rows, "bytes": path.stat().st_size, "sha256": digest}


def as_text(manifest: Mapping[str, Any], path: Path) -> str:
    """Summary of a build as text."""
    kept = {name: each for name, each in manifest["sub_datasets"].items() if each["kept"]}
    lines = [f"{name:<20}{each['kept']:>7,} of {each['cap']:,}" for name, each in kept.items()]
    lines += ["", f"{manifest['rows']:,} rows of {len(kept)} sub-datasets in {len(manifest['shards'])} files"]
    lines += [f"{rows:>12,}  {reason}: {REASONS[reason]}" for reason, rows in manifest["excluded"].items()]
    if manifest["unexpected"]:
        lines += ["", f"accepted although unexpected: {len(manifest['unexpected'])} (see the manifest)"]
    if judged := manifest["answer_types"].get("free"):
        lines += ["", f"{judged:,} rows have free-form answers: training on them needs a judge (judge.model)"]
    return "\n".join([*lines, "", f"manifest: {path}"])
