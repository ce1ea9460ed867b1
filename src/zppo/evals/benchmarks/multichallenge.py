"""MultiChallenge: conversations that end with a user turn, on four axes.

The judge reads the response and one question about it, never the conversation; the student never reads that question.
The score is the unweighted mean of the four axes, as the authors compute it, not the mean over rows.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from zppo.errors import DataError
from zppo.evals.aggregates import macro
from zppo.evals.asking import ask, plain
from zppo.evals.benchmark import Benchmark, Data, Item, Judgement, Row
from zppo.evals.replies import field
from zppo.evals.rules import leave_to_judge
from zppo.rewards.thoughts import visible

AXES = ("INFERENCE_MEMORY", "INSTRUCTION_RETENTION", "SELF_COHERENCE", "RELIABLE_VERSION_EDITING")
VERDICTS = ("YES", "NO")


def items(row: Row) -> list[Item]:
    axis, wanted = str(row["axis"]).strip().upper(), str(row["pass_criteria"]).strip().upper()
    if axis not in AXES:
        raise DataError(f"{row.where}: column 'axis' should be one of {', '.join(AXES)}, not {row['axis']!r}")
    if wanted not in VERDICTS:
        raise DataError(f"{row.where}: column 'pass_criteria' should be YES or NO, not {row['pass_criteria']!r}")
    *turns, last = _messages(row)
    if last["role"] != "user":
        raise DataError(f"{row.where}: the conversation should end with a user turn, not with {last['role']!r}")
    target = plain(row["target_question"])
    if not target:
        raise DataError(f"{row.where}: column 'target_question' is empty")
    question = ask(row, row["question_id"], last["content"], f"{wanted} to: {target}")
    return [Item(question, {"target": target, "verdict": wanted}, {"axis": axis}, turns)]


def judgement(item: Item, response: str) -> Judgement:
    values = {"response": visible(response), "target_question": item.gold["target"]}
    return Judgement("multichallenge", values, partial(read, wanted=item.gold["verdict"]))


def read(reply: str, wanted: str) -> float | None:
    verdict = str(field(reply, "verdict")).strip().upper()
    return float(verdict == wanted) if verdict in VERDICTS else None


def _messages(row: Row) -> list[dict[str, str]]:
    """The conversation, stored as a list of messages or as lists of roles and contents."""
    given: Any = row["conversation"]
    if isinstance(given, Mapping):
        roles, contents = given.get("role"), given.get("content")
        if isinstance(roles, list) and isinstance(contents, list) and len(roles) == len(contents):
            given = [{"role": r, "content": c} for r, c in zip(roles, contents, strict=True)]
    if not isinstance(given, Sequence) or not given or not all(_is_message(message) for message in given):
        raise DataError(f"{row.where}: column 'conversation' should be messages of role and content")
    return [{"role": message["role"], "content": plain(message["content"])} for message in given]


def _is_message(message: Any) -> bool:
    return (
        isinstance(message, Mapping)
        and message.get("role") in ("user", "assistant")
        and isinstance(message.get("content"), str)
    )


BENCHMARK = Benchmark(
    slug="multichallenge",
    abbr="MultiCh",
    name="MultiChallenge",
    family="llm",
    protocol="bench_judge",
    data=Data(
        hub_ids=("ScaleAI/MultiChallenge",),
        splits=("test",),
        columns={
            "conversation": "list|dict",
            "target_question": "str",
            "pass_criteria": "str",
            "axis": "str",
            "question_id": "str|int",
        },
        # The newest known to hold the data file of 9d9e0fd9 (266 rows), which later commits only describe.
        revision="670fd81f270314d0f8f82b34fcfe2187fd28f699",
        rows=266,
        unverified=(
            "the revision",
            "the names of all columns but `conversation` and `target_question`",
            "the number of rows",
        ),
    ),
    items=items,
    score=leave_to_judge,
    judgement=judgement,
    aggregate=macro("axis"),
)
