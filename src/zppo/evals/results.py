"""Result files: one score (0..100) per student, method and benchmark, as CSV. `zppo eval` writes them too."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from zppo.errors import DataError, nearest
from zppo.reports.files import write_atomically

COLUMNS = ("student", "method", "family", "benchmark", "score")
AVERAGES = {"LLM-Avg": "llm", "VLM-Avg": "vlm", "Video-Avg": "video"}
"""In the column `benchmark`: the average over a family, for methods of which the paper prints nothing else."""


@dataclass(frozen=True)
class Result:
    student: str
    method: str
    family: str
    benchmark: str
    score: float

    @property
    def is_average(self) -> bool:
        """Whether it is a family's average as it was printed, not the score of a benchmark."""
        return self.benchmark in AVERAGES


def read_results(paths: Iterable[str | Path]) -> list[Result]:
    """The results of several files, put together.

    Raises DataError, naming file and row, for a missing file or column, a score that is no number, and a score that
    is given twice.
    """
    results: list[Result] = []
    seen: dict[tuple[str, ...], str] = {}
    for path in map(Path, paths):
        for number, result in _rows(path):
            key, where = astuple(result)[:-1], f"{path}, line {number}"
            if key in seen:
                raise DataError(f"{where}: the score of {', '.join(key)} already stands in {seen[key]}")
            seen[key] = where
            results.append(result)
    if not results:
        raise DataError(f"{', '.join(map(str, paths))}: there are no results")
    return results


def write_results(path: Path, results: Sequence[Result]) -> None:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows((*astuple(result)[:-1], f"{result.score:.6g}") for result in results)
    write_atomically(path, text.getvalue())


def _rows(path: Path) -> list[tuple[int, Result]]:
    """Every result with the line on which it ends."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, strict=True)
            missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
            if missing:
                found = nearest(missing[0], rows.fieldnames or ["(no header line)"])
                raise DataError(f"{path}: there is no column {missing[0]!r}{found}")
            return [(rows.line_num, _result(row, f"{path}, line {rows.line_num}")) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a CSV file that can be read ({error})") from error


def _result(row: dict[str, str | None], where: str) -> Result:
    values = {column: (row[column] or "").strip() for column in COLUMNS}
    empty = next((column for column in COLUMNS if not values[column]), None)
    if empty:
        raise DataError(f"{where}: the column {empty!r} is empty")
    try:
        score = float(values["score"])
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise DataError(f"{where}: the score {values['score']!r} is not a number")
    return Result(values["student"], values["method"], values["family"], values["benchmark"], score)
