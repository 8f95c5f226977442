"""A search engine for tests, yours and ours: no index, no Java, every search recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyterrier as pt

from ..columns import DOCNO, QUERY, QUERY_TOKS, TEXT
from ..protocols import Analyzer
from ..text.analysis import EnglishAnalyzer, count_terms
from ..value import ValueTransformer

Ranking = Sequence[str] | Mapping[str, float]
"""Documents, best first, or their scores."""

Reply = Ranking | Mapping[str, Ranking] | Callable[[str], Ranking] | Exception | None


class FakeEngine(ValueTransformer):
    """An engine of a few documents that is its own retriever.

    Input columns: ``qid``, ``query`` and, where a rewriter wrote it, ``query_toks``.

    Output columns: those of the input, ``docno``, ``score`` and ``rank`` (from 0); queries in the
    order of the input, ties in the order of the documents.

    It keeps to the :class:`~pyterrier_rewrite.protocols.Engine` protocol (:meth:`bm25`,
    :meth:`text`, :attr:`statistics`, :attr:`analyzer`), to
    :class:`~pyterrier_rewrite.protocols.TextSource`, and cuts itself for ``engine % k``.

    Args:
        documents: Texts by ``docno``.
        reply: What to find. None finds the documents that share terms with the query: a score is
            the sum of the weights of the shared terms, by stem. A list of documents, best first,
            or a dict of their scores is found for every query; a dict of these gives each its
            query, and nothing to other queries; a function gets the query's text. An exception
            is raised: the engine is down.
        num_results: Most results a query, at least 1.

    Attributes:
        calls: One entry a search: the frame, and how many results a query were asked for. What
            :meth:`bm25` and ``engine % k`` return writes to the same list.

    Example:
        >>> engine = FakeEngine({"d1": "a red sofa", "d2": "a blue sofa", "d3": "a desk"})
        >>> engine.search("red sofas")[["docno", "score", "rank"]]
          docno  score  rank
        0    d1    2.0     0
        1    d2    1.0     1
        >>> engine.queries
        ['red sofas']
        >>> (engine % 1 >> engine.text()).search("sofa")["text"].tolist()
        ['a red sofa']
        >>> engine.statistics.document_frequencies(["sofa", "lamp"])
        {'sofa': 2}

        Scripted, and down:

        >>> FakeEngine(reply={"sofa": ["d7", "d3"]}).search("sofa")["docno"].tolist()
        ['d7', 'd3']
        >>> FakeEngine(reply=ConnectionError("down")).search("sofa")
        Traceback (most recent call last):
        ConnectionError: down
    """

    def __init__(
        self,
        documents: Mapping[str, str] | None = None,
        *,
        reply: Reply = None,
        num_results: int = 1000,
    ) -> None:
        self.documents = documents
        self.reply = reply
        self.num_results = num_results
        self.calls: list[tuple[pd.DataFrame, int]] = []

    # -- as a retriever ------------------------------------------------------------------

    @property
    def queries(self) -> list[str]:
        """The text of every query received so far, in order."""
        return [text for frame, _ in self.calls for text in frame[QUERY].tolist()]

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Answer from the script or by shared terms; see the class.

        Raises:
            Exception: The one that ``reply`` is.
        """
        pt.validate.query_frame(inp, [QUERY], context=self)
        self.calls.append((inp.copy(), self.num_results))
        if isinstance(self.reply, Exception):
            raise self.reply
        out: list[tuple[int, str, float, int]] = []
        toks = inp[QUERY_TOKS].tolist() if QUERY_TOKS in inp else [None] * len(inp)
        for row, (text, terms) in enumerate(zip(inp[QUERY].tolist(), toks, strict=True)):
            found = self._find(text, terms)
            best = sorted(found, key=lambda docno: -found[docno])[: self.num_results]
            out += [(row, docno, found[docno], rank) for rank, docno in enumerate(best)]
        results: pd.DataFrame = inp.iloc[[row for row, *_ in out]].reset_index(drop=True)
        results[DOCNO] = pd.Series([docno for _, docno, _, _ in out], dtype="str")
        results["score"] = pd.Series([score for *_, score, _ in out], dtype="float64")
        results["rank"] = pd.Series([rank for *_, rank in out], dtype="int64")
        return results

    def fuse_rank_cutoff(self, k: int) -> FakeEngine:
        """Return an engine of at most ``k`` results, for ``engine % k``."""
        return self.bm25(num_results=min(k, self.num_results))

    # -- as an index ---------------------------------------------------------------------

    def bm25(self, *, num_results: int = 1000, **_: Any) -> FakeEngine:
        """Return this engine with another depth; all other settings change nothing."""
        other: FakeEngine = self.apply_attributes(num_results=num_results)
        other.calls = self.calls
        return other

    def text(self, *, columns: Iterable[str] = (TEXT,)) -> pt.Transformer:
        """Return a loader of texts; it knows no other column."""
        if (asked := tuple(columns)) != (TEXT,):
            raise ValueError(f"a FakeEngine has the column 'text' only, not {list(asked)}")
        return _Texts(self)

    def texts(self, docnos: Iterable[str]) -> dict[str, str]:
        """Return the text of each document; unknown ids are left out."""
        known = self.documents or {}
        return {docno: known[docno] for docno in docnos if docno in known}

    @property
    def analyzer(self) -> Analyzer:
        """English words and stems."""
        return EnglishAnalyzer()

    @property
    def statistics(self) -> DocumentCounts:
        """Counts over the documents."""
        return DocumentCounts(tuple((self.documents or {}).values()))

    # -- helpers -------------------------------------------------------------------------

    def _find(self, text: str, terms: Any) -> dict[str, float]:
        found: Any = self.reply
        if found is None:
            given = isinstance(terms, Mapping)
            return self._overlap(terms if given else count_terms(text, self.analyzer))
        if callable(found):
            found = found(text)
        if isinstance(found, Mapping):
            if all(isinstance(score, (int, float)) for score in found.values()):
                return {docno: float(score) for docno, score in found.items()}
            found = found.get(text, ())
            if isinstance(found, Mapping):
                return dict(found)
        return {docno: float(len(found) - rank) for rank, docno in enumerate(found)}

    def _overlap(self, terms: Mapping[str, float]) -> dict[str, float]:
        analyzer = self.analyzer
        weights: dict[str, float] = {}
        for term, weight in terms.items():
            stem = analyzer.stem(term)
            weights[stem] = weights.get(stem, 0.0) + weight
        scores = {}
        for docno, document in (self.documents or {}).items():
            stems = {analyzer.stem(term) for term in analyzer.terms(document)}
            scores[docno] = float(sum(w for stem, w in weights.items() if stem in stems))
        return {docno: score for docno, score in scores.items() if score > 0}


