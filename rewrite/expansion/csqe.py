"""CSQE: passages from what the model knows, and sentences that it quotes from the collection."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from ..base import Rewritten
from ..columns import QUERY
from ..llm.base import LLM
from ..parsing.reading import content, items, read
from ..parsing.words import has_word
from ..prompting.formulation import RepeatPerPart
from ..prompting.llm_rewriter import LLMRewriter, Published
from ..prompting.prompt import Prompt

_QUOTED = re.compile(r'["“„]([^"“”„\n]+)["”“]')


class CSQE(LLMRewriter):
    """Appends passages by the model and key sentences of the collection (corpus-steered).

    Two prompts a query, two generations each at temperature 1: a passage that answers the query,
    and, from the top ten documents, the relevant ones with their key sentences quoted. Only what
    is quoted counts. The new query is ``query × generations + passages + quoted sentences``; a
    generation of which nothing is usable, such as one that finds no document relevant, is not
    counted. (The released code repeats the query as often as there are passages:
    ``formulation=Repeat(2)``.)

    Input columns: ``qid``, ``query`` and, without ``feedback``, ``docno`` and ``text``; queries
    without results are then lost upstream. Output columns: see
    :class:`~pyterrier_rewrite.LLMRewriter`.

    Args:
        llm: The language model.
        knowledge_prompt: The prompt for passages, with the slot ``query``; ``prompt`` is the one
            for quotations.
        feedback: Pipeline that finds documents with their ``text``: ``bm25 >> index.text()``.
        n: Generations a prompt, at least 1.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Example:
        >>> from pyterrier_rewrite import CSQE, FakeLLM
        >>> from pyterrier_rewrite.testing import sample_results
        >>> llm = FakeLLM({"Do the same": 'Document 1: "a small couch"', "": "A sofa."})
        >>> CSQE(llm, n=1)(sample_results())["query"][0]
        'red couch for two red couch for two A sofa. a small couch'
    """

    reference = (
        "Lei, Cao, Zhou, Shen & Yates. Corpus-Steered Query Expansion with Large Language "
        "Models. EACL 2024"
    )
    published = Published(
        prompt="csqe/extraction",
        n=2,
        temperature=1.0,
        max_tokens=1024,
        fb_docs=10,
        formulation=RepeatPerPart(),
    )

    def __init__(
        self, llm: LLM, *, knowledge_prompt: str | Prompt = "csqe/knowledge", **settings: Any
    ) -> None:
        super().__init__(llm, **settings)
        self.knowledge_prompt = knowledge_prompt

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Ask both prompts in one batch, then form."""
        texts = queries[QUERY].tolist()
        knowledge = Prompt.load(self.knowledge_prompt)
        prompts = [knowledge.render(query=text) for text in texts]
        answers = self.generate([*prompts, *self.messages(queries)])
        pairs = list(zip(answers[: len(texts)], answers[len(texts) :], strict=True))
        parts = [
            [
                *self.parse(passages, text),
                *filter(None, map(key_sentences, self.heard(extractions, text))),
            ]
            for (passages, extractions), text in zip(pairs, texts, strict=True)
        ]
        return self.formed(queries, parts, pairs)


def key_sentences(generation: str) -> str:
    """Return the quoted sentences of an extraction, or else the items of its list, each once."""
    answer = read(generation, {})
    quoted = [text.strip() for part in answer.parts for text in _QUOTED.findall(part.text)]
    if not quoted:
        found, marked = items(answer)
        quoted = [content(item) for item in found] if marked else []
    return " ".join(dict.fromkeys(text for text in quoted if has_word(text)))
