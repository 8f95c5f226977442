"""Guards: what can be wrong with a rewrite."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from ..protocols import Analyzer
from ..ranges import Count, Portion
from ..text.analysis import EnglishAnalyzer, count_terms
from ..text.entities import entities_in
from ..text.language import language_change
from ..text.safe import count_tokens
from .guard import Guard

ENGLISH: Final = EnglishAnalyzer()

_GROUPED: Final = re.compile(r"(?<=\d),(?=\d{3}\b)")


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
    return [ENGLISH.stem(term) for term in ENGLISH.terms(_GROUPED.sub("", text))]


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
        >>> long = " ".join(f"sofa{number}" for number in range(90))
        >>> pipeline = Query2Doc(FakeLLM(long)) >> LengthBudget(64)
        >>> pipeline.search("couch")[["query", "qstatus"]].values.tolist()
        [['couch', 'skipped: 163 tokens, over 64']]
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


class SameLanguage(Guard):
    """Objects to a rewrite in another language or script than the query.

    Small models answer in English, or in Chinese, whatever they are asked in. The language is
    told offline; where a text is too short to tell, as a brand name is, nothing is objected.

    Input and output columns: see :class:`~pyterrier_rewrite.Guard`.

    Raises:
        MissingExtraError: On use, if py3langid is not installed (extra ``lang``).

    Example:
        >>> from pyterrier_rewrite import FakeLLM, Query2Doc, Replace, SameLanguage
        >>> answer = "You can buy a red sofa at most furniture stores in the city."
        >>> pipeline = Query2Doc(FakeLLM(answer), formulation=Replace()) >> SameLanguage()
        >>> pipeline.search("wo kann man ein rotes Sofa kaufen")["qstatus"][0]
        'skipped: another language (en, not de)'

    Reference: the detector is described in Lui & Baldwin: langid.py: An Off-the-shelf Language
    Identification Tool. ACL 2012.
    """

    def objection(self, original: str, rewrite: str) -> str | None:
        """Compare the languages."""
        change = language_change(original, rewrite)
        return None if change is None else f"another language ({change})"


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
