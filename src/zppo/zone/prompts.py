"""Prompt texts from templates (method section 6). Every template is a text file that a user can replace.

A template is plain text with placeholders in single braces, filled in one pass: the text of a question or a
candidate is never read as a placeholder, and `\\boxed{}` needs no escaping.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from zppo.errors import ConfigError, nearest
from zppo.types import MEDIA_MARK, Candidate, Question
from zppo.zone.answers import distinct

PLACEHOLDERS: dict[str, frozenset[str]] = {
    "closer": frozenset(),
    "plain": frozenset({"question", "closer"}),
    "bcq": frozenset({"question", "candidates", "closer"}),
    "ncq": frozenset({"question", "candidates", "wrong_answers", "closer"}),
    "hint": frozenset({"question", "hint", "closer"}),
    "compress": frozenset({"question", "response"}),
    "write_hint": frozenset({"question", "response"}),
    "judge": frozenset({"question", "answer", "response"}),
}
"""The templates by name, with the placeholders each may use. All must be used except those in `OPTIONAL`."""

OPTIONAL = {("compress", "question"), ("write_hint", "question")}
NO_ANSWER = "(none of them states a final answer)"
EMPTY = "(empty response)"
"""Text of a response without visible text."""
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")


def boxed(answer: str) -> str:
    return f"\\boxed{{{answer}}}"


@dataclass(frozen=True)
class Templates:
    """The prompt templates of a run, by name; `state` writes a final answer in the form of the responses."""

    texts: Mapping[str, str]
    state: Callable[[str], str] = boxed

    @classmethod
    def load(cls, folder: str | Path | None = None) -> "Templates":
        """The shipped templates, each replaced by `folder/NAME.txt` where that file exists.

        Raises ConfigError for a missing folder, a file that is not a template, or a wrong placeholder.
        """
        texts = {name: _shipped(name) for name in PLACEHOLDERS}
        if folder is not None:
            texts |= _read_folder(Path(folder))
        for name, text in texts.items():
            _check(name, text)
        return cls(texts)

    def plain(self, question: Question) -> str:
        return self._fill("plain", question=question.text)

    def bcq(self, question: Question, candidates: Sequence[Candidate]) -> str:
        return self._fill("bcq", question=question.text, candidates=_tagged(candidates))

    def ncq(self, question: Question, wrong: Sequence[Candidate]) -> str:
        """NCQ prompt: the distinct wrong answers as a list, then the candidates."""
        listed = ", ".join(map(self.state, distinct(c.answer for c in wrong))) or NO_ANSWER
        return self._fill("ncq", question=question.text, candidates=_tagged(wrong), wrong_answers=listed)

    def hint(self, question: Question, hint: str) -> str:
        return self._fill("hint", question=question.text, hint=f"<hint>\n{hint}\n</hint>")

    def compress(self, question: Question, response: str) -> str:
        return self._fill("compress", question=question.words, response=response)

    def write_hint(self, question: Question, response: str) -> str:
        return self._fill("write_hint", question=question.words, response=response)

    def judge(self, question: Question, response: str) -> str:
        return self._fill(
            "judge", question=question.words, answer=question.answer.replace(MEDIA_MARK, ""), response=response
        )

    def _fill(self, name: str, **values: str) -> str:
        values["closer"] = self.texts["closer"]
        return _PLACEHOLDER.sub(lambda match: values[match[1]], self.texts[name])


def _tagged(candidates: Sequence[Candidate]) -> str:
    return "\n".join(f"<candidate>\n{c.text or EMPTY}\n</candidate>" for c in candidates)


def _shipped(name: str) -> str:
    return resources.files("zppo.zone").joinpath("templates", f"{name}.txt").read_text("utf-8").strip()


def _read_folder(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        raise ConfigError(f"prompts.templates: {folder} is not a folder of template files")
    files = {path.stem: path for path in folder.glob("*.txt")}
    for name, path in files.items():
        if name not in PLACEHOLDERS:
            raise ConfigError(f"{path}: there is no template {name!r}{nearest(name, PLACEHOLDERS)}")
    return {name: path.read_text("utf-8").strip() for name, path in files.items()}


def _check(name: str, text: str) -> None:
    used, known = set(_PLACEHOLDER.findall(text)), PLACEHOLDERS[name]
    for placeholder in sorted(used - known):
        raise ConfigError(f"template {name!r}: unknown placeholder {{{placeholder}}}{nearest(placeholder, known)}")
    missing = sorted(p for p in known - used if (name, p) not in OPTIONAL)
    if missing:
        raise ConfigError(f"template {name!r}: placeholder {{{missing[0]}}} is missing")
