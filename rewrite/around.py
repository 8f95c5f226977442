"""What rewriters around a rewriter share: they are like it in all that they do not change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyterrier as pt

from .base import Rewriter
from .rewritten import Rewritten


def _as_inside(name: str, says: str) -> Any:
    """Return a property that is the rewriter's own."""
    return property(lambda self: getattr(self.inner, name), doc=says)


class Around(Rewriter):
    """A rewriter around another, which it is like in all that a subclass does not change.

    A subclass stores what it stands around as ``rewriter``: a rewriter, or a pipeline that ends in
    one. Feedback documents are found once, for both; a :meth:`rewrite` of its own hands the
    queries on to ``self.inner.rewrite``.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, Query2Doc
        >>> from pyterrier_rewrite.around import Around
        >>> class IfLong(Around):
        ...     def __init__(self, rewriter):
        ...         self.rewriter = rewriter
        ...     def skip(self, queries):
        ...         return ["short" if len(q.split()) < 3 else None for q in queries["query"]]
        >>> IfLong(Query2Doc(FakeLLM("a couch"))).search("red sofa")["qstatus"][0]
        'skipped: short'
    """

    rewriter: pt.Transformer

    @property
    def inner(self) -> Rewriter:
        """The rewriter itself: of a pipeline the last stage.

        Raises:
            TypeError: If it is none.
        """
        stages = getattr(self.rewriter, "_transformers", None)
        last = stages[-1] if stages else self.rewriter
        if not isinstance(last, Rewriter):
            raise TypeError(f"expected a rewriter, or a pipeline that ends in one, found {last!r}")
        return last

    def check(self) -> None:
        """Raise if an argument cannot work, here or inside."""
        super().check()
        self.inner.check()

    def skip(self, queries: pd.DataFrame) -> Sequence[str | None]:
        """Leave alone what the rewriter leaves alone."""
        return self.inner.skip(queries)

    def rewrite(self, queries: pd.DataFrame) -> Sequence[Rewritten]:
        """Let the rewriter do it."""
        return self.inner.rewrite(queries)

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that the rewriter needs; what a pipeline before it gives is not asked for."""
        return self.inner.needs if self.inner is self.rewriter else ()

    fb_docs = _as_inside("fb_docs", "Feedback documents that the rewriter reads.")
    feedback = _as_inside("feedback", "Pipeline that finds them.")
    deadline = _as_inside("deadline", "Seconds that a call of the rewriter may take.")
    include_original = _as_inside(
        "include_original", "Whether the rewriter keeps the original as one of several queries."
    )
    at_once = _as_inside("at_once", "Most queries that one call of ``rewrite`` gets.")
    adds = _as_inside("adds", "The columns that the rewriter adds.")
    writes = _as_inside("writes", "The query forms that the rewriter writes.")
    several = _as_inside("several", "Whether the rewriter makes several queries from one.")
    analyzer = _as_inside("analyzer", "The rewriter's.")
    repeatable = _as_inside("repeatable", "Whether the rewriter always gives the same output.")

    def original_terms(self, text: str) -> dict[str, float]:
        """Return the terms of an unchanged query, as the rewriter has them."""
        return self.inner.original_terms(text)

    def original_vector(self, text: str) -> npt.NDArray[np.floating[Any]] | None:
        """Return the vector of an unchanged query, as the rewriter has it."""
        return self.inner.original_vector(text)

    def original_columns(self, queries: pd.DataFrame) -> dict[str, Sequence[object]]:
        """Return the added columns of an unchanged query, as the rewriter has them."""
        return self.inner.original_columns(queries)

    def subtransformers(self) -> dict[str, pt.Transformer]:
        """Return the rewriter inside this one, for :mod:`pyterrier.inspect`."""
        return {"rewriter": self.rewriter}
