"""Guard: a rewrite that lost a number or a name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ..text.analysis import EnglishAnalyzer
from ..text.entities import entities_in
from .guard import Guard

_GROUPED = re.compile(r"(?<=\d),(?=\d{3}\b)")


class KeepEntities(Guard):
    """Objects to a rewrite that lost a number or a name of the query.

    "iPhone 15 under $800" must not become "smartphone offers": expansion hurts most on queries
    for one thing. Kept must be what :func:`entities_in` finds: anything with a digit, quoted
    phrases, and capitalised words. Queries typed in lower case have numbers only; give an
    ``extract`` of your own, a named-entity tagger say, where that is too little.

    Input and output columns: see :class:`~pyterrier_rewrite.Guard`.

    Args:
        extract: Returns the entities of a query.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, KeepEntities, LLMRewriter, Prompt
        >>> plain = Prompt("mine/plain", 1, (("user", "Rewrite: {query}"),), ("query",))
        >>> pipeline = LLMRewriter(FakeLLM("phone case"), prompt=plain) >> KeepEntities()
        >>> pipeline.search("case for iPhone 15")[["query", "qstatus"]].values.tolist()
        [['case for iPhone 15', 'skipped: lost iPhone, 15']]
    """

    def __init__(self, *, extract: Callable[[str], Iterable[str]] | None = None) -> None:
        self.extract = extract

    def objection(self, original: str, rewrite: str) -> str | None:
        """Look for every entity among the words of the rewrite, by stem."""
        extract = entities_in if self.extract is None else self.extract
        there = set(_stems(rewrite))
        lost = [entity for entity in extract(original) if not there.issuperset(_stems(entity))]
        return f"lost {', '.join(lost)}" if lost else None


def _stems(text: str) -> list[str]:
    """Return the stems of a text; a name of stop words only ("The Who") is not looked for."""
    analyzer = EnglishAnalyzer()
    return [analyzer.stem(term) for term in analyzer.terms(_GROUPED.sub("", text))]
