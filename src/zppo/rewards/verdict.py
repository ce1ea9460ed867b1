"""Right, wrong or unscored: rollouts -> **verdicts** -> groups (method section 7).

A verdict is anything that can be called like `zppo.engines.base.Verdict`. `BoxedVerdict` is the one of answers in
mathematics; `routing.py` chooses by answer type, `functions.py` makes a verdict of reward functions.
"""

from collections.abc import Sequence

from zppo.rewards.boxed import last_boxed
from zppo.rewards.equivalence import Equivalence
from zppo.rewards.graded import NO_BOX, Graded, equivalence_graded, reference
from zppo.types import Question


class BoxedVerdict:
    r"""1.0 when the last `\boxed{}` is equivalent to the question's answer, 0.0 when it is not or there is none.

    None when the grader gave no verdict. Pass an `Equivalence` to set the deadline or to share its workers.
    """

    def __init__(self, equivalence: Equivalence | None = None) -> None:
        self.equivalence = equivalence or Equivalence()

    def __call__(self, questions: Sequence[Question], responses: Sequence[str]) -> list[float | None]:
        return [graded.reward for graded in self.grade(questions, responses)]

    def check(self, question: Question) -> None:
        """Any answer can be compared."""

    def grade(self, questions: Sequence[Question], responses: Sequence[str]) -> list[Graded]:
        """The same with the reason."""
        boxed = [(reference(q.answer), last_boxed(response)) for q, response in zip(questions, responses, strict=True)]
        pairs = [(gold, box) for gold, box in boxed if box is not None]
        verdicts = dict(zip(pairs, self.equivalence.many(pairs), strict=True))
        deadline_s = self.equivalence.deadline_s
        return [
            Graded(0.0, NO_BOX) if box is None else equivalence_graded(verdicts[gold, box], gold, box, deadline_s)
            for gold, box in boxed
        ]

    def metrics(self) -> dict[str, float]:
        return self.equivalence.metrics()

    def close(self) -> None:
        self.equivalence.close()
