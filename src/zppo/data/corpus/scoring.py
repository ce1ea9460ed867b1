"""Answer types of the corpus: reward types of the sources -> answer types of docs/rewards.md.

Vero's documentation and its reward code name the types differently; both names are accepted here. A list in Vero is a
list of accepted answers, any one of which is right, whereas our `list` requires all of its elements.
"""

import ast
import json
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from zppo.data.corpus.reasons import Excluded
from zppo.errors import DataError
from zppo.types import Question

MATH, JUDGE = "math", "free"
"""Answer types that accept any answer."""

TEXT = ("exact_match", "string_match", "counting", "search")
CHOICE = ("multiple_choice",)
NUMBER = ("numeric",)
ALTERNATIVES = ("list_match", "list_string_match")
ORDER = ("ordering", "number_list")
BOX = ("grounding",)
JUDGED = ("llm_judge",)
UNSCORED = ("web_action", "clicking", "instruction_following", "instruction_following_llm_judge")
KNOWN = (*TEXT, *CHOICE, *NUMBER, *ALTERNATIVES, *ORDER, *BOX, *JUDGED, *UNSCORED)
_ZERO = 1e-12
"""A reference below this has no relative tolerance; Vero then reads the tolerance as absolute."""
_LABELS = (r"\({}\)", r"{}\)", r"{}\.", r"{}:")


@dataclass(frozen=True)
class Scored:
    """An answer with the columns that its answer type reads."""

    answer: str
    answer_type: str
    options: tuple[str, ...] | None = None
    tolerance: float | None = None
    absolute_tolerance: float | None = None
    ordered: bool | None = None

    def checked(self, check: Callable[[Question], None]) -> "Scored":
        """The answer if the grader's `check` accepts it; a choice or a number that it cannot read becomes `math`.

        Raises Excluded for other answers that it refuses.
        """
        if self.answer_type in (MATH, JUDGE):
            return self
        columns = {name: value for name, value in asdict(self).items() if value is not None}
        try:
            check(Question("row", "", self.answer, columns))
        except DataError as error:
            if self.answer_type in ("choice", "number"):
                return Scored(self.answer, MATH)
            raise Excluded("answer_unscorable", str(error)) from error
        return self


def from_reward_type(reward_type: Any, answer: str, question: str, tolerance: Any) -> Scored:
    """Answer of a Vero row. Raises Excluded if no rule of ours scores it."""
    kind = str(reward_type).strip().lower()
    if kind not in KNOWN:
        raise Excluded("reward_type_unknown", f"{reward_type!r}")
    if kind in UNSCORED:
        raise Excluded("reward_type_unscored", kind)
    if kind in CHOICE:
        return _choice(answer, question)
    if kind in NUMBER:
        return _number(answer, tolerance)
    if kind in ALTERNATIVES:
        return _alternatives(answer)
    if kind in ORDER:
        return _order(answer)
    if kind in BOX:
        return _box(answer)
    return Scored(answer, JUDGE if kind in JUDGED else MATH)


def from_answer(answer: str, question: str) -> Scored:
    """Answer of an MMFineReason row, which has no reward type: a letter among options is a choice."""
    return _choice(answer, question)


def options_in(question: str) -> tuple[str, ...]:
    """The texts of the options that a question lists as A, B, C, ...; empty when it lists none."""
    for label in _LABELS:
        found = _options_labelled(label, question)
        if len(found) >= 2 and all(found):
            return found
    return ()


def _options_labelled(label: str, question: str) -> tuple[str, ...]:
    """Text after each label, up to the next one or to the end of the line."""
    starts: list[re.Match[str]] = []
    for letter in string.ascii_uppercase:
        pattern = re.compile(rf"(?:^|(?<=\s)){label.format(letter)}\s*", re.MULTILINE)
        match = pattern.search(question, starts[-1].end() if starts else 0)
        if match is None:
            break
        starts.append(match)
    ends = [match.start() for match in starts[1:]] + [len(question)] * bool(starts)
    texts = [question[start.end() : end].strip() for start, end in zip(starts, ends, strict=True)]
    return (*texts[:-1], texts[-1].split("\n")[0].strip()) if texts else ()


def _choice(answer: str, question: str) -> Scored:
    """Answer of a choice; without options in the question the letter itself is compared."""
    options = options_in(question)
    return Scored(answer, "choice", options) if options else Scored(answer, MATH)


def _number(answer: str, tolerance: Any) -> Scored:
    given = _share(tolerance)
    try:
        is_zero = abs(float(answer)) <= _ZERO
    except ValueError:
        is_zero = False
    return Scored(answer, "number", tolerance=given, absolute_tolerance=given if is_zero else None)


def _share(tolerance: Any) -> float | None:
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float):
        return None
    return float(tolerance) if 0 <= tolerance < float("inf") else None


def _alternatives(answer: str) -> Scored:
    values = _read_list(answer) if answer.startswith(("[", "(")) else None
    texts = [answer] if values is None else [str(value).strip() for value in values]
    spellings: dict[str, str] = {}
    for text in filter(None, texts):
        spellings.setdefault(text.casefold(), text)
    accepted = list(spellings.values())
    if not accepted:
        raise Excluded("answer_missing", "an empty list")
    if len(accepted) == 1:
        return Scored(accepted[0], MATH)
    return Scored(json.dumps(accepted, ensure_ascii=False), "any")


def _order(answer: str) -> Scored:
    values = _read_list(answer) or [int(digits) for digits in re.findall(r"-?\d{1,18}", answer)]
    if len(values) < 2:
        raise Excluded("answer_unscorable", "an order of fewer than two things")
    return Scored(json.dumps(values, ensure_ascii=False, default=str), "list", ordered=True)


def _box(answer: str) -> Scored:
    """The box of a list of objects with `bbox_2d`, if there is exactly one."""
    values = _read_list(answer)
    boxes = [value.get("bbox_2d") for value in values or () if isinstance(value, dict)]
    if len(boxes) != 1 or not isinstance(boxes[0], list):
        raise Excluded("answer_unscorable", f"{len(boxes)} boxes; the grader compares one")
    return Scored(json.dumps(boxes[0], default=str), "box")


def _read_list(answer: str) -> Sequence[Any] | None:
    """A list written in JSON or in Python; None for anything else."""
    for read in (json.loads, ast.literal_eval):
        try:
            values = read(answer)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(values, list | tuple):
            return values
    return None
