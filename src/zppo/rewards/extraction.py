r"""Extraction of final answers: responses -> **answers** -> rules, prompts, audit (option `rewards.extract`).

`boxed` is the method's own (section 7). The others read models that were not trained to box their answers: the first
extractor of the list that finds an answer is used.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from zppo.custom import PROGRAM, check_form, load_callable
from zppo.errors import ConfigError, RewardError, nearest
from zppo.rewards.boxed import last_boxed, pieces
from zppo.rewards.finders import answer_tag, choice, gsm8k, last_match, last_number

Find = Callable[[str], str | None]
REGEX = "regex:"
logger = logging.getLogger(__name__)


def in_pieces(find: Find) -> Find:
    """`find` applied to the preferred piece, then to the others: outside of the thoughts first, as for boxes."""
    return lambda response: next((found for piece in pieces(response) if (found := find(piece)) is not None), None)


EXTRACTORS: Mapping[str, Find] = {
    "boxed": last_boxed,
    "last_number": in_pieces(last_number),
    "answer_tag": in_pieces(answer_tag),
    "gsm8k": in_pieces(gsm8k),
    "choice": in_pieces(choice),
}
STATEMENTS = {"boxed": r"\boxed{%s}", "answer_tag": "<answer>%s</answer>", "gsm8k": "#### %s", "choice": "Answer: %s"}
"""Text of an answer that each extractor reads; for other extractors the bare answer."""


@dataclass(frozen=True)
class Extractor:
    """The extractors of `names` in their order. Called with a response it gives the final answer, or None.

    >>> Extractor.of(["boxed", "last_number"])("6 times 7 is 42.")
    '42'
    """

    names: tuple[str, ...]
    finds: tuple[Find, ...]

    @classmethod
    def of(cls, names: str | Sequence[str], option: str = "rewards.extract") -> "Extractor":
        """The extractor of `names`, as in `names_in`. Raises ConfigError for one that cannot be found or loaded."""
        each = names_in(names, option)
        return cls(each, tuple(_find(name, option) for name in each))

    def __call__(self, response: str) -> str | None:
        """The answer; None without a visible character. Raises RewardError where a program returns no text."""
        found = (find(response) for find in self.finds)
        return next((answer for answer in found if answer is not None and answer.strip()), None)

    def state(self, answer: str) -> str:
        """The answer as a response states it, in the form of the first extractor that has one."""
        form = next((STATEMENTS[name] for name in self.names if name in STATEMENTS), "%s")
        return form.replace("%s", answer)

    @property
    def missing(self) -> str:
        """Reason why a response without an answer is wrong."""
        if self.names == ("boxed",):
            return r"no complete \boxed{} in the response"
        return f"no final answer in the response ({', '.join(self.names)})"


def names_in(names: str | Sequence[str], option: str = "rewards.extract") -> tuple[str, ...]:
    """The extractors named by a list, or by a text with commas; a pattern takes the rest of its text.

    Raises ConfigError for a name that does not exist, an invalid pattern, or no name at all.

    >>> names_in("boxed,regex:so it is (.+),")
    ('boxed', 'regex:so it is (.+),')
    """
    each = [name for text in ([names] if isinstance(names, str) else names) for name in _split(text)]
    if not each:
        raise ConfigError(f"{option} is empty; give one of {', '.join(EXTRACTORS)}")
    for name in each:
        if name.startswith(REGEX):
            _pattern(name, option)
        elif name.startswith(PROGRAM):
            check_form(option, name.removeprefix(PROGRAM))
        elif name not in EXTRACTORS:
            known = nearest(name, [*EXTRACTORS, "regex:PATTERN", "python:FILE.py:FUNCTION"])
            raise ConfigError(f"{option}: there is no extractor {name!r}{known}")
    return tuple(each)


def warn_of_boxes(
    templates: Mapping[str, str], extract: str | Sequence[str], asking: Sequence[str] = ("closer",)
) -> None:
    """Warn of a template among `asking` that requests a box if `boxed` is not among `extract`."""
    names = names_in(extract)
    for template in asking:
        if "boxed" not in names and "\\boxed" in templates[template]:
            logger.warning(
                "the template %s.txt asks for \\boxed{}, which rewards.extract (%s) does not read; put `boxed` before "
                "it, or a template of your own into the folder prompts.templates",
                *(template, ", ".join(names)),
            )


def _split(text: str) -> list[str]:
    if text.startswith(REGEX) or "," not in text:
        return [text.strip()] if text.strip() else []
    first, _, rest = text.partition(",")
    return [*_split(first), *_split(rest.lstrip())]


def _find(name: str, option: str) -> Find:
    if name.startswith(REGEX):
        return in_pieces(_by_pattern(_pattern(name, option)))
    return _program(name, option) if name.startswith(PROGRAM) else EXTRACTORS[name]


def _pattern(name: str, option: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(name.removeprefix(REGEX), re.MULTILINE)
    except re.error as error:
        raise ConfigError(f"{option}: {name!r} is no regular expression ({error})") from error
    if pattern.groups > 1:
        raise ConfigError(f"{option}: {name!r} has {pattern.groups} groups; one is the answer, others are (?:...)")
    return pattern


def _by_pattern(pattern: re.Pattern[str]) -> Find:
    def find(piece: str) -> str | None:
        found = last_match(pattern, piece)
        return None if found is None else (found[pattern.groups] or "").strip()

    return find


def _program(name: str, option: str) -> Find:
    """A function of the user, called with the whole response, thoughts included."""
    function = load_callable(option, name.removeprefix(PROGRAM))

    def find(response: str) -> str | None:
        try:
            answer = function(response)
        except Exception as error:
            raise RewardError(f"{option}: {name} raised {type(error).__name__}: {error}") from error
        if answer is not None and not isinstance(answer, str):
            raise RewardError(f"{option}: {name} returned {type(answer).__name__}; give the answer as a text, or None")
        return answer

    return find


BOXED = Extractor.of("boxed")
