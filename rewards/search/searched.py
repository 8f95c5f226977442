"""What rewards share that search and judge: an engine and judgements of the original queries."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import pyterrier as pt

from ..judgements import Judgements
from ..reward import Reward


@dataclass(frozen=True)
class Searched(Reward):
    """A reward of what the engine finds for the rewrite, by judgements of the original query.

    A subclass is a frozen dataclass whose last field is :attr:`columns`.

    Args:
        engine: What follows the rewriter when it serves.
        qrels: Judgements of the original queries, see :class:`Judgements`.
    """

    engine: pt.Transformer
    qrels: Judgements

    @property
    @abstractmethod
    def columns(self) -> Sequence[str]:
        """Other columns that the engine reads, such as ``query_0``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "qrels", Judgements(self.qrels))
        object.__setattr__(self, "columns", tuple(self.columns))
