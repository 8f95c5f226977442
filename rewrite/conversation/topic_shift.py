"""TopicShift: forget what was said before the topic changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import pandas as pd
import pyterrier as pt
from annotated_types import Ge, Le

from ..columns import QHISTORY, QUERY
from ..protocols import Analyzer, Encoder
from ..ranges import Count
from ..rewritten import objects
from ..text.analysis import EnglishAnalyzer
from ..text.similarity import Vectors, cosines, encode_groups
from ..value import ValueTransformer
from .history import History, histories

QSHIFT = "qshift"
"""Whether a turn leaves the topic of the turns before it, ``bool``."""

POINTING = frozenset(
    """it its itself they them their theirs he him his she her hers this that these those there
    one ones other others another else same former latter both such too also instead more so then
    and but why how""".split()
)
"""Words by which a turn leans on what was said, where they stand first or for something."""

_OPENERS = frozenset("and but why how so then also".split())


class TopicShift(ValueTransformer):
    """Cuts ``qhistory`` to the messages since the topic last changed.

    A turn leaves the topic if it is less alike than ``threshold`` to every message of the topic
    so far. Without an encoder texts are alike by their terms; a turn that shares none must then
    say enough of its own, ``min_terms`` terms and no word that points back ("it", "those", "what
    about the others"), because most turns that share no term lean on what was said. The turns of
    the history are gone through in the same way. It stands before a conversational rewriter:
    ``TopicShift() >> LLM4CS(llm) >> bm25``.

    Input columns: ``qid``, ``query`` and, where there is one, ``qhistory``.

    Output columns: the same, ``qhistory`` cut, and ``qshift``: whether this very turn leaves the
    topic, so that its history is now empty.

    Args:
        encoder: What encodes the texts: anything with ``encode(list[str]) -> array``, such as a
            dense index; None compares their terms.
        threshold: A turn stays if one cosine is above it, in [-1, 1]; None for 0 (a shared term)
            by terms, and for 0.2 by an encoder, whose own scale decides what is right.
        min_terms: Least terms of a turn that leaves the topic, without an encoder; at least 1.
        analyzer: What a term is; the engine's, ``index.analyzer``, or plain English words.

    Raises:
        ValueError: On use, if a number is out of range or ``qhistory`` is malformed.

    Example:
        >>> said = [{"role": "user", "content": "red linen sofas"},
        ...     {"role": "assistant", "content": "There are three linen sofas."}]
        >>> topics = pd.DataFrame({"qid": ["1", "2"], "qhistory": [said, said],
        ...     "query": ["how much do they cost?", "train tickets from Paris to Rome"]})
        >>> TopicShift()(topics)[["qshift", "qhistory"]].map(lambda x: x if x is True else len(x)
        ...     if isinstance(x, list) else False).values.tolist()
        [[False, 2], [True, 0]]
    """

    def __init__(
        self,
        *,
        encoder: Encoder | None = None,
        threshold: Annotated[float, Ge(-1), Le(1)] | None = None,
        min_terms: Count = 3,
        analyzer: Analyzer | None = None,
    ) -> None:
        self.encoder = encoder
        self.threshold = threshold
        self.min_terms = min_terms
        self.analyzer = analyzer

    @property
    def _least(self) -> float:
        if self.threshold is not None:
            return self.threshold
        return 0.0 if self.encoder is None else 0.2

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Cut every history; see the class."""
        pt.validate.query_frame(inp, extra_columns=[QUERY], context=self)
        self.check()
        said = histories(inp)
        starts = list(self._starts(said, inp[QUERY].tolist()))
        out = inp.reset_index(drop=True)
        out[QHISTORY] = objects([its[at:] for its, at in zip(said, starts, strict=True)])
        out[QSHIFT] = [bool(its) and at == len(its) for its, at in zip(said, starts, strict=True)]
        return out

    def _starts(self, said: list[History], queries: list[str]) -> Iterator[int]:
        """Yield where the topic of each turn begins in its history."""
        groups = [
            [*(message["content"] for message in history), query]
            for history, query in zip(said, queries, strict=True)
        ]
        encoded = encode_groups(groups, self.encoder)
        for history, texts, vectors in zip(said, groups, encoded, strict=True):
            alike = cosines(vectors, vectors)
            turns = [at for at, message in enumerate(history) if message["role"] == "user"]
            start = 0
            for at in [*turns, len(history)]:
                if at > start and self._leaves(texts[at], alike[at, start:at]):
                    start = at
            yield start

    def _leaves(self, text: str, alike: Vectors) -> bool:
        """Say whether a turn leaves the topic, by its likeness to every message of the topic."""
        if alike.max() > self._least:
            return False
        return self.encoder is not None or self._stands_alone(text)

    def _stands_alone(self, text: str) -> bool:
        words = [word.strip(".,;:!?\"'()") for word in text.lower().split()]
        pointing = words[:1] and words[0] in _OPENERS
        if pointing or any(word in POINTING - _OPENERS for word in words):
            return False
        return len((self.analyzer or EnglishAnalyzer()).terms(text)) >= self.min_terms
