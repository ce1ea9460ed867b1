r"""Finds the final answer in a response: rollouts -> **boxed** -> verdicts (method section 7).

One pass over the text, so that a response of a hundred thousand opening boxes costs no more than any other.
"""

import re

_TOKEN = re.compile(r"\\(?P<box>boxed|fbox)(?![A-Za-z])\s*(?P<braced>\{)?|\\.|[{}]", re.DOTALL)
_BARE = re.compile(
    r"""(?:[-+]?[0-9][^\s${}]*                                          # \boxed 5, \boxed -1/2
          |[-+]?\\(?!boxed|fbox)[A-Za-z]+[0-9]*(?:\{[^{}]*\})*          # \boxed \frac{1}{2}
          |[A-Z](?![A-Za-z]))                                           # \boxed A""",
    re.VERBOSE,
)


def last_boxed(text: str) -> str | None:
    r"""The content of the last complete `\boxed{...}` (or `\fbox{...}`), exactly as written; None without one.

    Braces nest; `\{` and `\}` are characters, not groups. Of nested boxes the inner one is the last. A box that is cut
    off before its closing brace does not count, the complete one before it does. `\boxed 5` counts when a number, a
    command or a single capital letter follows, so that prose about "\boxed as asked" is not an answer.

    >>> last_boxed(r"so \boxed{3}, no: \boxed{\frac{1}{2}} and \boxed{4")
    '\\frac{1}{2}'
    """
    start, content = -1, None
    opened: list[int] = []  # where the content of each open brace begins; -1 for a brace that is not a box
    for token in _TOKEN.finditer(text):
        if token["braced"]:
            opened.append(token.end())
        elif token["box"]:
            bare = _BARE.match(text, token.end())
            if bare and token.end() > start:
                start, content = token.end(), bare.group().rstrip(".,;:")
        elif token.group() == "{":
            opened.append(-1)
        elif token.group() == "}" and opened:
            begin = opened.pop()
            if begin > start:
                start, content = begin, text[begin : token.start()]
    return content
