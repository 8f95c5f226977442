"""Fusion: several rankings of a query to one, by (qid, docno) and never by query text."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import DOCNO, QID, QUERY, RANK, SCORE
from pyterrier_rewrite.rankings import groups as _groups
from pyterrier_rewrite.rankings.lists import Floats, RankedLists
from pyterrier_rewrite.value import ValueTransformer


class Fusion(ValueTransformer):
    """Several rankings of a query to one; the subclasses say how the scores come about.

    With systems, ``RRF(bm25, rewriter >> bm25)``, it runs each of them on its input and joins
    their results. Without, ``MultiQuery(llm) >> bm25 >> RRF()``, it joins the results of the
    queries that a rewriter made from one, each list weighted by its ``qweight``. A system may
    itself return several queries from one; their lists then count as lists of that system.

    Input columns: with systems ``qid``, ``query`` and what the systems need; without, ``qid``,
    ``query``, ``docno``, ``score``, and ``qgroup`` where a query was split (a frame without
    passes as groups of one).

    Output columns: with systems, the query columns of the input, its ``qusage`` raised by what
    the systems spent. Without, ``qid`` and ``query`` as they were before the split; ``qgroup``,
    ``qgroup_query``, ``qweight``, ``query_toks`` and ``query_vec`` are gone, ``qusage`` is summed,
    and a query column on which the queries of a group disagree is missing there. Then ``docno``,
    every document column of the first system that has it (but ``docid``, which means something
    to one index only), ``score`` and ``rank`` from 0, ties by ``docno``.
    """

    systems: Sequence[pt.Transformer]
    weights: Sequence[float] | None = None
    num_results: int

    @abstractmethod
    def scores(self, lists: RankedLists) -> Floats:
        """Return the fused score of each pair of query and document."""

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Fuse; see the class for columns.

        Raises:
            pt.validate.InputValidationError: If a column is missing.
            TypeError: If a system is not a transformer.
            ValueError: If an argument is out of range, or a system returns no ranking or a query
                that it was not asked.
        """
        self.check()
        if not self.systems:
            pt.validate.result_frame(inp, [QUERY, SCORE], context=self)
            return self._fuse(inp, [inp])
        pt.validate.columns(inp, includes=[QID, QUERY], context=self)
        return self._fuse(inp, [system.transform(inp.copy()) for system in self.systems])

    def transform_outputs(self, input_columns: list[str]) -> list[str]:
        """Return the output columns, for :mod:`pyterrier.inspect`; runs no system."""
        empty = pd.DataFrame(columns=input_columns)
        if not self.systems:
            return list(self.transform(empty))
        self.check()
        pt.validate.columns(empty, includes=[QID, QUERY], context=self)
        found = [pt.inspect.transformer_outputs(s, input_columns) for s in self.systems]
        return list(self._fuse(empty, [pd.DataFrame(columns=columns) for columns in found]))

    def fuse_rank_cutoff(self, k: int) -> Fusion:
        """Return this fusion with at most ``k`` results a query, for ``fusion % k``."""
        cut: Fusion = pt.inspect.transformer_apply_attributes(
            self, num_results=min(k, self.num_results)
        )
        return cut

    @property
    def schematic(self) -> dict[str, Any]:
        """How :mod:`pyterrier.schematic` draws this transformer, without the network."""
        return super().schematic | {"inner_pipelines_mode": "linked"}

    # -- helpers -------------------------------------------------------------------------

    def check(self) -> None:
        """Raise if an argument is out of range, or a system is no transformer."""
        for system in self.systems:
            if not isinstance(system, pt.Transformer):
                raise TypeError(
                    f"{type(self).__name__} takes transformers one by one, "
                    f"{type(self).__name__}(bm25, dense); found a {type(system).__name__}"
                )
        if self.num_results < 1:
            raise ValueError(f"num_results should be at least 1, found {self.num_results!r}")
        weights = self.weights
        if weights is not None and (
            len(weights) != len(self.systems)
            or not all(np.isfinite(weight) and weight >= 0 for weight in weights)
        ):
            raise ValueError(
                f"weights should be one finite number of 0 or more for each of the "
                f"{len(self.systems)} systems, found {weights!r}; the queries of a group are "
                "weighted by their column 'qweight'"
            )

    def _fuse(self, inp: pd.DataFrame, results: Sequence[pd.DataFrame]) -> pd.DataFrame:
        self._check_results(results)
        queries = _groups.query_frame(inp)
        answers = [_groups.query_frame(found) for found in results]
        weights = [_groups.weights(answer) for answer in answers]
        if self.systems:
            owners = [_groups.asked(queries, answer) for answer in answers]
            inherited = _groups.weights(queries)
            factors = self.weights if self.weights is not None else [1.0] * len(results)
            weights = [
                factor * weight / inherited[owner]
                for factor, weight, owner in zip(factors, weights, owners, strict=True)
            ]
            queries = _groups.with_usage(queries, answers, owners)
        else:
            queries, owner = _groups.restored(queries)
            owners = [owner]
        first_list = np.cumsum([0, *map(len, answers)])
        at = np.concatenate(
            [
                start + pd.Index(answer[QID]).get_indexer(found[QID])
                for start, answer, found in zip(first_list, answers, results, strict=False)
            ]
        )
        documents = pd.concat(
            [found[self._document_columns(found)] for found in results], ignore_index=True
        )
        lists = RankedLists.of(
            documents,
            queries=np.concatenate(owners)[at],
            lists=at,
            weights=np.concatenate(weights)[at],
        )
        scores = self.scores(lists)
        best, rank = lists.order(scores, self.num_results)
        out = queries.iloc[lists.pair_query[best]].reset_index(drop=True)
        out[DOCNO] = lists.docnos.take(lists.pair_doc[best])
        for name in documents.columns.difference([DOCNO, SCORE, RANK], sort=False):
            out[name] = lists.first_by_pair(documents[name])[best]
        return out.assign(score=scores[best], rank=rank)

    def _document_columns(self, results: pd.DataFrame) -> list[str]:
        dropped = set(pt.model.query_columns(results)) | ({"docid"} if self.systems else set())
        return [column for column in results.columns if column not in dropped]

    def _check_results(self, results: Sequence[pd.DataFrame]) -> None:
        for number, found in enumerate(results):
            source = repr(self.systems[number]) if self.systems else "the input"
            missing = [c for c in (QID, DOCNO, SCORE) if c not in found.columns]
            if missing:
                raise ValueError(
                    f"a fusion needs results with qid, docno and score, but {source} has the "
                    f"columns {list(found)}, without {missing}"
                )
            bad = found[found[SCORE].isna()]
            if len(bad):
                raise ValueError(
                    f"a fusion needs a score for every result, but in {source} document "
                    f"{bad[DOCNO].iloc[0]!r} of query {bad[QID].iloc[0]!r} has none; drop such rows"
                )


