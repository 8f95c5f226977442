"""ThinkQE: think, expand, search with the expansion, and think again about what is new."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyterrier as pt

from ..base import DOCUMENTS, NewQuery, Rewritten
from ..columns import DOCNO, QID, QUERY, QUERY_FORMS
from ..deadline import time_is_over
from ..llm.base import LLM, Completions
from ..prompting.formulation import AdaptiveRepeat
from ..prompting.llm_rewriter import LLMRewriter, Published
from ..ranges import Count


class ThinkQE(LLMRewriter):
    """Expands in rounds, each of which sees documents that the rounds before did not.

    Three rounds. In each, a reasoning model is shown five documents and writes two passages at
    temperature .6; what it thinks aloud is left out. All passages so far, and the query repeated
    in proportion to their length, are the query of the next round and, at last, the new query. A
    document that a round was shown is not shown again, and with it none of the tops of earlier
    rankings; a query for which a round finds nothing new is done.

    Input columns: ``qid``, ``query``; the first round's documents can also be given as ``docno``,
    ``text``. Output columns: the same; see :class:`~pyterrier_rewrite.Rewriter` for the
    others. ``qgen`` holds the generations of all rounds, ``qusage`` sums over them.

    Args:
        llm: The language model, best one that thinks before it answers.
        feedback: The retrieval pipeline of every round, ``bm25 >> index.text()``; it should
            return ``rounds × fb_docs`` documents or more.
        rounds: How often to think, at least 1.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`; ``fb_docs`` is the
            number of documents a round.

    Raises:
        ValueError: On use, if ``rounds`` is below 1.

    Example:
        >>> import pyterrier as pt
        >>> from pyterrier_rewrite import FakeLLM, ThinkQE
        >>> from pyterrier_rewrite.testing import sample_results
        >>> shop = pt.Transformer.from_df(sample_results().drop(columns=["query", "split"]))
        >>> llm = FakeLLM(["<think>a couch?</think> sofa", "loveseat", "linen", "studio"])
        >>> rewriter = ThinkQE(llm, feedback=shop, rounds=2, fb_docs=1)
        >>> rewriter.search("red couch", qid="q1")["query"][0]
        'red couch sofa loveseat linen studio'
    """

    reference = "Lei et al. ThinkQE: Query Expansion via an Evolving Thinking Process. 2025"
    published = Published(
        prompt="thinkqe/round",
        n=2,
        temperature=0.6,
        max_tokens=8192,  # thoughts are long
        fb_docs=5,
        formulation=AdaptiveRepeat(3),
    )

    def __init__(
        self, llm: LLM, *, feedback: pt.Transformer, rounds: Count = 3, **settings: Any
    ) -> None:
        super().__init__(llm, feedback=feedback, **settings)
        self.rounds = rounds

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Go through the rounds with all queries at once."""
        answers: list[list[Completions]] = [[] for _ in queries[QID]]
        parts: list[list[str]] = [[] for _ in queries[QID]]
        seen: list[set[str]] = [set() for _ in queries[QID]]
        formed: list[list[NewQuery]] = [[] for _ in queries[QID]]
        todo = queries
        for round_ in range(1, self.rounds + 1):
            for at, documents, answer in zip(
                todo.index, todo[DOCUMENTS], self.generate(self.messages(todo)), strict=True
            ):
                answers[at].append(answer)
                parts[at].extend(self.parse(answer, queries[QUERY][at]))
                seen[at].update(document[DOCNO] for document in documents)
            formed = self.formulation.form_batch(queries[QUERY].tolist(), parts)
            if time_is_over():
                break
            if round_ < self.rounds:
                todo = self._unseen(todo, formed, seen)
            if todo.empty:
                break
        return self.formed(queries, parts, answers)

    def _unseen(
        self, queries: pd.DataFrame, formed: list[list[NewQuery]], seen: list[set[str]]
    ) -> pd.DataFrame:
        """Return the queries for which their expansions find new documents, with these."""
        expanded = queries.drop(columns=[DOCUMENTS, *QUERY_FORMS], errors="ignore")
        new = [
            formed[at][0] if formed[at] else self.original_query(text)
            for at, text in queries[QUERY].items()
        ]
        expanded[QUERY] = [query.text for query in new]
        for form in self.writes:
            values = [getattr(query, form.removeprefix("query_")) for query in new]
            expanded[form] = pd.Series(values, index=expanded.index, dtype=object)
        results = self.retrieve_feedback(expanded)
        row = dict(zip(queries[QID], queries.index, strict=True))
        fresh = [
            docno not in seen[row[str(qid)]]
            for qid, docno in zip(results[QID], results[DOCNO], strict=True)
        ]
        documents = self.best_documents(expanded, results[fresh])
        found = queries.assign(
            **{DOCUMENTS: pd.Series(documents, index=queries.index, dtype=object)}
        )
        return found[[bool(its) for its in documents]]
