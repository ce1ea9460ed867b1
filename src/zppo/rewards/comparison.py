r"""Compares two answers in mathematics, from the cheapest look to the dearest: texts -> **comparison** -> verdicts.

Equal texts; options; plain numbers; dates, times and bases; lists, sets and intervals, element by element; equations;
values with units; words. What is left are two expressions, and `decide` is asked about those: a worker process.
"""

import re
from collections.abc import Callable, Sequence
from fractions import Fraction

from zppo.rewards.listing import joined_otherwise, listed, order, rows
from zppo.rewards.literals import same_option, same_parts
from zppo.rewards.measure import measured, same_unit
from zppo.rewards.normal import squeezed
from zppo.rewards.plain import Enumeration, number
from zppo.rewards.relations import Chain, Interval, chain, interval
from zppo.rewards.words import same_words

Decide = Callable[[str, str], bool | None]

MOST = 60
"""Elements of lists without an order; each may be compared with each."""
DEEPEST = 8
"""Lists inside each other."""
NEAR = Fraction(1, 10**6)
"""Plain numbers this close may be a number and its rounded decimal."""
_BUILDER = re.compile(r"^\\\{\s*([A-Za-z])(?:\s*\\in\s*R)?\s*(?:\||:|\\mid)\s*(?=[^}]*\1)(.+?)\s*\\\}$")


