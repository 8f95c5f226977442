"""Fusion: several rankings of a query to one, by (qid, docno) and never by query text."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import DOCNO, QID, QUERY, RANK, SCORE
from pyterrier_rewrite.pipeline import joined_later
from pyterrier_rewrite.ranges import Count
from pyterrier_rewrite.rankings import groups as _groups
from pyterrier_rewrite.rankings.lists import Floats, RankedLists
from pyterrier_rewrite.rewritten import check_columns
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

    Args:
        systems: The transformers to fuse; none to fuse the queries of each ``qgroup``.
        weights: One number of 0 or more a system; None counts all the same.
        num_results: Most results a query, at least 1.
    """

    def __init__(
        self,
        *systems: pt.Transformer,
        weights: Sequence[float] | None = None,
        num_results: Count = 1000,
    ) -> None:
        self.systems = list(systems)
        self.weights = weights
        self.num_results = num_results

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
        with joined_later():
            results = [system.transform(inp.copy()) for system in self.systems]
        return self._fuse(inp, results)

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
        return self.apply_attributes(num_results=min(k, self.num_results))

    @property
    def schematic(self) -> dict[str, Any]:
        """How :mod:`pyterrier.schematic` draws this transformer, without the network."""
        return super().schematic | {"inner_pipelines_mode": "linked"}

    # -- helpers -------------------------------------------------------------------------

    def check(self) -> None:
        """Raise if an argument is out of range, or a system is no transformer."""
        super().check()
        for system in self.systems:
            if not isinstance(system, pt.Transformer):
                raise TypeError(
                    f"{type(self).__name__} takes transformers one by one, "
                    f"{type(self).__name__}(bm25, dense); found a {type(system).__name__}"
                )
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
            check_columns(found)
            missing = [c for c in (QID, DOCNO, SCORE) if c not in found.columns]
            if missing:
                raise ValueError(
                    f"a fusion needs results with qid, docno and score, but {source} has the "
                    f"columns {list(found)}, without {missing}"
                )
            for column in (QID, DOCNO, SCORE):
                bad = found[found[column].isna()]
                if len(bad):
                    raise ValueError(
                        f"a fusion needs a {column} for every result, but in {source} document "
                        f"{bad[DOCNO].iloc[0]!r} of query {bad[QID].iloc[0]!r} has none; drop such "
                        "rows"
                    )
