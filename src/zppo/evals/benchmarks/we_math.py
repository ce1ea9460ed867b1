"""We-Math, testmini: 525 composite problems, each asked as a whole and in two or three steps, 1,740 questions.

The score is plain accuracy. The authors' own scores, strict and loose, are reported too; they separate mastery from
rote memory. They deduct half a point where all steps are right but not the whole, and a full point where the whole is
right without its steps or is wrong with one of them.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean

from zppo.errors import DataError
from zppo.evals.aggregates import Pairs
from zppo.evals.asking import plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row
from zppo.evals.choices import choice_item, known_letter, score_choice
from zppo.evals.media import image
from zppo.rewards.choice import Choice

RIGHT = 0.5
"""A question counts as right above this."""
_KEY = re.compile(r"([23])steps_([123]|multi)")
_OPTION = re.compile(r"(?:^|;)\s*([A-H])[.．]\s*(?=[^;\s])")
"""More than a semicolon must follow: names of points are between semicolons as well (`to ;C.; B. ...`)."""
_OPTION_ALONE = re.compile(r"(?:^|[;\s])\s*([A-H])[.．]\s*(?=[^;\s])")


def items(row: Row) -> list[Item]:
    key = _KEY.fullmatch(str(row["key"]))
    if key is None:
        raise DataError(f"{row.where}: column 'key' should be such as 2steps_1 or 3steps_multi, not {row['key']!r}")
    options = _options(row)
    gold = known_letter(row, "answer", options, row["answer"])
    group = {"steps": key[1], "part": key[2], "problem": f"{key[1]}/{row['ID']}"}
    identity, media = f"{row['ID']}/{row['key']}", [image(row, "image_path")]
    return [choice_item(row, identity, plain(row["question"]), Choice(options, gold), group, media)]


def _options(row: Row) -> dict[str, str]:
    """`A. x;B. y; ...` in one text; three rows lack a semicolon. Raises DataError for fewer than two options."""
    text = plain(row["option"])
    options = _split(_OPTION, text)
    if "B" not in options:
        options = _split(_OPTION_ALONE, text)
    if len(options) < 2:
        raise DataError(f"{row.where}: column 'option' should be lettered options, not {row['option']!r}")
    return options


def _split(pattern: re.Pattern[str], text: str) -> dict[str, str]:
    """Options by letter; a letter begins one only if it follows the letter before."""
    begins: list[re.Match[str]] = []
    for match in pattern.finditer(text):
        if not begins or match[1] > begins[-1][1]:
            begins.append(match)
    ends = [*(match.start() for match in begins[1:]), len(text)]
    return {match[1]: text[match.end() : end].strip() for match, end in zip(begins, ends, strict=False)}


def aggregate(scores: Pairs) -> Mapping[str, float]:
    problems: dict[str, dict[str, bool]] = defaultdict(dict)
    for item, score in scores:
        problems[item.group["problem"]][item.group["part"]] = score > RIGHT
    whole = [parts for name, parts in problems.items() if len(parts) == int(name[0]) + 1]
    own = {"strict": _own_score(whole, all), "loose": _own_score(whole, any)} if whole else {}
    return {"score": 100 * fmean(score for _, score in scores)} | own


def _own_score(problems: Sequence[Mapping[str, bool]], enough: Callable[[Iterable[bool]], bool]) -> float:
    """Score of the authors. `enough`: the steps needed beside the whole; all of them (strict), or any (loose)."""
    return 100 * fmean(_credit(parts, enough) for parts in problems)


def _credit(parts: Mapping[str, bool], enough: Callable[[Iterable[bool]], bool]) -> float:
    steps = [right for part, right in parts.items() if part != "multi"]
    if parts["multi"]:
        return float(enough(steps))
    return 0.5 if all(steps) else 0.0


BENCHMARK = Benchmark(
    slug="we_math",
    abbr="WeMath",
    name="We-Math (testmini)",
    family="vlm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("We-Math/We-Math",),
        splits=("testmini",),
        columns={
            "ID": "str",
            "question": "str",
            "option": "str",
            "answer": "str",
            "image_path": "image",
            "key": "str",
        },
        rows=1740,
        unverified=("which of the three numbers the paper reports",),
    ),
    items=items,
    score=score_choice,
    aggregate=aggregate,
)
