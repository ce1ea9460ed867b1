"""Right, wrong or unscored: rollouts -> **verdicts** -> groups (method section 7).

A verdict is anything that can be called like `zppo.engines.base.Verdict`. The method's own is `BoxedVerdict`;
`functions.py` makes one of reward functions.
"""

from collections.abc import Sequence

from zppo.rewards.boxed import last_boxed
from zppo.rewards.equivalence import Equivalence
from zppo.types import Question


class BoxedVerdict:
    r"""1.0 when the last `\boxed{}` is equivalent to the question's answer, 0.0 when it is not or there is none.

    None when the grader gave no verdict. Pass an `Equivalence` to set the deadline or to share one worker.
    """

    def __init__(self, equivalence: Equivalence | None = None) -> None:
        self.equivalence = equivalence or Equivalence()

    def __call__(self, questions: Sequence[Question], responses: Sequence[str]) -> list[float | None]:
        return [self._score(q.answer, response) for q, response in zip(questions, responses, strict=True)]

    def _score(self, gold: str, response: str) -> float | None:
        box = last_boxed(response)
        if box is None:
            return 0.0
        verdict = self.equivalence(gold, box)
        return None if verdict is None else float(verdict)

    def metrics(self) -> dict[str, float]:
        return self.equivalence.metrics()

    def close(self) -> None:
        self.equivalence.close()
