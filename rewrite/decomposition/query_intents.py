"""Intents of a query: what different people may want who type the same words (DL-MIA)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..base import DOCUMENTS, Rewritten
from ..columns import QUERY
from ..llm.base import LLM
from ..prompting.documents import plain_text
from ..prompting.formulation import Several
from ..prompting.llm_rewriter import LLMRewriter, Published
from ..protocols import Encoder
from ..ranges import Count
from ..text.similarity import Vectors, cosines, encode_groups


class QueryIntents(LLMRewriter):
    """Describes several distinct intents, one for each cluster of a query's documents.

    The twenty best documents are clustered (average linkage of cosines). For each cluster the
    model is asked once, greedy, which intent someone has who types the query and is content with
    these documents. Every intent is a query of its own, the one with the best document first:
    ``QueryIntents(llm, feedback=bm25 >> text) >> bm25 >> RRF()`` covers them all.

    Input columns: ``qid``, ``query``, and without ``feedback`` also ``docno``, ``text``. Output
    columns: ``qid`` (``<qid>~1``, ``<qid>~2``, …), ``query``, ``qgroup``, ``qgroup_query``,
    ``qweight``; see :class:`~pyterrier_rewrite.Rewriter` for the others.

    Args:
        llm: The language model.
        count: Most intents a query, at least 1.
        encoder: What encodes the documents for clustering: anything with
            ``encode(list[str]) -> array``, such as a dense index; None compares their terms.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Raises:
        ValueError: On use, if ``count`` is below 1.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, QueryIntents
        >>> from pyterrier_rewrite.testing import sample_results
        >>> llm = FakeLLM(["sofas for small rooms", "life of bees", "hiking in rain"])
        >>> QueryIntents(llm, count=3)(sample_results().head(3))["query"].tolist()
        ['sofas for small rooms', 'life of bees', 'hiking in rain']
    """

    reference = "Anand et al. Understanding the User: An Intent-Based Ranking Dataset. CIKM 2024"
    published = Published(prompt="intents/cluster", formulation=Several(), fb_docs=20)

    def __init__(
        self, llm: LLM, *, count: Count = 4, encoder: Encoder | None = None, **settings: Any
    ) -> None:
        super().__init__(llm, **settings)
        self.count = count
        self.encoder = encoder

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Cluster, ask about every cluster of every query at once, and form."""
        texts = [
            [plain_text(document, doc_tokens=self.doc_tokens) for document in documents]
            for documents in queries[DOCUMENTS]
        ]
        clustered = [clusters(v, self.count) for v in encode_groups(texts, self.encoder)]
        rows = zip(
            self.templates(queries), queries[QUERY], queries[DOCUMENTS], clustered, strict=True
        )
        prompts = [
            template.render(query=query, documents=self.show([documents[i] for i in cluster]))
            for template, query, documents, its in rows
            for cluster in its
        ]
        answers = iter(self.generate(prompts))
        of_each = [[next(answers) for _ in its] for its in clustered]
        intents = [
            list(dict.fromkeys(part for answer in its for part in self.parse(answer, query)))
            for its, query in zip(of_each, queries[QUERY], strict=True)
        ]
        return self.formed(queries, intents, of_each)


def clusters(vectors: Vectors, count: int) -> list[list[int]]:
    """Return at most ``count`` clusters of rows, by average linkage of their cosines.

    Args:
        vectors: One row a document, best first.
        count: Most clusters.

    Returns:
        The positions in each cluster, the cluster of the best document first.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(vectors) == 1:
        return [[0]]
    distances = np.clip(1 - cosines(vectors, vectors), 0, None)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), method="average")
    found: dict[int, list[int]] = {}
    for at, number in enumerate(fcluster(tree, count, criterion="maxclust")):
        found.setdefault(number, []).append(at)
    return list(found.values())
