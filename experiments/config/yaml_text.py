"""YAML that people write: read once, and refused where its aliases would make too much of it."""

from __future__ import annotations

from typing import Any, Final

import yaml

MOST: Final = 100_000
"""Values that a text may hold when every alias stands for a copy."""


def parsed(text: str) -> tuple[Any, yaml.Node | None]:
    """Return what a text holds, and its nodes, which know their lines.

    Raises:
        yaml.YAMLError: If it is not valid, nested too deeply, or holds more than :data:`MOST`
            values, as a few lines of aliases for lists of aliases do.
    """
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, None
        if _size(node, {}) > MOST:
            raise yaml.YAMLError(f"its aliases make more than {MOST:,} values of it; write it out")
        return loader.construct_document(node), node
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None
    finally:
        loader.dispose()


def _size(node: yaml.Node, known: dict[int, int | None]) -> int:
    """Return how many values a node stands for; those that an alias names count every time."""
    if id(node) in known:
        size = known[id(node)]
        if size is None:
            line = node.start_mark.line + 1
            raise yaml.YAMLError(f"line {line}: what the alias names holds that very alias")
        return size
    known[id(node)] = None
    below = node.value if isinstance(node, yaml.CollectionNode) else []
    if isinstance(node, yaml.MappingNode):
        below = [part for pair in below for part in pair]
    size = known[id(node)] = 1 + sum(_size(part, known) for part in below)
    return size
