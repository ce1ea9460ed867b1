"""YAML as it is written by hand, for options: a key that stands twice is a mistake, not the last one's."""

from collections.abc import Hashable
from typing import Any

import yaml

MERGE = "tag:yaml.org,2002:merge"


class RepeatedKeyError(yaml.YAMLError):
    """Says which key stands twice in one mapping, and in which lines."""


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        lines: dict[Any, int] = {}
        for key_node, _ in node.value:
            line = key_node.start_mark.line + 1
            key = None if key_node.tag == MERGE else self.construct_object(key_node, deep=True)
            if key is not None and isinstance(key, Hashable):
                if key in lines:
                    raise RepeatedKeyError(f"{key!r} stands twice, in lines {lines[key]} and {line}; leave one out")
                lines[key] = line
        return super().construct_mapping(node, deep)


def load(text: str) -> Any:
    """Raises yaml.YAMLError."""
    return yaml.load(text, _Loader)
