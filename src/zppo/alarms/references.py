"""Alarms about questions with a reference that may be broken: never answered right, or the teachers agree on another.

Without a teacher that answers, a question that is too hard looks the same; so only its visits count.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from zppo.alarms.seen import SHOWN, Seen, percent, quoted
from zppo.types import Group, Question, Rollout
from zppo.zone.answers import normal_form

VISITS = 4
"""Visits in a row without a right response of student or teacher: with groups of 8 and 4 some 48 responses."""
TEACHER_ANSWERS = 16
"""Answers of teachers before their agreement counts: four visits with 4 responses each. A small teacher repeats its
own mistake: that of the pocket failed in all of three visits to one of 3,200 questions."""
AGREEING = 0.9
"""Share of equal answers among them."""
NAMED = 3
MOST_QUESTIONS, MOST_ANSWERS = 10_000, 20
"""Questions stored (the size of the paper's buffer) and distinct answers stored of each."""


class Suspects:
    """Questions without a right response since their last one, by id.

    Each has its `gold` answer, its `visits`, and the count of each of its `answers`, in normal form.
    """

    def __init__(self) -> None:
        self.questions: dict[str, dict[str, Any]] = {}

    def visit(self, question: Question, rollouts: Sequence[Rollout]) -> dict[str, Any]:
        known = self.questions.pop(question.id, None) or {"gold": question.answer, "visits": 0, "answers": {}}
        self.questions[question.id] = known  # moved to the end as the newest
        while len(self.questions) > MOST_QUESTIONS:
            del self.questions[next(iter(self.questions))]
        known["visits"] += 1
        answers = known["answers"]
        for form in filter(None, (normal_form(r.answer or "")[:SHOWN] for r in rollouts)):
            if form in answers or len(answers) < MOST_ANSWERS:
                answers[form] = answers.get(form, 0) + 1
        return known


class NeverRight(Suspects):
    """Neither student nor teacher ever gets a question right."""

    name: ClassVar[str] = "never_right"

    def observe(self, seen: Seen) -> str:
        teacher = _by_question(seen.batch.teacher)
        found = {}
        for group, rollouts in _by_question(seen.batch.groups).values():
            question = group.question
            injected = teacher[question.id][1] if question.id in teacher else []
            if any(r.is_right for r in (*rollouts, *injected)):
                self.questions.pop(question.id, None)
            elif any(r.is_wrong for r in injected):
                known = self.visit(question, (*rollouts, *injected))
                if known["visits"] >= VISITS:
                    found[question.id] = known
        if not found:
            return ""
        return (
            f"nobody, teacher included, got {_count(found)} of this step right in {VISITS} visits or more: "
            f"{'; '.join(_named(found))}. Their reference answers may be broken, or their answer type the wrong one: "
            "correct them or take them out of the data (zppo grade shows how a response is scored)"
        )


class TeacherDisagrees(Suspects):
    """The teachers agree with each other on another answer than the reference."""

    name: ClassVar[str] = "teacher_disagrees"

    def observe(self, seen: Seen) -> str:
        found = {}
        for group, rollouts in _by_question(seen.batch.teacher).values():
            if any(r.is_right for r in rollouts):
                self.questions.pop(group.question.id, None)
            elif any(r.is_wrong for r in rollouts):
                known = self.visit(group.question, rollouts)
                counts = known["answers"].values()
                if sum(counts) >= TEACHER_ANSWERS and max(counts) >= AGREEING * sum(counts):
                    found[group.question.id] = known
        if not found:
            return ""
        return (
            f"the teachers agree with each other, and not with the reference, about {_count(found)} of this step: "
            f"{'; '.join(_named(found))}. Check these references, and how such an answer is written (units, form, "
            "answer type): zppo grade shows how it is scored"
        )


def _by_question(groups: Iterable[Group]) -> dict[str, tuple[Group, list[Rollout]]]:
    """A group and all rollouts of each question; injected responses are excluded."""
    rollouts: dict[str, list[Rollout]] = defaultdict(list)
    for group in groups:
        rollouts[group.question.id] += [r for r in group.rollouts if not r.injected]
    return {group.question.id: (group, rollouts[group.question.id]) for group in groups}


def _count(found: dict[str, Any]) -> str:
    return "a question" if len(found) == 1 else f"{len(found)} questions"


def _named(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    for question_id, known in list(found.items())[:NAMED]:
        total = sum(known["answers"].values())
        said = "no response holds an answer"
        if total:
            answer = max(known["answers"], key=known["answers"].__getitem__)
            said = f"{percent(known['answers'][answer], total)} of {total} answers say {quoted(answer)}"
        yield f"{quoted(question_id)} (reference {quoted(known['gold'])}, {said})"
    if len(found) > NAMED:
        yield f"{len(found) - NAMED} more"
