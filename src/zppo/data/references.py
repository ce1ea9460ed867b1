"""The final answer in a reference that also holds the way to it: column -> **reference** -> rules."""

import re
from typing import Any

from zppo.data.dropped import BadRow
from zppo.rewards.boxed import last_boxed

FINAL = re.compile(r"(?:\A|\n)[ \t]*####[ \t]*(\S[^\n]*?)\s*\Z")
"""GSM8K's last line: `#### 72`."""
WORKED_OUT = (None, "math", "number")
"""Answer types whose references are final answers; others (exact, free, ...) may be of many words."""
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_COMMAND = re.compile(r"\\[A-Za-z]+\*?(?:\{[A-Za-z]*\*?\})?")
_SENTENCE = re.compile(r"(?:[^\W\d_]{2,}\W+){2}[^\W\d_]{2,}|[\u3040-\u30ff\u4e00-\u9fff]{8}")
"""Three words in a row, or as much in a script that does not part them."""


def is_marked(answer: Any) -> bool:
    """Whether an answer ends in a line `#### ANSWER`."""
    return isinstance(answer, str) and FINAL.search(answer) is not None


def final_answer(answer: str, answer_type: Any) -> str:
    """What a solution comes to: behind its `####`, or else in its last box. Another answer as it is.

    Raises BadRow for several lines with sentences in them, which no response would ever equal.
    """
    if answer_type not in WORKED_OUT:
        return answer
    if found := FINAL.search(answer):
        return found[1].replace(",", "") if _GROUPED.fullmatch(found[1]) else found[1]
    lines = [line for line in answer.splitlines() if line.strip()]
    if not any(_SENTENCE.search(_COMMAND.sub(" ", line)) for line in lines):
        return answer
    if boxed := last_boxed(answer):
        return boxed
    if len(lines) > 1:
        raise BadRow(
            "prose answer",
            "the answer is several lines of prose, not a final answer: name the column of the final answer with "
            "data.columns: {answer: NAME}, end it in a line `#### ANSWER`, or set answer_type to free and a judge",
        )
    return answer
