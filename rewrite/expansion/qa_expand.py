"""QA-Expand: ask several questions, answer them, keep the answers that help."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..base import Rewritten
from ..columns import OK, QUERY, skipped
from ..llm.base import LLM, Completions, Messages
from ..parsing.parsers import Items
from ..prompting.formulation import Repeat
from ..prompting.llm_rewriter import LLMRewriter, Published
from ..prompting.prompt import Prompt
from ..ranges import Count


class QAExpand(LLMRewriter):
    """Appends answers to questions that the query raises.

    Three requests a query, one after the other: three questions that cover the query, an answer
    to each, and a pass over the answers that keeps, and may rewrite, the useful ones. The new
    query is ``query × 3 + answers kept``. A query without a useful answer stays as it is.

    Input columns: ``qid``, ``query``. Output columns: see
    :class:`~pyterrier_rewrite.LLMRewriter`.

    Args:
        llm: The language model.
        questions: Questions a query, at least 1.
        answer_prompt: The prompt of the second step, with the slot ``questions``; ``prompt`` is
            that of the first, with ``number`` and ``query``.
        filter_prompt: The prompt of the third step, with the slots ``query`` and ``answers``.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Raises:
        ValueError: On use, if ``questions`` is below 1.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, QAExpand
        >>> llm = FakeLLM(['["what is it?", "who made it?"]', '["a sofa", "a cat"]', '["a sofa"]'])
        >>> QAExpand(llm, questions=2).search("couch")["query"][0]
        'couch couch couch a sofa'
    """

    reference = (
        "Seo & Lee. QA-Expand: Multi-Question Answer Generation for Enhanced Query Expansion in "
        "Information Retrieval. 2025"
    )
    published = Published(
        prompt="qa-expand/questions", parser=Items(), max_tokens=512, formulation=Repeat(3)
    )

    def __init__(
        self,
        llm: LLM,
        *,
        questions: Count = 3,
        answer_prompt: str | Prompt = "qa-expand/answers",
        filter_prompt: str | Prompt = "qa-expand/filter",
        **settings: Any,
    ) -> None:
        super().__init__(llm, **settings)
        self.questions = questions
        self.answer_prompt = answer_prompt
        self.filter_prompt = filter_prompt

    def slots(self, queries: pd.DataFrame) -> list[dict[str, str]]:
        """Fill in the query, and how many questions to ask."""
        return [{"query": query, "number": str(self.questions)} for query in queries[QUERY]]

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Ask for questions, answers and useful answers; each step takes what the last brought."""
        texts = queries[QUERY].tolist()
        answer, useful = Prompt.load(self.answer_prompt), Prompt.load(self.filter_prompt)
        trails: list[list[Completions]] = [[] for _ in texts]

        questions = self._step(trails, self.messages(queries))
        asked = [its[: self.questions] for its in questions]
        answers = self._step(
            trails, [answer.render(questions=_json(its)) if its else None for its in asked]
        )
        kept = self._step(
            trails,
            [
                useful.render(query=text, answers=_json(its)) if its else None
                for text, its in zip(texts, answers, strict=True)
            ],
        )
        outcomes = self.formed(queries, kept, trails)
        for made, trail in zip(outcomes, trails, strict=True):
            if made.status != OK and len(trail) == 3 and trail[-1].error is None:
                made.status = skipped("no answer is useful")
        return outcomes

    def _step(
        self, trails: Sequence[list[Completions]], prompts: Sequence[Messages | None]
    ) -> list[list[str]]:
        """Send the prompts there are, add the answers to the trails, return what they say."""
        asked = [prompt for prompt in prompts if prompt is not None]
        answers = iter(self.generate(asked, parser=self.parser))
        parts: list[list[str]] = [[] for _ in prompts]
        for at, prompt in enumerate(prompts):
            if prompt is not None:
                trails[at].append(next(answers))
                parts[at] = self.parse(trails[at][-1])
        return parts


def _json(texts: Sequence[str]) -> str:
    return json.dumps(list(texts), ensure_ascii=False)
