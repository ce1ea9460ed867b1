"""Key information: dictionaries of fields, compared field by field."""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_FENCED = re.compile(r"```(?:python|json)?\n(.*?)\n```", re.DOTALL | re.IGNORECASE)
_PAIR = re.compile(r"""["']?([\w\s]++)(?:["']?\s*[:=]\s*["']?([^\n,"'{}]+)["']?)?""")
"""A run of words with its value, if one follows. A run without one is skipped as a whole: long prose is fast."""


def fields_similarity(answer: Mapping[str, str], gold: Mapping[str, Sequence[str]]) -> float:
    """The share of fields, of either side, that hold one of the gold's values. Case and spaces do not count.

    A gold field has several values where several are right. The official scorer takes the best over all combinations
    of them, which equals the best of each.
    """
    names = set(answer) | set(gold)
    if not names:
        return 0.0
    right = [name in answer and _bare(answer[name]) in map(_bare, gold.get(name, ())) for name in names]
    return sum(right) / len(names)


def read_fields(text: str) -> dict[str, str]:
    """The dictionary in a response: JSON or Python, in a fence or bare, else all texts like `key: value`."""
    fenced = _FENCED.search(text)
    text = fenced[1] if fenced else text.strip()
    data = _literal(text)
    if data is None:
        data = {key: value for key, value in _PAIR.findall(text) if value}
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        return {}
    return {key.strip(): str(value).strip() for key, value in data.items()}


def gold_fields(text: str) -> dict[str, list[str]]:
    """A gold that is the text of a dictionary, in JSON or in Python, perhaps quoted once more.

    Raises ValueError for anything else.
    """
    data = _literal(text)
    if isinstance(data, str):
        data = _literal(data)
    if not isinstance(data, dict):
        raise ValueError(f"the gold should be a dictionary of fields, not {text[:60]!r}")
    return {
        str(key).strip(): [str(one) for one in (value if isinstance(value, list) else [value])]
        for key, value in data.items()
        if value is not None
    }


def _literal(text: str) -> Any:
    """The text parsed as JSON or Python; None if it is neither."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _bare(text: str) -> str:
    return "".join(text.lower().split(" ")).replace("\n", "").strip()
