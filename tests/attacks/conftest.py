"""Attacks are tests; those that `pending.py` names are known not to be held yet."""

import sys
from pathlib import Path

import pytest

# Run directories made by hand, and the page as a parser sees it.
sys.path.append(str(Path(__file__).parents[1] / "unit" / "reports"))

from pending import PENDING


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent and PENDING & {item.name, item.name.partition("[")[0]}:
            item.add_marker(pytest.mark.xfail(reason="not held yet", strict=False))
