"""Document parsing: Markdown as a tree of titles and lines, compared by shape (STEDS of OCRBench v2).

The official measure has no cost for another text in the same place: only lines that are blank, missing or extra,
and titles in another place, cost. So does this.
"""

import re

from zppo.evals.ocr.trees import Tree, tree_distance

_NOTHING = re.compile(r"<(?:bos|eos|pad|unk)>|[*_\s]")
_TOKENS = re.compile(r"<(?:bos|eos|pad|unk)>")


def document_similarity(answer: str, gold: str) -> float:
    """1 for the same shape, at least 0."""
    a, b = document(answer), document(gold)
    return max(0.0, 1 - tree_distance(a, b, _cost) / max(_size(a), _size(b)))


def document(text: str) -> Tree[str]:
    """The tree of a document. Lines are children of the title before them (of equal titles, the first)."""
    root = Tree("ROOT")
    under = untitled = root.add("TITLE")
    titles: dict[str, Tree[str]] = {}
    for line in text.split("\n"):
        line = _TOKENS.sub("", line)
        if line.startswith("#"):
            name = line.replace("#", "")
            node = root.add(name)
            under = titles.setdefault(name, node) if name else untitled
        else:
            under.add(line)
    return root


def _cost(a: str, b: str) -> float:
    """Cost of a replacement: 0 between two texts; a blank matches nothing, not even another blank."""
    return float(not _NOTHING.sub("", a) or not _NOTHING.sub("", b))


def _size(tree: Tree[str]) -> int:
    return 1 + sum(_size(child) for child in tree.children)
