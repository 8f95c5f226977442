"""A piece of an answer and what it was called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

ASKED: Final = ("rewrite", "query", "terms", "answer")
"""Kinds of names for what may have been asked for, see :func:`~.words.kind_of`."""

Rank = Callable[[str], int]
"""Says how much what has such a name was asked for; below 0, it is left out."""


@dataclass(frozen=True)
class Part:
    """A piece of an answer and what it was called.

    Attributes:
        text: What it says.
        name: The label or heading in front of it, on its line or above; empty without one.
        item: Whether something marked it as one of a list.
        label: Whether the name stood on its line.
        counted: Whether it was numbered.
        title: Whether it is a heading that names nothing.
        head: The part in bold that it begins with.
        depth: Lists around it.
        block: Number of its paragraph.
        whole: The line as it stood, with its label.
    """

    text: str
    name: str = ""
    item: bool = False
    label: bool = False
    counted: bool = False
    title: bool = False
    head: str = ""
    depth: int = 0
    block: int = 0
    whole: str = ""

    def with_texts(self, change: Callable[[str], str]) -> Part:
        """Return it with all its texts changed."""
        return replace(
            self,
            text=change(self.text),
            name=change(self.name),
            head=change(self.head),
            whole=change(self.whole),
        )

    def with_head(self) -> Part:
        """Return it with the label on its line as text."""
        return replace(self, text=self.whole or self.text)
