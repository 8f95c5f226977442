"""MILL: generations and feedback documents vouch for each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..base import DOCUMENTS, Rewritten
from ..columns import QUERY
from ..llm.base import LLM
from ..prompting.documents import plain_text
from ..prompting.formulation import Repeat
from ..prompting.llm_rewriter import LLMRewriter, Published
from ..protocols import Encoder
from ..ranges import Count, Natural
from ..text.similarity import Vectors, cosines, encode_groups


class MILL(LLMRewriter):
    """Appends the generations that the documents confirm, and the documents that they confirm.

    Five generations at temperature .7, each first the sub-queries of the query and then a passage
    for each; five feedback documents, which the model does not see. Mutual verification keeps the
    three generations with the highest summed cosine to all documents, and the three documents
    with the highest summed cosine to all generations, so that neither an invention nor an
    off-topic document gets in. The new query is ``query × 5 + generations + documents``, best
    first.

    Input columns: ``qid``, ``query``, and without ``feedback`` also ``docno``, ``text``. Output
    columns: the same; see :class:`~pyterrier_rewrite.Rewriter` for the others.

    Args:
        llm: The language model.
        keep: Generations kept, at least 1.
        keep_docs: Documents kept, 0 or more.
        encoder: What encodes the texts for the cosines: anything with
            ``encode(list[str]) -> array``, such as a dense index; None compares their terms.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`. A prompt of your
            own has the slot ``query`` only; ``doc_tokens`` bounds the documents' text.

    Raises:
        ValueError: On use, if ``keep`` or ``keep_docs`` is out of range.

    Example:
        >>> from pyterrier_rewrite import MILL, FakeLLM
        >>> from pyterrier_rewrite.testing import sample_results
        >>> llm = FakeLLM(["a red sofa or couch", "communism", "tides"])
        >>> rewriter = MILL(llm, n=3, keep=1, keep_docs=1)
        >>> rewriter(sample_results())["query"][0].removeprefix("red couch for two " * 5)
        'a red sofa or couch A red two-seater sofa of linen, a small couch for a studio.'
    """

    reference = (
        "Jia et al. MILL: Mutual Verification with Large Language Models for Zero-Shot Query "
        "Expansion. NAACL 2024"
    )
    published = Published(
        prompt="mill/query-query-document",
        n=5,
        temperature=0.7,
        max_tokens=512,
        fb_docs=5,
        formulation=Repeat(5),
    )

    def __init__(
        self,
        llm: LLM,
        *,
        keep: Count = 3,
        keep_docs: Natural = 3,
        encoder: Encoder | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(llm, **settings)
        self.keep = keep
        self.keep_docs = keep_docs
        self.encoder = encoder

    def slots(self, queries: pd.DataFrame) -> list[dict[str, str]]:
        """Fill in the query, without documents."""
        return [{"query": query} for query in queries[QUERY]]

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Generate, verify and form."""
        answers = self.generate(self.messages(queries))
        generated = list(map(self.parse, answers, queries[QUERY]))
        found = [
            [plain_text(document, doc_tokens=self.doc_tokens) for document in documents]
            for documents in queries[DOCUMENTS]
        ]
        kept = self.verified(generated, found)
        return self.formed(queries, kept, [[answer] for answer in answers])

    def verified(
        self, generated: Sequence[list[str]], found: Sequence[list[str]]
    ) -> list[list[str]]:
        """Return for each query the generations and documents that confirm each other."""
        groups = [[*its, *documents] for its, documents in zip(generated, found, strict=True)]
        vectors = encode_groups(groups, self.encoder)
        kept: list[list[str]] = []
        for its, documents, of_both in zip(generated, found, vectors, strict=True):
            alike = cosines(of_both[: len(its)], of_both[len(its) :])
            best = _best(alike.sum(axis=1), self.keep)
            best_docs = _best(alike.sum(axis=0), self.keep_docs)
            both = [its[i] for i in best] + [documents[i] for i in best_docs]
            kept.append(both if its else [])  # documents alone are verified by nothing
        return kept


def _best(scores: Vectors, most: int) -> list[int]:
    """Return the positions of the highest scores, of equal ones the first."""
    return [int(at) for at in np.argsort(-scores, kind="stable")[:most]]
