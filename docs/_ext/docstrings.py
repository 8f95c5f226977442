"""What the documentation does to docstrings; what it reads in them is the library's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pyterrier_rewrite.experiments.build.docstrings import (
    columns,
    entries,
    inherited,
    of,
    plain,
    summary,
)

__all__ = [
    "columns",
    "entries",
    "inherited",
    "of",
    "plain",
    "summary",
    "with_ranges",
    "without",
    "without_types",
]


def without(lines: list[str], section: str) -> list[str]:
    """Return the lines of a docstring without one of its sections."""
    kept, inside = [], False
    for line in lines:
        if line.rstrip() == f"{section}:":
            inside = True
        elif inside and line and not line.startswith(" "):
            inside = False
        if not inside:
            kept.append(line)
    return kept


def without_types(what: str, lines: list[str]) -> None:
    """Keep napoleon from taking a text before a colon for a type: types stand in annotations."""
    if what in {"attribute", "data", "property"}:
        lines.insert(0, "\\")
    elif "Returns:" in lines:
        lines.insert(lines.index("Returns:") + 1, "    \\")


def with_ranges(lines: list[str], ranges: Mapping[str, str]) -> None:
    """Begin what is said of an argument with its range, unless the text says it."""
    said = entries("\n".join(lines), "Args")
    for number, line in enumerate(lines):
        match = re.match(r"    (\w+): ", line)
        if match and match[1] in ranges and ranges[match[1]] not in said.get(match[1], ""):
            lines[number] = f"{line[: match.end()]}({ranges[match[1]]}) {line[match.end() :]}"
