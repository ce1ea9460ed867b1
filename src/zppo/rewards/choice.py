r"""Multiple choice (`answer_type: choice`): the answer is a letter, an option's text, or both."""

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zppo.rewards.exact import normal_text
from zppo.rewards.graded import Graded, refuse, shown
from zppo.rewards.plain import unwrapped
from zppo.types import Question

Equal = Callable[[str, str], bool | None]
"""True if a reference and an answer are equivalent; None without a verdict."""

_MATHEMATICS = re.compile(r"[0-9\\]")
_SAID = r"(?:(?:the\s+)?(?:(?:correct|right|best|final)\s+)?(?:option|choice|answer)(?:\s+is\b)?[\s:]*){0,2}"
_ALONE = re.compile(rf"{_SAID}[(\[]?([A-Z])[)\].:]*", re.I)
_WITH_TEXT = re.compile(rf"{_SAID}(?:[(\[]([A-Z])[)\]]|([A-Z])(?:\s?[).:,=-]|\s(?=[(\[])))[\s:.,-]*(.+)", re.I | re.S)
_AROUND = (("**", "**"), ("__", "__"), ("`", "`"), ('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"), ("{", "}"))
"""Emphasis, quotation marks and braces around the whole content of the box."""


@dataclass(frozen=True)
class Choice:
    """Option texts by letter, and the letter of the right one."""

    options: Mapping[str, str]
    gold: str


def read_choice(question: Question) -> Choice:
    """The choice of a question: `options` is a list (A, B, ...) or an object by letter, the answer a letter or text."""
    options = _options(question)
    letter, among = _letter(question.answer, options), _with_text(question.answer, options)
    if letter is None and len(among) > 1:
        refuse(question, f"options {' and '.join(among)} are both {question.answer!r}; give the letter as the answer")
    gold = letter or next(iter(among), None)
    if gold is None:
        known = ", ".join(options)
        refuse(question, f"the answer {question.answer!r} is neither one of the letters {known} nor an option's text")
    return Choice(options, gold)


def compare_choice(equal: Equal, choice: Choice, box: str) -> Graded:
    """`equal` compares options in mathematics when the box holds neither a letter nor the exact text of one."""
    named = chosen(equal, choice.options, box)
    if named is None:
        return Graded(None, f"whether {shown(box)} is one of the options could not be told in time", box)
    if not named:
        return Graded(0.0, f"{shown(box)} names none of the options, or two", box)
    if choice.gold in named:
        return Graded(1.0, f"option {_named(choice.options, choice.gold)} was chosen", box)
    return Graded(0.0, f"option {_named(choice.options, named[0])} was chosen, {choice.gold} is right", box)


def chosen(equal: Equal, options: Mapping[str, str], box: str) -> list[str] | None:
    """The letters of the options that the box names (several have the same text); None without a verdict."""
    letters = _chosen(equal, options, box)
    labelled = _WITH_TEXT.fullmatch(unwrapped(normal_text(box), _AROUND))
    if letters != [] or (labelled and (labelled[1] or labelled[2]).upper() in options):
        return letters
    said = {letter: equal(text, box) for letter, text in options.items() if _MATHEMATICS.search(text)}
    letters = [letter for letter, same in said.items() if same]
    return None if not letters and None in said.values() else letters


def _options(question: Question) -> dict[str, str]:
    options = lettered(question.fields.get("options"))
    if len(options) < 2 or not all(letter in string.ascii_uppercase and len(letter) == 1 for letter in options):
        refuse(
            question, 'a choice needs a column `options`: a list of texts, or an object such as {"A": "yes", "B": "no"}'
        )
    return options


def lettered(given: Any) -> dict[str, str]:
    """Option texts by letter, of a list (A, B, ...) or an object of letters; empty for anything else.

    Labels at the start of the texts are removed.
    """
    options: dict[str, Any] = {}
    if isinstance(given, Mapping):
        options = {str(letter).strip().upper(): text for letter, text in given.items() if text is not None}
    elif isinstance(given, Sequence) and not isinstance(given, str):
        options = dict(zip(string.ascii_uppercase, given, strict=False))
    return _without_labels({letter: str(text) for letter, text in options.items()})


def _without_labels(options: dict[str, str]) -> dict[str, str]:
    """`A) seven` as `seven`, if every text begins with its own letter."""
    parts = {letter: _WITH_TEXT.fullmatch(text) for letter, text in options.items()}
    if all(part and (part[1] or part[2]) == letter for letter, part in parts.items()):
        return {letter: part[3] for letter, part in parts.items() if part}
    return options


def _chosen(equal: Equal, options: Mapping[str, str], box: str) -> list[str] | None:
    """The letters that the box names: by letter, else by text. None without a verdict.

    A letter with the text of another option names neither, unless that text is equivalent to its own.
    """
    box = normal_text(box)
    inner = unwrapped(box, _AROUND)
    letter = _letter(inner, options)
    if letter is not None:
        return [letter]
    by_text = _with_text(box, options) or _with_text(inner, options)
    both = _WITH_TEXT.fullmatch(inner)
    if by_text or both is None:
        return by_text
    written, text = both[1] or both[2], both[3]
    letter = written.upper()
    if letter not in options:
        return []
    if all(letter in named for named in _mentioned(text, options, written.isupper())):
        return [letter]
    same = equal(options[letter], text) if _MATHEMATICS.search(options[letter]) else False
    if same is None:
        return None
    return [letter] if same else []


def _mentioned(text: str, options: Mapping[str, str], capitals: bool) -> list[list[str]]:
    """The options mentioned in a text, by text (the longest where one contains another) or by letter.

    A letter is in brackets or alone; a bare one has the case given by `capitals`, so that it is not an article.
    """
    among = _with_text(text, options) or [letter for letter in [_letter(text, options)] if letter]
    if among:
        return [among]
    texts = sorted(filter(None, (normal_text(option) for option in options.values())), key=len, reverse=True)
    by_text = rf"(?i:{'|'.join(map(re.escape, texts)) or '(?!)'})(?!\w)(?!\.\d)"
    by_letter = r"[A-Za-z](?=[)\]])|" + (r"[A-Z](?!\w)" if capitals else r"[a-z](?!\w)")
    found = re.finditer(rf"(?<!\w)(?<!\d\.)(?:({by_text})|({by_letter}))", text)
    named = [_with_text(each[1], options) if each[1] else [each[2].upper()] for each in found]
    return [letters for letters in named if set(letters) & set(options)]


def _letter(text: str, options: Mapping[str, str]) -> str | None:
    match = _ALONE.fullmatch(normal_text(text))
    return match[1].upper() if match and match[1].upper() in options else None


def _with_text(text: str, options: Mapping[str, str]) -> list[str]:
    wanted = normal_text(text).casefold()
    return [letter for letter, option in options.items() if normal_text(option).casefold() == wanted]


def _named(options: Mapping[str, str], letter: str) -> str:
    return f"{letter} ({shown(options[letter])})"
