"""Multiple choice: options to the lines of a question, and a response to its chosen letter."""

import re
import string
from collections.abc import Mapping, Sequence

from zppo.errors import DataError
from zppo.evals.asking import ask
from zppo.evals.benchmark import Item, Row, Scored
from zppo.evals.rules import equivalence
from zppo.rewards.boxed import last_boxed
from zppo.rewards.choice import Choice, chosen
from zppo.rewards.graded import shown
from zppo.rewards.thoughts import after_thoughts
from zppo.types import Media

LETTERS = string.ascii_uppercase
_STATED = re.compile(r"(?i:answer\s+is)\W{0,4}(?:(?i:option)\s+)?\(?([A-Z])\b")
SHORTEST_PROSE = 200
"""A response without a box may be the bare option if it has fewer characters."""


def lettered(row: Row, options: Sequence[object] | None) -> dict[str, str]:
    """Options by letter `A`, `B`, ... in order. Raises DataError for fewer than 2, none at all or more than 26."""
    options = options or ()
    if not 2 <= len(options) <= len(LETTERS):
        raise DataError(f"{row.where}: a multiple-choice question has 2 to {len(LETTERS)} options, not {len(options)}")
    return dict(zip(LETTERS, (str(option).strip() for option in options), strict=False))


def drawn(letters: str) -> dict[str, str]:
    """Options inside the image: only their letters are known."""
    return {letter: letter for letter in letters}


def letter_of_index(row: Row, column: str, options: Mapping[str, str], index: object) -> str:
    """The letter of a 0-based index. Raises DataError if there is no such option."""
    try:
        return list(options)[_whole(index)]
    except (ValueError, OverflowError, IndexError):
        raise DataError(
            f"{row.where}: column {column!r} should be an index from 0 to {len(options) - 1}, not {index!r}"
        ) from None


def known_letter(row: Row, column: str, options: Mapping[str, str], letter: object) -> str:
    """A letter from a column, validated. Raises DataError if there is no such option."""
    known = str(letter).strip().strip("().").upper()
    if known not in options:
        raise DataError(f"{row.where}: column {column!r} should be a letter of {''.join(options)}, not {letter!r}")
    return known


def letter_of_text(row: Row, column: str, options: Mapping[str, str], text: object) -> str:
    """The letter of an option given by its text. Raises DataError if no option has it."""
    wanted = str(text).strip()
    letter = next((letter for letter, option in options.items() if option == wanted), None)
    if letter is None:
        raise DataError(f"{row.where}: column {column!r} should be one of {list(options.values())!r}, not {text!r}")
    return letter


def choice_item(
    row: Row,
    identity: object,
    text: str,
    choice: Choice,
    group: Mapping[str, str] | None = None,
    media: Sequence[Media] = (),
) -> Item:
    """A question with its options as lines `A. ...`; the gold is a letter. The caller lists options drawn elsewhere."""
    written = "\n".join(f"{letter}. {option}" for letter, option in choice.options.items())
    return with_choices(row, identity, f"{text.strip()}\n\n{written}", choice, group, media)


def with_choices(
    row: Row,
    identity: object,
    text: str,
    choice: Choice,
    group: Mapping[str, str] | None = None,
    media: Sequence[Media] = (),
) -> Item:
    """A question whose text (or image) contains the options already."""
    letter, option = choice.gold, choice.options[choice.gold]
    answer = letter if option == letter else f"{letter}. {option}"
    question = ask(row, identity, text, answer, {"options": dict(choice.options)}, media)
    return Item(question, letter, group or {})


def score_choice(item: Item, response: str) -> Scored | None:
    """Right or wrong by the option in the box, as a letter or as text; None if it names none, or two."""
    box = last_boxed(response)
    return None if box is None else score_chosen(item, box)


def score_stated(item: Item, response: str) -> Scored | None:
    """The same; without a box, by the option that is the whole response, or that it states as the answer."""
    box = last_boxed(response)
    if box is not None:
        return score_chosen(item, box)
    said = after_thoughts(response)
    alone = score_chosen(item, said) if 0 < len(said) < SHORTEST_PROSE else None
    stated = _STATED.findall(said)
    return alone or (score_chosen(item, stated[-1]) if stated else None)


def score_chosen(item: Item, box: str) -> Scored | None:
    options = item.question.fields["options"]
    letters = chosen(equivalence(), options, box)
    if not letters:
        return None
    # Two options may have the same text: either of them is right.
    letter = next((letter for letter in letters if options[letter] == options[item.gold]), letters[0])
    right = options[letter] == options[item.gold]
    return Scored(float(right), f"rule: {shown(box)} is option {letter}", letter)


def _whole(value: object) -> int:
    """An index as int, float or text: a column with nulls is read as floats. Raises ValueError for any other value."""
    number = float(str(value))
    if number < 0 or not number.is_integer():
        raise ValueError(value)
    return int(number)
