r"""Several values in one answer (`answer_type: list`): the solutions of an equation, the members of a set.

In any order, unless the question's column `ordered` is true: "all solutions" has no order, a ranking has. Repeated
values count. Elements are compared like answers of type `math`.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from zppo.rewards.equivalence import Equivalence, Pair
from zppo.rewards.graded import Graded, refuse, shown
from zppo.rewards.plain import as_text, both_signs, enumeration
from zppo.types import Question

_AND = re.compile(r"\s+(?:and|or)\s+")
_COMMA_AND = re.compile(r",\s*(?:and|or)\s+")
_NAME = re.compile(r"^[A-Za-z]\w{0,20}\s*(?:=|\\in(?![A-Za-z])|∈)\s*(?=\\?\{)")
LONGEST = 100
"""Elements of a list. Each is compared with each."""


@dataclass(frozen=True)
class Listed:
    elements: tuple[str, ...]
    ordered: bool


class ListRule:
    """Grades lists; the comparisons of a whole batch are made together."""

    def __init__(self, equivalence: Equivalence) -> None:
        self._equivalence = equivalence

    def check(self, question: Question) -> None:
        read_list(question)

    def grade(self, questions: Sequence[Question], answers: Sequence[str]) -> list[Graded]:
        rows = [(read_list(q), answer) for q, answer in zip(questions, answers, strict=True)]
        pairs = list(dict.fromkeys(pair for gold, answer in rows for pair in _pairs(gold, _given(gold, answer))))
        equal = dict(zip(pairs, self._equivalence.many(pairs), strict=True))
        return [compare_list(gold, answer, equal) for gold, answer in rows]


def read_list(question: Question) -> Listed:
    ordered = question.fields.get("ordered")
    if ordered is not None and not isinstance(ordered, bool):
        refuse(question, f"ordered is {ordered!r}; write true or false")
    listed = elements(question.answer)
    if not 1 <= len(listed) <= LONGEST:
        refuse(question, f"the answer has {len(listed)} elements; a list has 1 to {LONGEST}, separated by commas")
    return Listed(listed, bool(ordered))


def compare_list(gold: Listed, box: str, equal: Mapping[Pair, bool | None]) -> Graded:
    """`equal` has the verdict on every pair of elements that can matter."""
    given = _given(gold, box)
    if len(given) != len(gold.elements):
        return Graded(0.0, f"{len(given)} elements in {shown(box)}, {len(gold.elements)} are right", box)
    missing, unsure = _unmatched(gold, given, equal)
    if not missing:
        return Graded(1.0, f"all of {shown(', '.join(gold.elements))} are there", box)
    if unsure:
        return Graded(None, f"whether {shown(missing[0])} is there could not be told in time", box)
    where = "in its place in" if gold.ordered else "in"
    return Graded(0.0, f"{shown(missing[0])} is not {where} {shown(box)}", box)


def elements(text: str, and_separates: bool = True) -> tuple[str, ...]:
    r"""Elements of a JSON list, or of a text with commas or semicolons, in brackets or bare, "and" before the last.

    `x \in \{1, 2\}` are the elements of the set; `\pm 2` are two. If elements contain an "and", it does not separate.
    """
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        listed = None
    if isinstance(listed, list):
        return tuple(element if isinstance(element, str) else json.dumps(element) for element in listed)
    text = _COMMA_AND.sub(", ", _NAME.sub("", as_text(text)))
    parts = enumeration(_AND.sub(", ", text) if and_separates else text).elements
    return tuple(signed for part in parts for signed in both_signs(part))


def _given(gold: Listed, box: str) -> tuple[str, ...]:
    return elements(box, and_separates=not any(_AND.search(element) for element in gold.elements))


def _pairs(gold: Listed, given: Sequence[str]) -> list[Pair]:
    """Pairs whose comparison decides if the lists are equal."""
    if len(given) != len(gold.elements):
        return []
    if gold.ordered:
        return list(zip(gold.elements, given, strict=True))
    return list(product(*_without_common(gold.elements, given)))


def _without_common(gold: Sequence[str], given: Sequence[str]) -> tuple[list[str], list[str]]:
    """Both lists without the elements with equal text."""
    left, right = Counter(gold), Counter(given)
    return list((left - right).elements()), list((right - left).elements())


def _unmatched(gold: Listed, given: Sequence[str], equal: Mapping[Pair, bool | None]) -> tuple[list[str], bool]:
    """The reference elements without a partner (each given element is the partner of one), and True if one of their
    comparisons had no verdict."""
    if gold.ordered:
        missing = [pair for pair in zip(gold.elements, given, strict=True) if not equal[pair]]
        return [wanted for wanted, _ in missing], any(equal[pair] is None for pair in missing)
    open_, free = _without_common(gold.elements, given)
    lost = []
    for wanted in open_:
        partner = next((i for i, element in enumerate(free) if equal[wanted, element]), None)
        if partner is None:
            lost.append(wanted)
        else:
            free.pop(partner)
    return lost, any(equal[pair] is None for pair in product(lost, free))
