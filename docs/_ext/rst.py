"""Pieces of reStructuredText."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import indent

Row = Sequence[str]


def title(text: str, mark: str = "=") -> str:
    """Return a heading."""
    return f"{text}\n{mark * (2 * len(text))}\n"


def literal(value: object) -> str:
    """Return a value in the type of code, an empty one as nothing."""
    text = " ".join(str(value).split())
    return f"``{text}``" if text else ""


def flat(text: str) -> str:
    """Return a docstring's text as one line, as a cell of a table holds it."""
    return " ".join(text.split())


def table(head: Row, rows: Iterable[Row], widths: str = "auto") -> str:
    """Return a table; none without rows, no column without content."""
    body = [list(row) for row in rows]
    if not body:
        return ""
    kept = [i for i in range(len(head)) if any(row[i] for row in body)]
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", ""]
    for row in [list(head), *body]:
        for place, i in enumerate(kept):
            lines.append(f"   {'* -' if place == 0 else '  -'} {row[i]}".rstrip())
    return "\n".join(lines) + "\n"


def code(text: str, language: str) -> str:
    """Return a listing."""
    return f".. code-block:: {language}\n\n{indent(text.rstrip(), '   ')}\n"


def toctree(pages: Iterable[str], *, options: str = ":maxdepth: 1") -> str:
    """Return a table of contents."""
    return f".. toctree::\n   {options}\n\n" + "\n".join(f"   {page}" for page in pages) + "\n"


def page(*pieces: str) -> str:
    """Return a page of pieces with a line between them."""
    return "\n".join(piece.rstrip("\n") + "\n" for piece in pieces if piece)
