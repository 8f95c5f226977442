"""Safety: an unsafe query, from a classifier that the user supplies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from pyterrier_rewrite.errors import RewriteError

from ..asking import warn_no_verdict
from ..candidates import row_texts
from .guard import Guard


@dataclass(frozen=True)
class Safety(Guard):
    """−1 for an unsafe query, +1 for a safe one.

    Input columns: ``query``, or ``query_toks`` where it has weighted terms.

    Args:
        is_unsafe: Takes a list of distinct texts and says of each whether it is unsafe; None is no
            verdict. A function of a module pickles, a lambda does not. What it raises of
            ``OSError`` and ``RewriteError`` is no verdict on all.

    Raises:
        ValueError: If it does not answer once a text.

    Example:
        >>> def is_unsafe(texts):
        ...     return ["bomb" in text for text in texts]
        >>> Safety(is_unsafe).score(pd.DataFrame([{"qid": "1", "query": "build a bomb"}]))
        {'1': -1.0}

    Reference: the query-level safety reward of SafeSearch.
    """

    is_unsafe: Callable[[list[str]], Sequence[bool | None]]

    fails_with: ClassVar[float] = -1.0

    def passes(self, rows: pd.DataFrame) -> list[bool | None]:
        """Say which rows are safe."""
        texts = row_texts(rows)
        distinct = list(dict.fromkeys(texts))
        try:
            verdicts = list(self.is_unsafe(distinct))
        except (OSError, RewriteError) as error:
            warn_no_verdict(
                f"{self.is_unsafe!r} failed ({type(error).__name__}: {error})", len(distinct)
            )
            return [None] * len(texts)
        if len(verdicts) != len(distinct):
            raise ValueError(
                f"{self.is_unsafe!r} should give one verdict a text, found {len(verdicts)} for "
                f"{len(distinct)} texts"
            )
        safe = {
            text: None if verdict is None else not verdict
            for text, verdict in zip(distinct, verdicts, strict=True)
        }
        return [safe[text] for text in texts]
