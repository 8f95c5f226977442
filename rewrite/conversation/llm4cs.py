"""LLM4CS: several rewrites and responses, aggregated to one search intent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from ..base import NewQuery, Rewritten
from ..columns import QUERY, QUERY_VEC
from ..llm.base import LLM, Completions, Messages
from ..parsing.labels import labelled
from ..prompting.formulation import Vector
from ..prompting.llm_rewriter import Published
from ..prompting.outcome import outcome
from ..prompting.prompt import Prompt
from ..protocols import Encoder
from ..text.similarity import cosines, encode_groups
from .history import histories
from .prompted import ConversationalRewriter

RESPOND: Final = "llm4cs/respond"

Mode = Literal["REW", "RTR", "RAR"]
Aggregation = Literal["MaxProb", "Mean", "SC"]


@dataclass
class Intent:
    """What was generated for one turn; with RAR, ``responses[i]`` goes with ``rewrites[i]``."""

    rewrites: list[str]
    responses: list[str]

    @property
    def texts(self) -> list[str]:
        """All texts, rewrites first."""
        return [*self.rewrites, *self.responses]


class LLM4CS(ConversationalRewriter):
    r"""Rewrites a turn several times, answers it as well, and aggregates.

    Five generations at temperature .7. The ``mode`` says what is generated: rewrites (``REW``), a
    rewrite and a response at once (``RAR``), or rewrites and then, in a second request, responses
    to the first rewrite (``RTR``); ``reason`` asks for a chain of thought first. The
    ``aggregation`` makes one query of all:

    - ``MaxProb`` takes the first rewrite and the first response.
    - ``SC`` (self-consistency) takes the rewrite with the highest summed cosine to the other
      rewrites, and its response (of RTR: the response that is most like the others).
    - ``Mean`` takes all of them.

    With an ``encoder`` the query is a vector, the mean of the vectors of what was taken (as
    published, ``LLM4CS(llm, encoder=index) >> index.retriever()``), and its text is the rewrite.
    Without, what was taken is joined to one text, rewrites first.

    Input columns: ``qid``, ``query`` and, where there is one, ``qhistory``. Output columns: the
    same, and ``query_vec`` with an encoder; see :class:`~pyterrier_rewrite.Rewriter`.

    Args:
        llm: The language model.
        mode: ``"RAR"`` (best as published), ``"RTR"`` or ``"REW"``.
        reason: Whether the model reasons before it rewrites.
        aggregation: ``"Mean"`` (best as published), ``"SC"`` or ``"MaxProb"``.
        encoder: What encodes queries, such as a dense index; None for a sparse engine.
        history_tokens: Most tokens of the conversation in the prompt, at least 1, estimated; the
            oldest messages go first.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`. A prompt of your
            own has the slots ``history`` and ``query``, and asks for ``Rewrite: …`` and, with
            RAR, ``Response: …``; ``formulation`` forms the text for a sparse engine.

    Raises:
        ValueError: On use, if ``mode`` or ``aggregation`` is unknown.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, LLM4CS
        >>> llm = FakeLLM("Rewrite: red linen sofas\nResponse: Three of them cost $300.")
        >>> LLM4CS(llm, aggregation="MaxProb").search("of linen?")["query"][0]
        'red linen sofas Three of them cost $300.'
    """

    reference = (
        "Mao et al. Large Language Models Know Your Contextual Search Intent: A Prompting "
        "Framework for Conversational Search. Findings of EMNLP 2023"
    )
    published = Published(n=5, temperature=0.7, max_tokens=512)

    def __init__(
        self,
        llm: LLM,
        *,
        mode: Mode = "RAR",
        reason: bool = True,
        aggregation: Aggregation = "Mean",
        encoder: Encoder | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(llm, **settings)
        self.mode = mode
        self.reason = reason
        self.aggregation = aggregation
        self.encoder = encoder

    def check(self) -> None:
        """Raise if a mode or anything else cannot work."""
        super().check()
        if self.encoder is not None and not isinstance(self.encoder, Encoder):
            raise TypeError(
                "encoder should have encode(list[str]) -> array, as a dense index does, found "
                f"{self.encoder!r}"
            )

    @property
    def writes(self) -> tuple[str, ...]:
        """``query_vec`` with an encoder, else what the formulation writes."""
        return super().writes if self.encoder is None else (QUERY_VEC,)

    def original_vector(self, text: str) -> Vector | None:
        """Return the vector of an unchanged turn."""
        if self.encoder is None:
            return super().original_vector(text)
        vector: Vector = np.asarray(self.encoder.encode([text]))[0]
        return vector

    def template(self) -> Prompt:
        """Return the prompt given, or that of the mode."""
        return self._named().template() if self.prompt is None else super().template()

    def templates(self, queries: pd.DataFrame) -> list[Prompt]:
        """Return the prompt of each turn, with its examples."""
        if self.prompt is None:
            return self._named().templates(queries)
        return super().templates(queries)

    def _named(self) -> LLM4CS:
        """Return this rewriter with the prompt of its mode by name."""
        name = "rewrite-and-respond" if self.mode == "RAR" else "rewrite"
        return self.apply_attributes(prompt=f"llm4cs/{name}{'-reasoned' if self.reason else ''}")

    def own_words(self) -> frozenset[str]:
        """Return what the prompts of the mode say themselves."""
        named = super().own_words() if self.prompt else self._named().own_words()
        return named | Prompt.load(RESPOND).own_words

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Generate, aggregate and form."""
        answers = self.generate(self.messages(queries))
        trails = [[answer] for answer in answers]
        intents = [self._intent(*its) for its in zip(answers, queries[QUERY], strict=True)]
        if self.mode == "RTR":
            self._respond(queries, intents, trails)
        queries_formed = self._form(queries[QUERY].tolist(), intents)
        return [outcome(its, new) for its, new in zip(trails, queries_formed, strict=True)]

    def _intent(self, answer: Completions, query: str) -> Intent:
        read = [parts for parts in self._parts(answer, query) if "rewrite" in parts]
        responses = [parts.get("response", "") for parts in read] if self.mode == "RAR" else []
        return Intent([parts["rewrite"] for parts in read], responses)

    def _parts(self, answer: Completions, query: str) -> list[dict[str, str]]:
        return [labelled(text) for text in self.heard(answer, query)]

    def _respond(
        self, queries: pd.DataFrame, intents: list[Intent], trails: list[list[Completions]]
    ) -> None:
        """Ask for responses to the first rewrite of each turn that has one."""
        template = Prompt.load(RESPOND)
        rows = [row for row, intent in enumerate(intents) if intent.rewrites]
        said = histories(queries)
        prompts: list[Messages] = [
            template.render(history=self.shown(said[row]), query=intents[row].rewrites[0])
            for row in rows
        ]
        for row, answer in zip(rows, self.generate(prompts), strict=True):
            trails[row].append(answer)
            for parts in self._parts(answer, intents[row].rewrites[0]):
                text = parts.get("response") or parts.get("rewrite")  # one line without a label
                if text:
                    intents[row].responses.append(text)

    def _form(self, queries: list[str], intents: list[Intent]) -> list[list[NewQuery]]:
        """Return the new query of each turn that has a rewrite."""
        if not any(intent.rewrites for intent in intents):
            return [[] for _ in intents]
        vectors: list[Any] = [None] * len(intents)
        if self.encoder is not None or self.aggregation == "SC":
            vectors = list(encode_groups([intent.texts for intent in intents], self.encoder))
        taken = [
            [at for at in self._chosen(intent, of_texts) if intent.texts[at]]
            for intent, of_texts in zip(intents, vectors, strict=True)
        ]
        texts = [
            [intent.texts[at] for at in its] for intent, its in zip(intents, taken, strict=True)
        ]
        if self.encoder is None:
            return self.formulation.form_batch(queries, texts)
        return [
            [NewQuery(said[0], vec=of_texts[its].mean(axis=0))] if said else []
            for said, its, of_texts in zip(texts, taken, vectors, strict=True)
        ]

    def _chosen(self, intent: Intent, vectors: Vector | None) -> list[int]:
        """Return the positions among the texts of what the aggregation takes."""
        count = len(intent.rewrites)
        if self.aggregation == "Mean" or not count:
            return list(range(len(intent.texts)))
        rewrite = response = 0
        if self.aggregation == "SC" and vectors is not None:
            rewrite = _most_like_the_others(vectors[:count])
            response = rewrite if self.mode == "RAR" else _most_like_the_others(vectors[count:])
        return [rewrite, *([count + response] if intent.responses else [])]


def _most_like_the_others(vectors: Vector) -> int:
    """Return the position of the highest summed cosine to the others, of equal ones the first."""
    if len(vectors) == 0:
        return 0
    alike = cosines(vectors, vectors)
    return int(np.argmax((alike.sum(axis=1) - alike.diagonal()).round(9)))
