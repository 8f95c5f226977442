"""Guard: a rewrite that is longer than an engine should get."""

from __future__ import annotations

from collections.abc import Callable

from ..ranges import Count
from ..text.safe import count_tokens
from .guard import Guard


class LengthBudget(Guard):
    """Objects to a rewrite longer than a budget, such as a dense encoder's limit.

    Input and output columns: see :class:`~pyterrier_rewrite.Guard`.

    Args:
        max_tokens: Longest rewrite in tokens, at least 1.
        count: Counts the tokens of a text; by default an estimate of four bytes a token.

    Raises:
        ValueError: If ``max_tokens`` is below 1.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, LengthBudget, Query2Doc
        >>> pipeline = Query2Doc(FakeLLM("a sofa " * 90)) >> LengthBudget(64)
        >>> pipeline.search("couch")[["query", "qstatus"]].values.tolist()
        [['couch', 'skipped: 165 tokens, over 64']]
    """

    def __init__(
        self, max_tokens: Count = 512, *, count: Callable[[str], int] = count_tokens
    ) -> None:
        self.max_tokens = max_tokens
        self.count = count
        self.check()

    def objection(self, original: str, rewrite: str) -> str | None:
        """Count the tokens."""
        tokens = self.count(rewrite)
        return f"{tokens} tokens, over {self.max_tokens}" if tokens > self.max_tokens else None
