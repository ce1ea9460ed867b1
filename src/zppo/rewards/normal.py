r"""The normal form of an answer: text as written -> **normal form** -> everything that compares answers in mathematics.

`$\text{5\,cm}$`, `**5 cm**` and `5~\mathrm{cm}.` are `5 cm`. Only how it looks goes; letters, signs and words stay.
"""

import re
import unicodedata
from functools import lru_cache

from zppo.rewards.plain import WRAPPERS, unwrapped
from zppo.rewards.symbolic.tree import GREEK

_SIGNS = {
    **dict.fromkeys("−–—‐‑", "-"),
    **{"×": r"\cdot ", "·": r"\cdot ", "⋅": r"\cdot ", "∙": r"\cdot ", "÷": r"\div ", "∗": "*"},
    **{"∞": r"\infty ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "⩽": r"\le ", "⩾": r"\ge ", "≈": r"\approx "},
    **{"∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "∅": r"\emptyset ", "∖": r"\setminus ", "±": r"\pm ", "∓": r"\mp "},
    **{"ℝ": "R", "ℕ": "N", "ℤ": "Z", "ℚ": "Q", "ℂ": "C", "º": "°", "∘": "°", "˚": "°", "ϕ": r"\phi ", "∀": r"\forall "},
    **{"⌊": r"\lfloor ", "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ", "⟨": "(", "⟩": ")", "⁄": "/"},
    **{"∠": r"\angle ", "△": r"\triangle "},
    **dict.fromkeys("’‘′", "'"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
}
_GREEK_LETTER = re.compile("[Α-Ωα-ω]")
_ROOT = re.compile(r"([√∛∜])\s*(\d+(?:\.\d+)?|[A-Za-z])?")
_ROOTS = {"√": r"\sqrt", "∛": r"\sqrt[3]", "∜": r"\sqrt[4]"}
_VULGAR = re.compile("[¼-¾⅐-⅞]")
_RAISED = re.compile("[⁺⁻⁰¹²³⁴-⁹ⁿ]+")
_LOWERED = re.compile("[₊₋₀-₉]+")

_AROUND = (
    *WRAPPERS,
    *(("**", "**"), ("*", "*"), ("__", "__"), ("`", "`"), ('"', '"'), (r"\boxed{", "}"), (r"\fbox{", "}"), ("{", "}")),
)
"""What may stand around all of an answer."""
_WITHIN = (re.compile(r"(?<![\\$\w])\$(?=\S)([^$]+)(?<=\S)\$(?!\d)"), re.compile(r"(?:^|(?<=\s))\*\*(?=\S)([^*]+)\*\*"))
"""Dollar signs and asterisks around a part."""
_TEXT = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|sc|up|normal)?|math(?:bf|it|rm|sf|tt|bb|cal|scr|frak|normal)|mbox|operatorname\*?|emph"
    r"|underline|boldsymbol|bm|boxed|fbox)\s*(?P<group>\{)|\\mathbb\s(?P<letter>[A-Z])|\\.|[{}]",
    re.DOTALL,
)
"""A command of looks with what it is around; else a character that is escaped, or a brace."""
_LOOKS = re.compile(
    r"(?P<row>\\\\(?!\s*$))|\\(?:left|right|middle|[Bb]igg?[lrm]?|displaystyle|textstyle|limits|nolimits|quad|qquad|large|Large|bf|rm|it)"
    r"(?![A-Za-z])\.?|\\[,;:> ]|~|\\!|\\hspace\s*\{[^{}]*\}|\\\\(?=\s*$)"
)
_ESCAPED = re.compile(r"(?<!\\)\\([%&_#$])")
_SYNONYMS = (
    (re.compile(r"\\(?:[dtc]frac)(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\(?:[dt]binom)(?![A-Za-z])"), r"\\binom"),
    (re.compile(r"\\frac\s*(\d)\s*(?=\d|\{|\\)"), r"\\frac{\1}"),
    (re.compile(r"(\\frac\{[^{}]*\})\s*(\d)"), r"\1{\2}"),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\dot\s*\{?(\d)\}?(\d*)\\dot\s*\{?(\d)\}?"), r"\\overline{\1\2\3}"),
    (re.compile(r"\^\s*(?:\\circ(?![A-Za-z])|\{\s*\\circ\s*\})|\\degrees?(?![A-Za-z])"), "°"),
    (re.compile(r"\^\s*(?:\\prime(?![A-Za-z])|\{\s*\\prime\s*\})"), "'"),
    (re.compile(r"\\leq(?:slant)?(?![A-Za-z])|<="), r"\\le "),
    (re.compile(r"\\geq(?:slant)?(?![A-Za-z])|>="), r"\\ge "),
    (re.compile(r"\\neq(?![A-Za-z])|\\not\s*="), r"\\ne "),
    (re.compile(r"\\lt(?![A-Za-z])"), "<"),
    (re.compile(r"\\gt(?![A-Za-z])"), ">"),
    (re.compile(r"\\(?:varnothing|empty)(?![A-Za-z])|\\\{\s*\\\}|\{\s*\}$"), r"\\emptyset "),
    (re.compile(r"\\(?:l|r)brace(?![A-Za-z])"), lambda match: r"\{" if match[0][1] == "l" else r"\}"),
    (re.compile(r"\\(?:[lr]?vert)(?![A-Za-z])"), "|"),
    (re.compile(r"\\langle(?![A-Za-z])"), "("),
    (re.compile(r"\\rangle(?![A-Za-z])"), ")"),
    (re.compile(r"\\(?:[lcd]dots[cbmio]?|dots)(?![A-Za-z])|\.\.\."), r"\\ldots "),
    (re.compile(r"\\pmod\s*(?:\{([^{}]*)\}|(\w))|\\p?od\{([^{}]*)\}"), r" (mod \1\2\3)"),
    (re.compile(r"\\[bp]?mod(?![A-Za-z])"), " mod "),
    (re.compile(r"\\colon(?![A-Za-z])"), ":"),
    (re.compile(r"\\(?:land|wedge)(?![A-Za-z])"), " and "),
    (re.compile(r"\\(?:lor|vee)(?![A-Za-z])"), " or "),
)
_REPEATING = re.compile(
    r"(?<![\d.])(\d{0,50})\.(\d{0,50})(?:\\(?:overline|bar|dot)\s*(?:\{(\d{1,50})\}|(\d))|\((\d{1,50})\))"
)
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_SPACED_THOUSANDS = re.compile(r"(?<![\d.,]\s)(?<![\d.,_^])\d{1,3}(?: \d{3})+(?![\d,]| ?\d)(?! ?/)")
_SPACE = re.compile(r"(?<!\d) | (?![\d.])")


@lru_cache(maxsize=8192)
def normal_form(text: str) -> str:
    """What is nothing but looks stays as it is; empty for a text of spaces."""
    return _normal(text) or text.strip()


def _normal(text: str) -> str:
    text = _characters(text)
    text = _unwrapped(text)
    for part in _WITHIN:
        text = part.sub(r"\1", text)
    text = _LOOKS.sub(lambda match: match["row"] or ("" if match[0] == r"\!" else " "), text)
    text = _without_text(text)
    text = _ESCAPED.sub(r"\1", text)
    for synonym, plain in _SYNONYMS:
        text = synonym.sub(plain, text)
    text = _REPEATING.sub(_fraction, text)
    return _without_thousands(_unwrapped(" ".join(text.split())))


def squeezed(text: str) -> str:
    """Without spaces, but for those between digits."""
    return _SPACE.sub("", text)


def _characters(text: str) -> str:
    """One spelling for each character: commands for signs, `^{2}` for `²`, `\\frac{1}{2}` for `½`."""
    if text.isascii():
        return text
    text = _ROOT.sub(lambda m: _ROOTS[m[1]] + (f"{{{m[2]}}}" if m[2] else " "), text)
    text = _VULGAR.sub(lambda m: r"\frac{{{}}}{{{}}}".format(*unicodedata.normalize("NFKC", m[0]).split("⁄")), text)
    text = _RAISED.sub(lambda m: f"^{{{_ascii(m[0])}}}", text)
    text = _LOWERED.sub(lambda m: f"_{{{_ascii(m[0])}}}", text)
    text = "".join(_SIGNS.get(character, character) for character in text)
    text = unicodedata.normalize("NFKC", text)
    return _GREEK_LETTER.sub(lambda m: _greek(m[0]), text).replace("−", "-")


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("−", "-")


def _greek(letter: str) -> str:
    name = unicodedata.name(letter).split()[-1].lower()
    name = name.capitalize() if letter.isupper() else "lambda" if name == "lamda" else name
    return rf"\{name} " if name in GREEK else letter


def _unwrapped(text: str) -> str:
    before = None
    while before != text:
        before, text = text, text.strip()
        if text.endswith(".") and not text.endswith(".."):
            text = text[:-1].rstrip()
        text = text.rstrip(",;")
        text = unwrapped(text, _AROUND)
    return text


def _without_text(text: str) -> str:
    r"""What `\text{...}` and its like are around, apart from its neighbours if it has letters: `5\text{m}` is `5 m`."""
    pieces, start = [], 0
    opened: list[int] = []  # where the content of each open group begins in the pieces; -1 for a brace that stays
    for token in _TEXT.finditer(text):
        pieces.append(text[start : token.start()])
        start = token.end()
        if token["group"]:
            opened.append(len(pieces))
            pieces.append(token[0])
            continue
        begin = opened.pop() if token[0] == "}" and opened else -1
        if begin >= 0:
            inner = "".join(pieces[begin + 1 :])
            pieces[begin:] = [f" {inner} " if any(character.isalpha() for character in inner) else inner]
            continue
        if token[0] == "{":
            opened.append(-1)
        pieces.append(f" {token['letter']} " if token["letter"] else token[0])
    return "".join(pieces) + text[start:]


def _fraction(match: re.Match[str]) -> str:
    r"""`0.1\overline{6}` as a fraction."""
    whole, fixed, period = match[1], match[2], match[3] or match[4] or match[5]
    over = int(whole + fixed + period) - int(whole + fixed or 0)
    return rf"\frac{{{over}}}{{{'9' * len(period) + '0' * len(fixed)}}}"


def _without_thousands(text: str) -> str:
    """`1,234,567` and `1 234 567` as digits; but in brackets a comma separates."""
    if not any(character in text for character in "([{"):
        text = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), text)
        return _SPACED_THOUSANDS.sub(lambda match: match[0].replace(" ", ""), text)
    return text
