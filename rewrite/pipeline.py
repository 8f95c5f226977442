"""Pipelines that say when the results of several queries of one were never joined."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pandas as pd
import pyterrier as pt

from .columns import DOCNO, QGROUP, QID
from .errors import RewriteWarning

_joined_later: ContextVar[bool] = ContextVar("joined_later", default=False)


class Pipeline(pt.Compose):  # type: ignore[misc]  # pyterrier's classes are untyped
    """What ``>>`` makes of a transformer of this library and another; see PyTerrier's ``Compose``.

    It warns, once, where a rewriter made several queries of one and no fusion joined their results:
    they stand under ids such as ``1~2``, of which no judgement knows.

    Args:
        transformers: The stages.
    """

    def __init__(self, *transformers: Any) -> None:
        super().__init__(*pt.Compose(*transformers))  # which takes the stages of its own kind apart
        self._told = False

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Run the stages one after another."""
        out: pd.DataFrame = super().transform(inp)
        if not (self._told or _joined_later.get()) and _is_split(inp, out):
            self._told = True
            stages = " >> ".join(type(stage).__name__ for stage in self)
            warnings.warn(
                f"{stages} searches several queries for one and joins no results, so they bear "
                "ids that are no topic's (such as 1~1); end it with a fusion: "
                f"{stages} >> RRF(), from pyterrier_rewrite.pipelines",
                RewriteWarning,
                stacklevel=2,
            )
        return out

    def compile(self, verbose: bool = False) -> pt.Transformer:
        """Return a pipeline of fewer stages, where some can be done at once."""
        compiled = super().compile(verbose)
        return Pipeline(compiled) if isinstance(compiled, pt.Compose) else compiled

    def __rshift__(self, right: Any) -> Pipeline:
        return Pipeline(self, right)

    def __rrshift__(self, left: Any) -> Pipeline:
        return Pipeline(left, self)


def _is_split(inp: pd.DataFrame, out: pd.DataFrame) -> bool:
    """Say whether results are of queries that were made on the way."""
    if DOCNO not in out or QGROUP not in out or QGROUP in inp:
        return False
    return bool((out[QGROUP].notna() & (out[QID] != out[QGROUP])).any())


@contextmanager
def joined_later() -> Iterator[None]:
    """Say that whoever runs pipelines joins the results of several queries of one."""
    before = _joined_later.set(True)
    try:
        yield
    finally:
        _joined_later.reset(before)