@dataclass(frozen=True)
class DocumentCounts:
    """Counts over texts in memory, by stem.

    It keeps to the :class:`~pyterrier_rewrite.protocols.CollectionStatistics` protocol.

    Args:
        texts: The texts of all documents.
        analyzer: Decides what a term is.
    """

    texts: tuple[str, ...]
    analyzer: Analyzer = EnglishAnalyzer()

    @property
    def num_docs(self) -> int:
        """Number of documents."""
        return len(self.texts)

    @property
    def num_tokens(self) -> int:
        """Number of terms in all documents, without stop words."""
        return sum(len(self.analyzer.terms(text)) for text in self.texts)

    def document_frequencies(self, stems: Iterable[str]) -> dict[str, int]:
        """Return in how many documents each stem occurs; unknown stems are left out."""
        return self._count(stems, set)

    def collection_frequencies(self, stems: Iterable[str]) -> dict[str, int]:
        """Return how often each stem occurs in the collection; unknown stems are left out."""
        return self._count(stems, list)

    def _count(self, stems: Iterable[str], each: Callable[..., Iterable[str]]) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for text in self.texts:
            counts.update(each([self.analyzer.stem(term) for term in self.analyzer.terms(text)]))
        return {stem: counts[stem] for stem in stems if stem in counts}


class _Texts(ValueTransformer):
    """Adds the text of each document to a frame."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Add the column; a document that the engine does not know is an error."""
        pt.validate.columns(inp, includes=[DOCNO], context=self)
        known = self.engine.documents or {}
        texts = pd.Series([known[docno] for docno in inp[DOCNO]], index=inp.index, dtype="str")
        out: pd.DataFrame = inp.assign(**{TEXT: texts})
        return out
