"""Queries of the past with what is known about them, and how alike a new one is."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from math import log
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..columns import DOCNO, LABEL, QGROUP, QGROUP_QUERY, QID, QUERY
from ..protocols import CollectionStatistics, Encoder, TextSource
from ..ranges import Count, Share, check_ranges
from .analysis import EnglishAnalyzer, count_terms
from .safe import cut_to_tokens, safe_text
from .similarity import cosines
from .typical import typical_terms

Example = Mapping[str, str]
"""Values for the slots of a prompt's ``example`` template."""

TERMS: Final = "terms"
"""What an example calls the typical terms of its query's relevant documents."""


class ExamplePool:
    """Examples to choose from; a value, equal to another of the same examples.

    Args:
        examples: For each a ``qid``, a ``query``, and what else the prompt's example shows, such
            as ``passage``.

    Raises:
        ValueError: If there is none, one lacks ``qid`` or ``query``, or a qid occurs twice.

    Example:
        >>> pool = ExamplePool([{"qid": "t1", "query": "couch", "passage": "A sofa seats two."}])
        >>> len(pool)
        1
    """

    def __init__(self, examples: Iterable[Example]) -> None:
        self.examples = [dict(example) for example in examples]
        for example in self.examples:
            if not {QID, QUERY} <= example.keys():
                raise ValueError(f"an example needs qid and query, found {sorted(example)}")
        counts = Counter(example[QID] for example in self.examples)
        twice = [qid for qid, count in counts.items() if count > 1]
        if not counts or twice:
            found = f"{twice[0]!r} more than once" if twice else "none"
            raise ValueError(f"expected examples, each with a qid of its own, found {found}")
        content = json.dumps(self.examples, sort_keys=True)
        self._digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:12]

    @classmethod
    def from_judged(
        cls,
        topics: pd.DataFrame,
        qrels: pd.DataFrame,
        texts: TextSource,
        *,
        slot: str = "passage",
        max_tokens: int = 128,
    ) -> ExamplePool:
        """Make examples from a collection's train split: a query and its best judged document.

        Args:
            topics: ``qid``, ``query``: of the train split, never of the one you test on.
            qrels: ``qid``, ``docno``, ``label``; only labels above 0 count.
            texts: The documents' texts, such as an index of ours.
            slot: What the prompt's example calls the document.
            max_tokens: Longest document, in tokens (estimated); longer ones are cut.

        Raises:
            ValueError: If no topic has a relevant document with a text.
        """
        best = qrels[qrels[LABEL] > 0].sort_values(LABEL, ascending=False, kind="stable")
        best = best.drop_duplicates(QID).merge(topics[[QID, QUERY]], on=QID)
        found = texts.texts(best[DOCNO].tolist())
        return cls(
            {
                QID: qid,
                QUERY: safe_text(query),
                slot: cut_to_tokens(safe_text(found[docno]), max_tokens),
            }
            for qid, query, docno in zip(best[QID], best[QUERY], best[DOCNO], strict=True)
            if found.get(docno, "").strip()
        )

    @classmethod
    def with_typical_terms(
        cls,
        topics: pd.DataFrame,
        qrels: pd.DataFrame,
        texts: TextSource,
        statistics: CollectionStatistics,
        *,
        terms: Count = 40,
        documents: Count = 50,
        min_share: Share = 0.1,
    ) -> ExamplePool:
        """Make examples of queries and the ``terms`` that their relevant documents share.

        They show a model how the collection speaks, and are what
        :class:`~pyterrier_rewrite.PastQueries` expands with. Judgements may be clicks.

        Args:
            topics: ``qid``, ``query``: of the train split, never of the one you test on.
            qrels: ``qid``, ``docno``, ``label``; of each query the highest label counts.
            texts: The documents' texts, such as an index of ours.
            statistics: Document frequencies and analyzer, such as ``index.statistics``.
            terms: Most terms a query, the most typical first, at least 1.
            documents: Most documents a query, at least 1.
            min_share: Least share of a query's documents that hold a term, in [0, 1].

        Raises:
            ValueError: If a number is out of its range, or no topic has a relevant document with
                text.
        """
        check_ranges(cls.with_typical_terms, locals())
        ranked = typical_terms(
            qrels[qrels[QID].isin(set(topics[QID]))],
            texts=texts,
            statistics=statistics,
            documents=documents,
            min_share=min_share,
        )
        return cls(
            {QID: qid, QUERY: safe_text(query), TERMS: " ".join(ranked[qid][:terms])}
            for qid, query in zip(topics[QID], topics[QUERY], strict=True)
            if ranked.get(qid)
        )

    @cached_property
    def words(self) -> list[tuple[str, ...]]:
        """The words of each example's query, by which queries are the same."""
        return [words_in(example[QUERY]) for example in self.examples]

    def others(
        self, query: Mapping[Hashable, Any], positions: Iterable[int], *, repeated: bool = False
    ) -> Iterator[int]:
        """Yield the positions of examples that are not the query under test.

        Args:
            query: Its row.
            positions: Where to look, in this order.
            repeated: Whether an example of the same words, but another id, is not the query.
        """
        ids, same = ids_of(query), set() if repeated else words_of(query)
        for at in positions:
            if self.examples[at][QID] not in ids and self.words[at] not in same:
                yield at

    def __len__(self) -> int:
        return len(self.examples)

    def __iter__(self) -> Iterator[dict[str, str]]:
        return iter(self.examples)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExamplePool) and self._digest == other._digest

    def __hash__(self) -> int:
        return hash(self._digest)

    def __repr__(self) -> str:
        return f"ExamplePool(<{len(self)} examples, {self._digest}>)"