class Comparison:
    """Of one pair of answers, or of many."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide

    def __call__(self, gold: str, answer: str) -> bool | None:
        """Of two normal forms: True, False, or None where `decide` gave no verdict on what matters."""
        return self._same(gold, answer, 0)

    def _same(self, gold: str, answer: str, depth: int) -> bool | None:
        gold, answer = (_BUILDER.sub(r"\2", text) for text in (gold, answer))
        if not gold or not answer or depth > DEEPEST:
            return False
        if squeezed(gold) == squeezed(answer):
            return True
        if len(answer) > 1000 + 4 * len(gold):
            return False  # an essay, not an answer
        left, right = number(gold), number(answer)
        if left is not None and right is not None and (left == right or abs(left - right) > NEAR):
            return left == right

        def inside(one: str, other: str) -> bool | None:
            return self._same(one, other, depth + 1)

        verdict = same_option(gold, answer, inside)
        if verdict is None:
            verdict = same_parts(gold, answer)
        for step in (self._same_lists, self._same_relations, self._same_measures):
            if verdict is None:
                verdict = step(gold, answer, depth)
        return self._same_rest(gold, answer, depth) if verdict is None else verdict

    def _same_lists(self, gold: str, answer: str, depth: int) -> bool | None:
        """Lists, tuples, sets, unions and matrices; None unless one of them is more than one element."""
        matrices = rows(gold), rows(answer)
        if matrices[0] and matrices[1]:
            cells, others = ([cell for row in matrix for cell in row] for matrix in matrices)
            return list(map(len, matrices[0])) == list(map(len, matrices[1])) and self._all(cells, others, depth)
        left, right = listed(gold), listed(answer)
        if len(left.elements) == len(right.elements) == 1:
            if "{}" in (left.brackets, right.brackets):
                return _as_deep(left, right) and self._same(left.elements[0], right.elements[0], depth + 1)
            return None
        if len(left.elements) != len(right.elements):
            one, other = interval(gold), interval(answer)
            return self._same_intervals(one, other, depth) if one and other else self._unnamed(gold, answer, depth)
        in_order = order(left, right)
        if in_order is None or joined_otherwise(gold, answer):
            return False
        return (self._all if in_order else self._any_order)(left.elements, right.elements, depth)

    def _unnamed(self, gold: str, answer: str, depth: int) -> bool | None:
        r"""`x \in \{1, 2\}` and `S = \{1, 2\}` beside the set itself, `(x, y) = (1, 2)` beside the pair."""
        (name, left), (other, right) = _set_of(gold), _set_of(answer)
        names = {other, *(chain(element).name for element in listed(right if name else left).elements)} - {""}
        if (left, right) == (gold, answer) or (name and names - {name}) or (other and names - {other}):
            return False
        return self._same(left, right, depth + 1)

    def _all(self, gold: Sequence[str], answer: Sequence[str], depth: int) -> bool | None:
        verdicts = []
        for pair in zip(gold, answer, strict=True):
            verdicts.append(self._same(*pair, depth + 1))
            if verdicts[-1] is False:
                return False
        return None if None in verdicts else True

    def _any_order(self, gold: Sequence[str], answer: Sequence[str], depth: int) -> bool | None:
        """Each element of one has a partner of its own in the other."""
        free, unsure = list(answer), False
        if len(free) > MOST:
            return sorted(map(squeezed, gold)) == sorted(map(squeezed, free))
        for element in sorted(gold, key=lambda text: text not in free):
            partner = None
            for i, other in enumerate(free):
                verdict = _is_set(element) == _is_set(other) and self._same(element, other, depth + 1)
                unsure = unsure or verdict is None
                if verdict:
                    partner = i
                    break
            if partner is None:
                return None if unsure else False
            free.pop(partner)
        return True

    def _same_relations(self, gold: str, answer: str, depth: int) -> bool | None:
        left, right = chain(gold), chain(answer)
        if not left.signs and not right.signs:
            exact = left.parts[0], right.parts[0]  # without what is behind an approximate sign
            return None if exact == (gold, answer) else self._same(*exact, depth + 1)
        one, other = interval(gold), interval(answer)
        if one and other:
            return self._same_intervals(one, other, depth)
        if not left.signs or not right.signs or {left.signs, right.signs} == {("=",), (r"\in",)}:
            return self._value_of_relation(left, right, depth)
        if left.is_equation and right.is_equation:
            return self._same_equations(left, right, depth)
        if len(left.signs) == len(right.signs) == 1 and set(left.signs + right.signs) <= {"<", ">", r"\le", r"\ge"}:
            return self._decide(gold, answer)
        return left.signs == right.signs and self._all(left.parts, right.parts, depth)

    def _value_of_relation(self, left: Chain, right: Chain, depth: int) -> bool | None:
        """`x = 5` beside `5`, and `x = 2 + 3 = 5` too: each part of the chain must be the value."""
        if not _in_or_equal(left, right) or (left.name and right.name and left.name != right.name):
            return False
        return self._each(left.values, right.values, depth)

    def _each(self, left: Sequence[str], right: Sequence[str], depth: int) -> bool | None:
        pairs = [(one, other) for one in left for other in right]
        return self._all([one for one, _ in pairs], [other for _, other in pairs], depth)

    def _same_equations(self, left: Chain, right: Chain, depth: int) -> bool | None:
        if left.name and left.name == right.name:
            return self._each(left.values, right.values, depth)
        if len(left.signs) != 1 or len(right.signs) != 1:
            return False
        sides = [(left.parts[0], right.parts[0]), (left.parts[1], right.parts[1])]
        if all(squeezed(one) == squeezed(other) for one, other in sides):
            return True
        return (
            False
            if any(_has_words(part) for part in left.parts + right.parts)
            else self._decide(" = ".join(left.parts), " = ".join(right.parts))
        )

    def _same_intervals(self, gold: Interval, answer: Interval, depth: int) -> bool | None:
        if gold.brackets != answer.brackets or (gold.name and answer.name and gold.name != answer.name):
            return False
        return self._all((gold.low, gold.high), (answer.low, answer.high), depth)

    def _same_measures(self, gold: str, answer: str, depth: int) -> bool | None:
        """Two units that differ are never the same; a missing one is forgiven. Of a percentage the hundredth is too."""
        left, right = measured(gold), measured(answer)
        if (left.value, right.value) == (gold, answer):
            return None
        if left.unit and right.unit:
            return same_unit(left.unit, right.unit) and self._same(left.value, right.value, depth + 1)
        for side, text in ((left, answer), (right, gold)):
            if side.unit and text.endswith(side.unit):  # `10s` is 10 seconds beside a side that says so
                return self._same(side.value, text.removesuffix(side.unit), depth + 1)
        if not (left.forgiven and right.forgiven):
            return False
        percent, value = "%" in (left.unit, right.unit), number(left.value)
        share = percent and value is not None and abs(value) < 1  # 0.4% is not 0.4
        verdict = not share and self._same(left.value, right.value, depth + 1)
        if verdict is False and percent:
            one, other = (f"({side.value})/100" if side.unit == "%" else side.value for side in (left, right))
            return self._same(one, other, depth + 1)
        return verdict

    def _same_rest(self, gold: str, answer: str, depth: int) -> bool | None:
        verdict = same_words(gold, answer, lambda one, other: self._same(one, other, depth + 1))
        return self._decide(gold, answer) if verdict is None else verdict


def _set_of(text: str) -> tuple[str, str]:
    r"""The name and the value of `S = \{1, 2\}`; no name, and the text, for anything else."""
    read = chain(text)
    named = read.name and len(read.values) == 1 and len(listed(text).elements) == 1
    return (read.name, read.values[0]) if named else ("", text)


def _is_set(text: str) -> bool:
    return text == r"\emptyset" or (text.lstrip("\\")[:1] == "{" and text[-1] == "}")


def _as_deep(left: Enumeration, right: Enumeration) -> bool:
    """Whether two single elements are sets or not: braces around a number may be left out, around a set they count."""
    deep = [side.brackets == "{}" and _is_set(side.elements[0]) for side in (left, right)]
    return deep[0] == deep[1]


def _has_words(text: str) -> bool:
    return same_words(text, "1", lambda one, other: None) is False


def _in_or_equal(left: Chain, right: Chain) -> bool:
    return set(left.signs + right.signs) <= {"=", r"\in"}
