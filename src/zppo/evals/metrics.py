"""Similarity of two texts: edit distance and ANLS."""

from collections.abc import Hashable, Sequence

ANLS_THRESHOLD = 0.5


def edit_distance(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """Levenshtein distance between two texts, or two sequences of tokens.

    Myers' bit vectors (J. ACM 46, 1999, in Hyyrö's form): a column of the table is one whole number, so that two
    pages of text take milliseconds.
    """
    if not a or not b:
        return len(a) + len(b)
    places: dict[Hashable, int] = {}
    for i, element in enumerate(a):
        places[element] = places.get(element, 0) | 1 << i
    full, last = (1 << len(a)) - 1, 1 << (len(a) - 1)
    up, down, distance = full, 0, len(a)  # bits of the cells that are one more, or one less, than the cell above
    for element in b:
        match = places.get(element, 0)
        diagonal = (((match & up) + up) ^ up) | match | down
        right = down | ~(diagonal | up) & full
        left = up & diagonal
        distance += bool(right & last) - bool(left & last)
        right = (right << 1 | 1) & full
        left = left << 1 & full
        up, down = left | ~(diagonal | right) & full, right & diagonal
    return distance


def similarity(a: Sequence[Hashable], b: Sequence[Hashable]) -> float:
    """One minus the edit distance over the longer length; 1 for two empty texts."""
    return 1 - edit_distance(a, b) / (max(len(a), len(b)) or 1)


def anls(answer: str, golds: Sequence[str]) -> float:
    """Average normalised Levenshtein similarity of one answer (Biten et al., 2019): the best over the golds, 0 below
    the threshold. Case and runs of spaces do not count."""
    best = max(similarity(_bare(answer), _bare(gold)) for gold in golds)
    return best if best >= ANLS_THRESHOLD else 0.0


def _bare(text: str) -> str:
    return " ".join(text.lower().split())