class RRF(Fusion):
    """Reciprocal rank fusion: the sum over the lists of ``weight / (k + rank)``, ranks from 1.

    A document that a list does not hold gets nothing from it. Scores matter only for the order
    within a list, so that engines of any kind can be fused.

    Columns: see :class:`Fusion`.

    Args:
        systems: The transformers to fuse; none to fuse the queries of each ``qgroup``.
        k: How little the first ranks stand out, 0 or more.
        weights: One number of 0 or more a system; None counts all the same.
        num_results: Most results a query, at least 1.

    Example:
        >>> columns = ["qid", "docno", "score"]
        >>> a = pd.DataFrame([["q", "d1", 2.0], ["q", "d2", 1.0]], columns=columns)
        >>> b = pd.DataFrame([["q", "d2", 9.0]], columns=columns)
        >>> fused = RRF(pt.Transformer.from_df(a), pt.Transformer.from_df(b)).search("x", qid="q")
        >>> fused["docno"].tolist()  # 1/62 + 1/61 against 1/61
        ['d2', 'd1']

    Reference: Cormack, Clarke and Büttcher: Reciprocal Rank Fusion outperforms Condorcet and
    individual Rank Learning Methods. SIGIR 2009.
    """

    def __init__(
        self,
        *systems: pt.Transformer,
        k: float = 60,
        weights: Sequence[float] | None = None,
        num_results: int = 1000,
    ) -> None:
        self.systems = list(systems)
        self.k = k
        self.weights = weights
        self.num_results = num_results

    def scores(self, lists: RankedLists) -> Floats:
        """Return the sum of ``weight / (k + rank)``."""
        return lists.sum_by_pair(lists.weight / (self.k + lists.rank + 1))

    def check(self) -> None:
        """Raise if an argument is out of range."""
        super().check()
        if not self.k >= 0:
            raise ValueError(f"k should be 0 or more, found {self.k!r}")


