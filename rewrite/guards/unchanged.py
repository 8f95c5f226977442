"""Guard: a rewrite that says what the query said."""

from __future__ import annotations

from typing import Final

from ..protocols import Analyzer
from ..ranges import Portion
from ..text.analysis import EnglishAnalyzer, count_terms
from .guard import Guard

ENGLISH: Final = EnglishAnalyzer()


class Unchanged(Guard):
    """Counts a rewrite that is nearly the query as unchanged, and puts the query back.

    Two texts are as alike as their terms: the share of weight that they have in common, Σ min ÷
    Σ max over stems, where the weights of each sum to 1. So neither case, word order, inflection
    nor repetition of the whole is a change; one other word among ten is .82.

    Input and output columns: see :class:`~pyterrier_rewrite.Guard`.

    Args:
        similarity: Likeness from which a rewrite counts as unchanged, over 0 and at most 1.
        analyzer: Decides what a term and a stem is.

    Raises:
        ValueError: If ``similarity`` is out of range.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, LLMRewriter, Prompt, Unchanged
        >>> plain = Prompt("mine/plain", 1, (("user", "Rewrite: {query}"),), ("query",))
        >>> pipeline = LLMRewriter(FakeLLM("Sofas, red"), prompt=plain) >> Unchanged()
        >>> pipeline.search("red sofa")[["query", "qstatus"]].values.tolist()
        [['red sofa', 'skipped: unchanged']]
    """

    def __init__(self, similarity: Portion = 0.9, *, analyzer: Analyzer = ENGLISH) -> None:
        self.similarity = similarity
        self.analyzer = analyzer
        self.check()

    def objection(self, original: str, rewrite: str) -> str | None:
        """Compare the terms."""
        alike = self.likeness(original, rewrite)
        return "unchanged" if alike >= self.similarity - 1e-9 else None

    def likeness(self, one: str, other: str) -> float:
        """Return how alike two texts are, between 0 and 1."""
        a, b = self._shares(one), self._shares(other)
        stems = a.keys() | b.keys()
        common = sum(min(a.get(stem, 0.0), b.get(stem, 0.0)) for stem in stems)
        return common / sum(max(a.get(stem, 0.0), b.get(stem, 0.0)) for stem in stems)

    def _shares(self, text: str) -> dict[str, float]:
        counts = count_terms(text, self.analyzer)
        total = sum(counts.values())
        return {self.analyzer.stem(term): count / total for term, count in counts.items()}