Likeness = Callable[[str], npt.NDArray[np.floating[Any]]]
"""From a query to how alike each example's query is."""


def likeness(pool: ExamplePool, encoder: Encoder | None = None) -> Likeness:
    """Return what compares a query with every example: by vectors, or by TF-IDF weights."""
    comparing: Any = encoder
    return _tf_idf(pool) if encoder is None else _dense(pool, comparing)


def ids_of(query: Mapping[Hashable, Any]) -> set[str]:
    """Return the ids by which an example is the query under test itself."""
    return {query[QID], query.get(QGROUP, query[QID])}


def words_of(query: Mapping[Hashable, Any]) -> set[tuple[str, ...]]:
    """Return the words of a query, as it is and as it was."""
    return {words_in(t) for c, t in query.items() if _is_query_text(str(c)) and isinstance(t, str)}


@lru_cache(maxsize=4)
def _dense(pool: ExamplePool, encoder: Any) -> Likeness:
    vectors = np.asarray(encoder.encode([example[QUERY] for example in pool]))
    return lambda query: cosines(np.asarray(encoder.encode([query])), vectors)[0]


@lru_cache(maxsize=4)
def _tf_idf(pool: ExamplePool) -> Likeness:
    """Compare by the cosine of count × log(N / df) over stems."""
    from scipy import sparse

    counted = [_stem_counts(example[QUERY]) for example in pool]
    df = Counter(stem for counts in counted for stem in counts)
    column = {stem: at for at, stem in enumerate(df)}
    idf = np.array([log(len(pool) / df[stem]) for stem in column])

    def rows(counts: Sequence[Mapping[str, float]]) -> Any:
        cells = [
            (row, column[stem], count * idf[column[stem]])
            for row, its in enumerate(counts)
            for stem, count in its.items()
            if stem in column
        ]
        at_row, at_column, weights = zip(*cells, strict=True) if cells else ((), (), ())
        shape = (len(counts), len(column))
        matrix = sparse.csr_matrix((weights, (at_row, at_column)), shape=shape)
        lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1)).A1
        return sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ matrix

    vectors = rows(counted)

    def compare(query: str) -> npt.NDArray[np.floating[Any]]:
        alike: npt.NDArray[np.floating[Any]] = (vectors @ rows([_stem_counts(query)]).T).toarray()
        return alike[:, 0]

    return compare


def _stem_counts(text: str) -> dict[str, float]:
    analyzer = EnglishAnalyzer()
    return {analyzer.stem(t): count for t, count in count_terms(text, analyzer).items()}


def _is_query_text(column: str) -> bool:
    """Say whether a column holds the query as it is, or as it was before rewriting."""
    return column in (QUERY, QGROUP_QUERY) or column.startswith(f"{QUERY}_")


def words_in(text: str) -> tuple[str, ...]:
    """Return the words by which queries are the same."""
    return tuple(re.findall(r"\w+", text.casefold())) or (text,)
