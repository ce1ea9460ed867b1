r"""Finds the final answer in a response: rollouts -> **boxed** -> verdicts (method section 7).

The last box outside of the thoughts is the answer. A box in the thoughts counts when they end and nothing is said after
them. One pass over the text, so that a response of a hundred thousand opening boxes costs no more than any other.
"""

import re

_TOKEN = re.compile(r"\\(?P<box>boxed|fbox)(?![A-Za-z])\s*(?P<braced>\{)?|\\.|[{}]", re.DOTALL)
_BARE = re.compile(
    r"""(?:[-+]?[0-9][^\s${}]*                                          # \boxed 5, \boxed -1/2
          |[-+]?\\(?!boxed|fbox)[A-Za-z]+[0-9]*(?:\{[^{}]*\})*          # \boxed \frac{1}{2}
          |[A-Z](?![A-Za-z]))                                           # \boxed A""",
    re.VERBOSE,
)
_THOUGHT, _END = "<think>", "</think>"
_TAG = re.compile(f"({_THOUGHT}|{_END})")
_CONTROL = re.compile(r"<\|[^|<>]{1,40}\|>|</?s>")
_SPACE = r"(?:[\s$*/|]|\\\\|\\(?:mid|lor|vee)(?![A-Za-z])|\\[()\[\],;:!]|\\q?quad|\\ )*+"
_JOINT = re.compile(rf"{_SPACE}(?P<comma>,|;|&)?{_SPACE}(?P<word>(?:\\text\s*\{{\s*)?(?:and|or)(?:\s*\}})?)?{_SPACE}")


def last_boxed(text: str) -> str | None:
    r"""The content of the last complete `\boxed{...}` (or `\fbox{...}`), exactly as written; None without one.

    Braces nest; `\{` and `\}` are characters, not groups. Of nested boxes the inner one is the last. A box that is cut
    off before its closing brace does not count, the complete one before it does. `\boxed 5` counts when a number, a
    command or a single capital letter follows, so that prose about "\boxed as asked" is not an answer.

    Boxes joined by commas, "and" or "or" are one list: `\boxed{2}, \boxed{3}` is `2, 3`. Different boxes with nothing
    between them are no answer. Text in `<think>` that does not end holds none; text in `<think>...</think>` does if
    only space (or a control token) follows.

    >>> last_boxed(r"so \boxed{3}, no: \boxed{\frac{1}{2}} and \boxed{4")
    '\\frac{1}{2}'
    """
    for piece in pieces(text):
        boxes = _boxes(piece)
        if boxes:
            return _joined(piece, boxes)
    return None


def pieces(text: str) -> list[str]:
    """What a final answer is read from, the preferred piece first: the last one outside of the thoughts, those before
    it, and, where nothing is said after the thoughts, these.
    """
    said, thoughts = _parted(text)
    silent = bool(thoughts) and not _CONTROL.sub("", said[-1]).strip()
    return ([*thoughts, *said] if silent else said)[::-1]


def _parted(text: str) -> tuple[list[str], list[str]]:
    """The pieces outside of the thoughts, and the thoughts; none where the last ones do not end.

    A chat template may have opened the first thoughts.
    """
    said: list[str] = [""]
    thoughts: list[str] = []
    pieces = _TAG.split(text)
    thinking = pieces[1:2] == [_END]
    for piece, tag in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
        if thinking and not tag:
            return said, []
        (thoughts if thinking else said).append(piece)
        thinking = tag == _THOUGHT or (thinking and tag != _END)
    return said, thoughts


def _joined(text: str, boxes: list[tuple[int, int, str]]) -> str | None:
    start, _, content = boxes[-1]
    joined, joints = [content], []
    for begin, end, inner in reversed(boxes[:-1]):
        joint = _JOINT.fullmatch(text, end, start)
        if joint is None:
            break
        joints.append(bool(joint["comma"] or joint["word"]))
        joined.append(inner)
        start = begin
    if len(set(map(str.strip, joined))) == 1:
        return content
    if not all(joints):
        return None
    return ("; " if any("," in each for each in joined) else ", ").join(reversed(joined))


def _boxes(text: str) -> list[tuple[int, int, str]]:
    """Where each complete box begins and ends, and what it holds; of nested ones the innermost that came last."""
    boxes: list[tuple[int, int, str]] = []
    opened: list[tuple[int, int]] = []  # where a box begins and its content; (-1, -1) for a brace that is not a box
    for token in _TOKEN.finditer(text):
        if token["braced"]:
            opened.append((token.start(), token.end()))
        elif token["box"]:
            bare = _BARE.match(text, token.end())
            if bare:
                boxes.append((token.start(), bare.end(), bare.group().rstrip(".,;:")))
        elif token.group() == "{":
            opened.append((-1, -1))
        elif token.group() == "}" and opened:
            start, begin = opened.pop()
            if start >= 0 and not (boxes and boxes[-1][0] > start):
                boxes.append((start, token.end(), text[begin : token.start()]))
    return boxes
