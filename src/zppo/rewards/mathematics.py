r"""Answers in mathematics (`answer_type: math`, the default): equivalent expressions are right (method section 7)."""

from collections.abc import Sequence

from zppo.rewards.equivalence import Equivalence
from zppo.rewards.graded import Graded, equivalence_graded, reference
from zppo.types import Question


class MathRule:
    """Grades by `Equivalence`; unscored without a verdict."""

    def __init__(self, equivalence: Equivalence) -> None:
        self._equivalence = equivalence

    def check(self, question: Question) -> None:
        """Accept every question: any answer can be compared."""

    def grade(self, questions: Sequence[Question], answers: Sequence[str]) -> list[Graded]:
        pairs = [(reference(q.answer), answer) for q, answer in zip(questions, answers, strict=True)]
        verdicts = self._equivalence.many(pairs)
        deadline_s = self._equivalence.deadline_s
        return [equivalence_graded(v, *pair, deadline_s) for pair, v in zip(pairs, verdicts, strict=True)]
