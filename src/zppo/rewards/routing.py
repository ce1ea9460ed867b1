"""Which rule scores which question: questions and responses -> **routing** -> rules -> verdicts.

A question's column `answer_type` names the rule; without one it is `math`, the method's own (method section 7).
Training, evaluation and `zppo grade` all score through `RoutedVerdict`.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from zppo.errors import nearest
from zppo.rewards.alternatives import AnyRule
from zppo.rewards.choice import compare_choice, read_choice
from zppo.rewards.equivalence import Equivalence
from zppo.rewards.exact import compare_exact, read_exact
from zppo.rewards.graded import BoxRule, Graded, Rule, refuse
from zppo.rewards.judge import Judge, NoJudge
from zppo.rewards.lists import ListRule
from zppo.rewards.quantity import compare_quantity, read_quantity
from zppo.rewards.regions import compare_region, read_region
from zppo.rewards.verdict import BoxedVerdict
from zppo.types import Question

COLUMN = "answer_type"


class RoutedVerdict:
    """Scores each response by the rule of its question's answer type; the `judge` may be set later."""

    def __init__(self, equivalence: Equivalence | None = None, judge: Judge | None = None) -> None:
        self.equivalence = equivalence or Equivalence()
        self.judge = judge
        self._rules: dict[str, Rule] = {
            "math": BoxedVerdict(self.equivalence),
            "choice": BoxRule(read_choice, partial(compare_choice, self.equivalence)),
            "number": BoxRule(read_quantity, compare_quantity),
            "exact": BoxRule(read_exact, compare_exact),
            "list": ListRule(self.equivalence),
            "any": AnyRule(self.equivalence),
            "box": BoxRule(read_region, compare_region),
        }

    def __call__(self, questions: Sequence[Question], responses: Sequence[str]) -> list[float | None]:
        return [graded.reward for graded in self.grade(questions, responses)]

    def grade(self, questions: Sequence[Question], responses: Sequence[str]) -> list[Graded]:
        """The same with reasons. Raises DataError for a question that `check` refuses."""
        by_type: dict[str, list[tuple[int, Question, str]]] = defaultdict(list)
        for i, (question, response) in enumerate(zip(questions, responses, strict=True)):
            by_type[self._type(question)].append((i, question, response))
        graded: dict[int, Graded] = {}
        for kind, rows in by_type.items():
            places, asked, given = zip(*rows, strict=True)
            graded |= zip(places, self._rule(kind).grade(asked, given), strict=True)
        return [graded[i] for i in range(len(questions))]

    def check(self, questions: Sequence[Question]) -> None:
        """Raises DataError, naming the question, for an unknown answer type or a reference its rule cannot read."""
        for question in questions:
            self._rule(self._type(question)).check(question)

    def metrics(self) -> dict[str, float]:
        return self.equivalence.metrics() | (self.judge.metrics() if self.judge else {})

    def close(self) -> None:
        self.equivalence.close()

    def _type(self, question: Question) -> str:
        kind = question.fields.get(COLUMN)
        if kind is None:
            return "math"
        if kind != "free" and kind not in self._rules:
            known = nearest(str(kind), [*self._rules, "free"])
            refuse(question, f"unknown {COLUMN} {kind!r}{known} (or rename the column, or pass reward functions)")
        return str(kind)

    def _rule(self, kind: str) -> Rule:
        return self._rules[kind] if kind != "free" else self.judge or NoJudge()


def is_free(question: Question) -> bool:
    """Whether the question waits for a judge."""
    return question.fields.get(COLUMN) == "free"
