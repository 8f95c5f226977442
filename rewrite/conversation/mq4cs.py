"""MQ4CS: answer first, then search for what the answer says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..base import Rewritten
from ..columns import QPTKB, QUERY
from ..llm.base import LLM, Completions
from ..parsing.parsers import Queries, Text
from ..prompting.formulation import Several
from ..prompting.llm_rewriter import Published
from ..prompting.outcome import outcome
from ..prompting.prompt import Prompt
from ..ranges import Count
from ..text.quoting import quoted
from ..text.safe import cut_to_tokens
from .prompted import ConversationalRewriter


class MQ4CS(ConversationalRewriter):
    r"""Breaks a likely answer into several queries, with what is known of the person.

    Two requests a turn, greedy: an answer, from the conversation and those personal statements
    that it needs, then up to five queries that cover the answer. The published pipelines differ
    in where the rankings meet: ``MQ4CS(llm) >> bm25 >> text >> reranker >> Interleave()`` after
    reranking, ``MQ4CS(llm) >> bm25 >> Interleave() >> text >> reranker`` before it; see
    :func:`~pyterrier_rewrite.pipelines.multi_query_search`.

    Input columns: ``qid``, ``query`` and, where there are any, ``qhistory`` and ``qptkb`` (a list
    of statements about the person). Output columns: ``qid`` (``<qid>~1``, …), ``query``,
    ``qgroup``, ``qgroup_query``, ``qweight``; see :class:`~pyterrier_rewrite.Rewriter`.
    ``qgen`` holds the answer and the queries.

    Args:
        llm: The language model.
        count: Most queries a turn, at least 1.
        queries_prompt: The prompt of the second step, with the slots ``history``, ``query``,
            ``answer`` and ``count``; ``prompt`` is that of the first, with ``facts``, ``history``
            and ``query``.
        history_tokens: Most tokens of the conversation, and of the personal statements, in the
            prompt, at least 1, estimated.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Raises:
        ValueError: On use, if ``count`` is below 1.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, MQ4CS
        >>> llm = FakeLLM(["Linen lasts, cotton is soft.", "linen durability\ncotton softness"])
        >>> MQ4CS(llm).search("linen or cotton?")["query"].tolist()
        ['linen durability', 'cotton softness']
    """

    reference = (
        "Abbasiantaeb & Aliannejadi. Generate then Retrieve: Conversational Response Retrieval "
        "Using LLMs as Answer and Query Generators. 2024"
    )
    published = Published(
        prompt="mq4cs/answer", parser=Queries(), formulation=Several(), max_tokens=512
    )

    def __init__(
        self,
        llm: LLM,
        *,
        count: Count = 5,
        queries_prompt: str | Prompt = "mq4cs/queries",
        **settings: Any,
    ) -> None:
        super().__init__(llm, **settings)
        self.count = count
        self.queries_prompt = queries_prompt

    def slots(self, queries: pd.DataFrame) -> list[dict[str, str]]:
        """Fill in turn, history, and what is known of the person."""
        filled, known = super().slots(queries), queries.get(QPTKB, [None] * len(queries))
        for values, its in zip(filled, known, strict=True):
            values["facts"] = self.facts(its if isinstance(its, list | tuple) else [])
        return filled

    def facts(self, statements: Sequence[object]) -> str:
        """Show what is known of the person in a prompt."""
        shown = "\n".join(f"- {quoted(str(statement))}" for statement in statements)
        known = cut_to_tokens(shown, self.history_tokens) or "(nothing)"
        return f"<known about the person>\n{known}\n</known about the person>"

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Answer, then ask for the queries that cover the answer."""
        texts, filled = queries[QUERY].tolist(), super().slots(queries)
        trails: list[list[Completions]] = [[a] for a in self.generate(self.messages(queries))]
        answers = [
            Text()(" ".join(self.heard(trail[0], text)))
            for trail, text in zip(trails, texts, strict=True)
        ]
        rows = [row for row, its in enumerate(answers) if its]
        template = Prompt.load(self.queries_prompt)
        prompts = [
            template.render(**filled[row], answer=answers[row][0], count=str(self.count))
            for row in rows
        ]
        parts: list[list[str]] = [[] for _ in texts]
        for row, found in zip(rows, self.generate(prompts, parser=self.parser), strict=True):
            trails[row].append(found)
            parts[row] = self.parse(found, texts[row])[: self.count]
        formed = self.formulation.form_batch(texts, parts)
        return [outcome(trail, new) for trail, new in zip(trails, formed, strict=True)]
