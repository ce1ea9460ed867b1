"""The edit distance of ordered trees: number of nodes removed, added or changed (Zhang and Shasha, 1989)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Label = TypeVar("Label")
Rename = Callable[[Label, Label], float]


@dataclass
class Tree(Generic[Label]):
    label: Label
    children: list["Tree[Label]"] = field(default_factory=list)

    def add(self, label: Label) -> "Tree[Label]":
        child = Tree(label)
        self.children.append(child)
        return child


class _Ordered(Generic[Label]):
    """The nodes of a tree in postorder: labels, leftmost leaves, and the nodes at which the algorithm starts."""

    def __init__(self, root: Tree[Label]) -> None:
        self.labels: list[Label] = []
        self.leftmost: list[int] = []
        stack: list[tuple[Tree[Label], int | None]] = [(root, None)]  # a node, and its start if it is done
        while stack:
            node, began = stack.pop()
            if began is None:
                stack.append((node, len(self.labels)))
                stack.extend((child, None) for child in reversed(node.children))
            else:
                self.labels.append(node.label)
                self.leftmost.append(began)
        last = {leaf: node for node, leaf in enumerate(self.leftmost)}
        self.roots = sorted(last.values())


def tree_distance(a: Tree[Label], b: Tree[Label], rename: Rename[Label]) -> float:
    """Edit distance of two trees: a node costs 1 to add or to remove, and `rename(label, label)` to keep."""
    left, right = _Ordered(a), _Ordered(b)
    known = [[0.0] * len(right.labels) for _ in left.labels]
    for i in left.roots:
        for j in right.roots:
            _forests(left, right, i, j, known, rename)
    return known[-1][-1]


def _forests(  # the standard table of the algorithm; six of its arguments are the two trees
    left: _Ordered[Label], right: _Ordered[Label], i: int, j: int, known: list[list[float]], rename: Rename[Label]
) -> None:
    """Fill `known` for all pairs of subtrees that begin at the same leaves as those of `i` and `j`."""
    first_i, first_j = left.leftmost[i], right.leftmost[j]
    above = [float(column) for column in range(j - first_j + 2)]
    table = [above]
    for x in range(first_i, i + 1):
        row = [above[0] + 1]
        for column, y in enumerate(range(first_j, j + 1), start=1):
            cost = min(above[column], row[-1]) + 1
            if left.leftmost[x] == first_i and right.leftmost[y] == first_j:
                cost = min(cost, above[column - 1] + rename(left.labels[x], right.labels[y]))
                known[x][y] = cost
            else:
                before = table[left.leftmost[x] - first_i][right.leftmost[y] - first_j]
                cost = min(cost, before + known[x][y])
            row.append(cost)
        table.append(row)
        above = row
