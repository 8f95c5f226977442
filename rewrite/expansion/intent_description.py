"""IntentDescription: what sets relevant documents apart from irrelevant ones, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..base import DOCUMENTS, Rewritten
from ..columns import LABEL, QDESCRIPTION, QUERY
from ..llm.base import LLM, Completions
from ..prompting.formulation import Repeat
from ..prompting.llm_rewriter import LLMRewriter, Published
from ..ranges import Count
from ..text.safe import safe_text

Documents = list[dict[str, Any]]


class IntentDescription(LLMRewriter):
    """Describes the information need as a TREC topic does, by contrast (Q2ID).

    The prompt shows relevant and irrelevant documents. They are the judged ones if the documents
    have a column ``label`` (relevant if above 0), otherwise the top and the bottom of the first
    ranking. The description has three uses: as expansion, ``query × 5 + description``, which is
    the default; in its column, for a reranker,
    ``IntentDescription(llm, formulation=Keep(), feedback=…) >> bm25 >> index.text() >>
    CrossEncoderReranker(model, query_field="qdescription")``; or in the query's place, with
    ``formulation=Replace()``.

    Input columns: ``qid``, ``query`` and, without ``feedback``, ``docno``, ``text`` and, if
    there, ``label``; queries without results are then lost upstream.

    Output columns: those of :class:`~pyterrier_rewrite.LLMRewriter`, and
    ``qdescription``, which is the query itself where no description was made.

    Args:
        llm: The language model.
        contrast: Most documents of either kind in the prompt, at least 1.
        feedback: Pipeline that finds documents with their ``text``: ``bm25 >> index.text()``.
        fb_docs: Depth of the first ranking, whose end counts as irrelevant.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`; the prompt has
            the slots ``query``, ``relevant`` and ``irrelevant``.

    Raises:
        ValueError: On use, if ``contrast`` is below 1.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, IntentDescription
        >>> from pyterrier_rewrite.testing import sample_results
        >>> rewriter = IntentDescription(FakeLLM("Sofas with two seats, in red."))
        >>> rewriter(sample_results())["qdescription"][0]
        'Sofas with two seats, in red.'
    """

    reference = (
        "Zhang, Guo, Fan, Lan & Cheng. Query Understanding via Intent Description Generation. "
        "CIKM 2020"
    )
    published = Published(
        prompt="intent-description/contrast", max_tokens=128, fb_docs=100, formulation=Repeat(5)
    )

    def __init__(self, llm: LLM, *, contrast: Count = 5, **settings: Any) -> None:
        super().__init__(llm, **settings)
        self.contrast = contrast

    @property
    def adds(self) -> tuple[str, ...]:
        """The column of the description."""
        return (QDESCRIPTION,)

    def original_columns(self, queries: pd.DataFrame) -> dict[str, Sequence[object]]:
        """Describe a query by itself."""
        return {QDESCRIPTION: queries[QUERY]}

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Ask for the descriptions, and use them."""
        outcomes = super().rewrite(queries)
        for outcome, query in zip(outcomes, queries[QUERY], strict=True):
            description = safe_text(" ".join(self.parse(Completions(outcome.gen), query)))
            if description:
                outcome.columns = {QDESCRIPTION: description}
        return outcomes

    def slots(self, queries: pd.DataFrame) -> list[dict[str, str]]:
        """Fill in the query and the two kinds of documents."""
        filled = []
        for query, documents in zip(queries[QUERY], queries[DOCUMENTS], strict=True):
            shown = [self.show(its) if its else "(none)" for its in self.contrasted(documents)]
            filled.append({"query": query, "relevant": shown[0], "irrelevant": shown[1]})
        return filled

    def contrasted(self, documents: Documents) -> tuple[Documents, Documents]:
        """Return relevant and irrelevant documents, by judgement or else by rank.

        Args:
            documents: A query's documents, best first.
        """
        most = self.contrast
        labels = [_label(document) for document in documents]
        judged = list(zip(documents, labels, strict=True))
        relevant = [d for d, label in judged if label is not None and label > 0]
        irrelevant = [d for d, label in judged if label is not None and label <= 0]
        rest = [d for d, label in judged if label is None]
        if not relevant:
            relevant, rest = rest[:most], rest[most:]
        return relevant[:most], irrelevant[:most] or rest[-most:]


def _label(document: dict[str, Any]) -> float | None:
    label = document.get(LABEL)
    return None if label is None or math.isnan(label) else float(label)
