r"""Final answers that are not in a box: functions from a piece of a response to its answer, one per form.

Of several answers the last one counts. A piece is free of thoughts, or the thoughts if there is no other text.
"""

import re
from collections import deque

_WHOLE = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)"
_FRACTION = rf"(?:{_WHOLE} )?\d+/\d+(?![\d/])"
_LATEX_FRACTION = r"(?:\d+\s?)?\\[dt]?frac\s*\{\s*\d+\s*\}\s*\{\s*\d+\s*\}"
_NUMBER = rf"(?:{_LATEX_FRACTION}|{_FRACTION}|(?:{_WHOLE}(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)(?:\s?\\?%)?"
_SIGN = r"(?:(?<![\w)}\]])[-\N{MINUS SIGN}](?=[\d.$\\]))?"
_SIGNED = rf"(?P<sign>{_SIGN})(?:\\?\$)?(?P<number>{_NUMBER})"
_LAST_NUMBER = re.compile(
    rf"(?<![A-Za-z_.\d^])(?<!\d[:/])(?<![\^_]\{{){_SIGNED}(?!(?:st|nd|rd|th)\b)(?![\d_]|[.:/]\d)", re.ASCII
)
_NUMBERED_LINE = re.compile(r"^[ \t]*\d{1,3}[.)][ \t]+(?=\S)", re.MULTILINE)
_GSM8K = re.compile(rf"####[ \t]*[*$\\]*[ \t]*{_SIGNED}", re.ASCII)
_TAG = re.compile(r"<(?P<end>/?)answer>", re.IGNORECASE)

_LETTER = r"(?:[(\[]\s?([A-Za-z])\s?[)\]]|([A-Z])(?![\w'’+#-]))"
_STATED = re.compile(
    rf"(?i:\b(?:answer|option|choice|choose|pick|select))(?i:\s+(?:is|be))?[\s:*_$`\"']{{0,8}}{_LETTER}"
)
_ALONE = re.compile(rf"^[ \t*_$`]{{0,8}}{_LETTER}[ \t*_$`.:)]*$", re.MULTILINE)
_LABEL = re.compile(r"^[ \t*_$`]{0,8}(?:[(\[]([A-Z])[)\]]|([A-Z])[.):])[ \t*_]+\S", re.MULTILINE)


def last_number(piece: str) -> str | None:
    r"""The last number, with its sign and its `%`, without currency, emphasis and the full stop of a sentence.

    The numbers of a numbered list, ordinals, exponents, indices and digits within words are skipped.

    >>> [last_number(t) for t in ("it is **1,234.5**.", "x = -3", "so 1/2", "10-3 is $7.", "50% of 2nd graders")]
    ['1,234.5', '-3', '1/2', '7', '50%']
    >>> last_number("1. Halve it.\n2. Then stop.")
    """
    return _written(last_match(_LAST_NUMBER, _NUMBERED_LINE.sub("", piece)))


def gsm8k(piece: str) -> str | None:
    """The number after the last `####`.

    >>> gsm8k("48/2 = 24\\n48+24 = 72\\n#### 72")
    '72'
    """
    return _written(last_match(_GSM8K, piece))


def answer_tag(piece: str) -> str | None:
    """The content of the last complete `<answer>...</answer>`.

    >>> answer_tag("<answer>6</answer>, no: <answer> 7 </answer>")
    '7'
    """
    begin, answer = None, None
    for tag in _TAG.finditer(piece):
        if not tag["end"]:
            begin = tag.end()
        elif begin is not None:
            begin, answer = None, piece[begin : tag.start()].strip()
    return answer


def choice(piece: str) -> str | None:
    """The letter stated as the answer, the option or the choice; else the one that is alone on a line; else
    the one that begins the only line of that form (a list of the options chooses none).

    >>> [choice(t) for t in ("The answer is (b).", "Answer: **C**", "A. six\\nB. seven\\n\\nB", "B) seven")]
    ['B', 'C', 'B', 'B']
    >>> [choice(t) for t in ("A train left. Bob waited.", "A) six\\nB) seven")]
    [None, None]
    """
    found = _STATED.findall(piece) or _ALONE.findall(piece)
    if not found:
        found = _LABEL.findall(piece)
        found = found if len(set(found)) == 1 else []
    return "".join(found[-1]).upper() if found else None


def last_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)


def _written(found: re.Match[str] | None) -> str | None:
    return None if found is None else found["sign"] + found["number"]
