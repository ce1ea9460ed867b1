"""Routing of questions to rules: questions and responses -> **routing** -> rules -> verdicts.

A question's column `answer_type` names the rule; without one it is `math`, the method's own (method section 7).
Training, evaluation and `zppo grade` all score through `RoutedScorer`.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from zppo.errors import nearest
from zppo.rewards.alternatives import AnyRule
from zppo.rewards.choice import compare_choice, read_choice
from zppo.rewards.equivalence import Equivalence
from zppo.rewards.exact import compare_exact, read_exact
from zppo.rewards.extraction import BOXED, Extractor
from zppo.rewards.graded import AnswerRule, FreeFormJudge, Graded, Rule, refuse
from zppo.rewards.lists import ListRule
from zppo.rewards.mathematics import MathRule
from zppo.rewards.quantity import compare_quantity, read_quantity
from zppo.rewards.regions import compare_region, read_region
from zppo.types import Question

COLUMN = "answer_type"
NO_JUDGE = "a free-form answer needs a judge, and there is none"


class NoJudge:
    """Leaves every free-form answer unscored."""

    def grade(
        self, questions: Sequence[Question], responses: Sequence[str], extract: Extractor = BOXED
    ) -> list[Graded]:
        return [Graded(None, NO_JUDGE, extract(response)) for response in responses]

    def metrics(self) -> dict[str, float]:
        return {}


class RoutedScorer:
    """Scores the final answer of each response, found by `extract`, with the rule of its question's answer type.

    A response without one is wrong; free-form answers are compared by the `judge`. Both may be set later.
    """

    def __init__(
        self, equivalence: Equivalence | None = None, judge: FreeFormJudge | None = None, extract: Extractor = BOXED
    ) -> None:
        self.equivalence = equivalence or Equivalence()
        self.judge = judge
        self.extract = extract
        self._rules: dict[str, Rule] = {
            "math": MathRule(self.equivalence),
            "choice": AnswerRule(read_choice, partial(compare_choice, self.equivalence)),
            "number": AnswerRule(read_quantity, compare_quantity),
            "exact": AnswerRule(read_exact, compare_exact),
            "list": ListRule(self.equivalence),
            "any": AnyRule(self.equivalence),
            "box": AnswerRule(read_region, compare_region),
        }

    def __call__(self, questions: Sequence[Question], responses: Sequence[str]) -> list[float | None]:
        return [graded.reward for graded in self.grade(questions, responses)]

    def grade(self, questions: Sequence[Question], responses: Sequence[str]) -> list[Graded]:
        """The scores with reasons. Raises DataError for a question that `check` refuses."""
        graded: dict[int, Graded] = {}
        by_type: dict[str, list[int]] = defaultdict(list)
        answers = [self.extract(response) for response in responses]
        for place, (question, answer) in enumerate(zip(questions, answers, strict=True)):
            kind = self._type(question)
            if answer is None and kind != "free":
                graded[place] = Graded(0.0, self.extract.missing)
            else:
                by_type[kind].append(place)
        for kind, places in by_type.items():
            asked = [questions[place] for place in places]
            if kind == "free":
                found = (self.judge or NoJudge()).grade(asked, [responses[place] for place in places], self.extract)
            else:
                found = self._rules[kind].grade(asked, [answers[place] or "" for place in places])
            graded |= zip(places, found, strict=True)
        return [graded[i] for i in range(len(questions))]

    def check(self, questions: Sequence[Question]) -> None:
        """Raise DataError, naming the question, for an unknown answer type or a reference its rule cannot read."""
        for question in questions:
            kind = self._type(question)
            if kind != "free":
                self._rules[kind].check(question)

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


def is_free(question: Question) -> bool:
    """True if the question needs a judge."""
    return question.fields.get(COLUMN) == "free"
