"""LimitHistory: what a rewriter behind it gets to see of the conversation."""

from __future__ import annotations

import pandas as pd
import pyterrier as pt

from ..columns import QHISTORY, QUERY
from ..value import ValueTransformer
from .history import histories, limit_history, objects


class LimitHistory(ValueTransformer):
    """Cuts ``qhistory`` to its end, by turns or tokens, with or without the responses.

    It stands before any conversational rewriter: ``LimitHistory(turns=5) >> LLM4CS(llm) >> bm25``.

    Input columns: ``qid``, ``query`` and, where there is one, ``qhistory``.

    Output columns: the same, and ``qhistory``.

    Args:
        turns: Most turns, 0 or more; None for all.
        tokens: Most tokens, at least 1, estimated; None for all. The oldest messages go first.
        responses: Whether to keep what the assistant said.

    Raises:
        ValueError: On use, if a number is out of range or ``qhistory`` is malformed.

    Example:
        >>> topics = pd.DataFrame({"qid": ["1"], "query": ["of linen?"], "qhistory": [[
        ...     {"role": "user", "content": "red sofas"},
        ...     {"role": "assistant", "content": "There are three."}]]})
        >>> LimitHistory(responses=False)(topics)["qhistory"][0]
        [{'role': 'user', 'content': 'red sofas'}]
    """

    def __init__(
        self, *, turns: int | None = None, tokens: int | None = None, responses: bool = True
    ) -> None:
        self.turns = turns
        self.tokens = tokens
        self.responses = responses

    def check(self) -> None:
        """Raise if a number is out of range."""
        limit_history([], turns=self.turns, tokens=self.tokens)

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Cut every history; see the class."""
        pt.validate.query_frame(inp, extra_columns=[QUERY], context=self)
        self.check()
        out = inp.reset_index(drop=True)
        out[QHISTORY] = objects(
            [
                limit_history(
                    history, turns=self.turns, tokens=self.tokens, responses=self.responses
                )
                for history in histories(inp)
            ]
        )
        return out
