"""VLMs are Blind (BlindTest): 8,016 questions on lines, circles, grids and paths that are easy for people.

The prompts ask for answers in curly brackets; that format instruction is removed. The score is the mean over rows,
dominated by the line plots; `macro` is the mean of eight tasks, both kinds of grids being one, as the authors count.
"""

import re
from collections.abc import Mapping
from statistics import fmean

from zppo.errors import DataError
from zppo.evals.aggregates import Pairs, means, micro
from zppo.evals.asking import ask, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row, Scored
from zppo.evals.media import image
from zppo.evals.rules import score_value, unwrapped
from zppo.rewards.boxed import last_boxed
from zppo.rewards.graded import shown

GRID = "counting grid"
ROWS_FIRST = "Give the number of rows first and the number of columns second."
_DIRECTIVES = (
    re.compile(r"\s*,?\s*e\.\s?g\.\s*,?\s*(?:\{\w+\}|\(\d+,\s*\d+\))", re.IGNORECASE),
    re.compile(r"\s*For example, rows=\{\d+\} columns=\{\d+\}\.?", re.IGNORECASE),
    re.compile(r"\s+and answer with numbers in curly brackets\b", re.IGNORECASE),
    re.compile(
        r"\s*(?:Please (?:answer|provide)|Answer|Put your answer|Provide)\b[^.?!]*"
        r"(?:brackets|numerical format|in a pair|Yes/No)[^.?!]*(?:\.|$)",
        re.IGNORECASE,
    ),
)
"""Patterns to remove, in this order: an example of the format, then the sentence that requests it."""
_PAIR = re.compile(
    r"(\d{1,9})\s*(?:rows?)?\s*(?:,|and|by|x|×|\\times|\}\s*\{)\s*(\d{1,9})\s*(?:col(?:umn)?s?)?", re.IGNORECASE
)
_NAMED = re.compile(r"rows?\s*[=:]\s*\{?(\d{1,9})\}?\W+col(?:umn)?s?\s*[=:]\s*\{?(\d{1,9})\}?", re.IGNORECASE)


def items(row: Row) -> list[Item]:
    task, gold = " ".join(str(row["task"]).lower().split()), plain(row["groundtruth"])
    text = without_directives(plain(row["prompt"]))
    group = {"task": GRID if task.startswith(GRID) else task}
    if group["task"] == GRID:
        text = f"{text} {ROWS_FIRST}"
        gold = ",".join(str(number) for number in _rows_and_columns(row, gold))
    return [Item(ask(row, row.index, text, gold, media=[image(row, "image")]), gold, group)]


def without_directives(prompt: str) -> str:
    for directive in _DIRECTIVES:
        prompt = directive.sub("", prompt)
    prompt = prompt.strip()
    return prompt if prompt.endswith((".", "?", "!")) else f"{prompt}."


def score(item: Item, response: str) -> Scored | None:
    box = last_boxed(response)
    if box is None or item.group["task"] != GRID:
        return None if box is None else _score_short(item, response, box)
    said = unwrapped(box).strip("()[]{} .")
    pair = _NAMED.fullmatch(said) or _PAIR.fullmatch(said)
    if pair is None:
        return None
    rows_and_columns = f"{int(pair[1])},{int(pair[2])}"
    return Scored(float(rows_and_columns == item.gold), f"rule: rows,columns are {rows_and_columns}", rows_and_columns)


def _score_short(item: Item, response: str, box: str) -> Scored | None:
    """A letter, `Yes` or `No` in any case and with or without brackets; else a number."""
    said, gold = unwrapped(box).strip("()[]{}\"'. ").casefold(), item.gold.casefold()
    if said == gold:
        return Scored(1.0, f"rule: {shown(box)} is the gold", box)
    if {said, gold} == {"yes", "no"} or (len(said) == len(gold) == 1 and (said + gold).isalpha()):
        return Scored(0.0, f"rule: {shown(box)} is not {shown(item.gold)}", box)
    return score_value(item, response)


def _rows_and_columns(row: Row, gold: str) -> tuple[int, int]:
    pair = re.fullmatch(r"\D*(\d+)\D+(\d+)\D*", gold)
    if pair is None:
        raise DataError(f"{row.where}: column 'groundtruth' of a grid should be rows,columns, not {gold!r}")
    return int(pair[1]), int(pair[2])


def aggregate(scores: Pairs) -> Mapping[str, float]:
    return {**micro("task")(scores), "macro": fmean(means(scores, "task").values())}


BENCHMARK = Benchmark(
    slug="vlms_are_blind",
    abbr="VBlind",
    name="VLMs are Blind",
    family="vlm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("XAI/vlmsareblind",),
        splits=("valid",),
        columns={"task": "str", "image": "image", "prompt": "str", "groundtruth": "str"},
        rows=8016,
        unverified=("the exact wording of all prompts", "how many rows six of the nine tasks have"),
    ),
    items=items,
    score=score,
    aggregate=aggregate,
)