class CombSUM(Fusion):
    """The sum over the lists of ``weight * score``, the scores of each list normalised first.

    With ``norm="minmax"`` a list's scores become ``(score - min) / (max - min)``; a list of
    constant scores, such as a single result, becomes 1. With ``norm="zscore"`` they become
    ``(score - mean) / deviation`` (of the population); a list of constant scores becomes 0. Mind
    that a document that a list does not hold counts as 0, with z-scores as average.

    Columns: see :class:`Fusion`.

    Args:
        systems: The transformers to fuse; none to fuse the queries of each ``qgroup``.
        norm: ``"minmax"``, ``"zscore"``, or None for the scores as they are.
        weights: One number of 0 or more a system; None counts all the same.
        num_results: Most results a query, at least 1.

    Example:
        >>> columns = ["qid", "docno", "score"]
        >>> a = pd.DataFrame([["q", "d1", 2.0], ["q", "d2", 1.0]], columns=columns)
        >>> b = pd.DataFrame([["q", "d2", 9.0]], columns=columns)
        >>> systems = pt.Transformer.from_df(a), pt.Transformer.from_df(b)
        >>> CombSUM(*systems, weights=[2, 1]).search("x", qid="q")["score"].tolist()
        [2.0, 1.0]

    Reference: Fox and Shaw: Combination of Multiple Searches. TREC-2, 1993.
    """

    def __init__(
        self,
        *systems: pt.Transformer,
        norm: Literal["minmax", "zscore"] | None = "minmax",
        weights: Sequence[float] | None = None,
        num_results: int = 1000,
    ) -> None:
        self.systems = list(systems)
        self.norm = norm
        self.weights = weights
        self.num_results = num_results

    def scores(self, lists: RankedLists) -> Floats:
        """Return the sum of the weighted, normalised scores."""
        return lists.sum_by_pair(lists.weight * lists.normalised(self.norm))

    def check(self) -> None:
        """Raise if an argument is out of range."""
        super().check()
        if self.norm not in ("minmax", "zscore", None):
            raise ValueError(f"norm should be 'minmax', 'zscore' or None, found {self.norm!r}")


class CombMNZ(CombSUM):
    """:class:`CombSUM` times the number of lists that hold the document.

    Columns, arguments, example and reference: see :class:`CombSUM`.
    """

    def scores(self, lists: RankedLists) -> Floats:
        """Return the sum of the weighted, normalised scores times the number of lists."""
        return super().scores(lists) * lists.count_by_pair()


class Interleave(Fusion):
    """Round robin: each list in turn gives its best document that is not yet taken.

    The score is ``1 / (rank + 1)``, ranks from 0. Weights play no part.

    Columns: see :class:`Fusion`.

    Args:
        systems: The transformers to fuse, in their turn; none to fuse the queries of each
            ``qgroup``.
        num_results: Most results a query, at least 1.

    Example:
        >>> columns = ["qid", "docno", "score"]
        >>> a = pd.DataFrame([["q", "d1", 2.0], ["q", "d2", 1.0]], columns=columns)
        >>> b = pd.DataFrame([["q", "d1", 9.0], ["q", "d3", 8]], columns=columns)
        >>> systems = pt.Transformer.from_df(a), pt.Transformer.from_df(b)
        >>> Interleave(*systems).search("x", qid="q")["docno"].tolist()
        ['d1', 'd3', 'd2']
    """

    def __init__(self, *systems: pt.Transformer, num_results: int = 1000) -> None:
        self.systems = list(systems)
        self.num_results = num_results

    def scores(self, lists: RankedLists) -> Floats:
        """Return the inverse of the round-robin ranks."""
        turns: dict[int, dict[int, deque[int]]] = {}
        for query, list_, pair in zip(
            lists.pair_query[lists.pair].tolist(),
            lists.list_.tolist(),
            lists.pair.tolist(),
            strict=True,
        ):
            turns.setdefault(query, {}).setdefault(list_, deque()).append(pair)
        scores = np.zeros(len(lists.pair_query))
        for waiting in turns.values():
            for rank, pair in enumerate(_round_robin(deque(waiting.values()))):
                scores[pair] = 1.0 / (rank + 1)
        return scores


def _round_robin(waiting: deque[deque[int]]) -> Iterator[int]:
    taken: set[int] = set()
    while waiting:
        turn = waiting.popleft()
        while turn and turn[0] in taken:
            turn.popleft()
        if turn:
            taken.add(turn[0])
            yield turn.popleft()
            waiting.append(turn)
