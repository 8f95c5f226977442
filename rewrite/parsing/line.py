"""A line of an answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["text", "item", "heading", "code", "cell"]


@dataclass(frozen=True)
class Line:
    """One line of an answer.

    Attributes:
        text: What it says, without marker and Markdown.
        block: Number of its paragraph, list item, heading or row.
        kind: Where it stood.
        depth: Lists around it.
        marker: What marked it as an item, such as ``2. `` or ``- ``.
        number: The number in it, if it has one.
        head: The part set in bold that it begins with.
        column: The head of its column, in a table.
    """

    text: str
    block: int
    kind: Kind = "text"
    depth: int = 0
    marker: str = ""
    number: int | None = None
    head: str = ""
    column: str = ""

    def whole(self) -> Line:
        """Return it with its marker as text."""
        return replace(self, text=self.marker + self.text, kind="text", marker="", number=None)
