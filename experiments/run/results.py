"""What systems found, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from pyterrier_rewrite.columns import QGROUP, QSTATUS
from pyterrier_rewrite.llm.metered import Spent

from ..config.schema import ExperimentConfig


@dataclass
class SystemRun:
    """One system's results.

    Attributes:
        name: Name in the config.
        results: Result frame: ``qid``, ``docno``, ``score``, ``rank``.
        rewrites: The queries as the last rewriter left them, or None without a rewriter.
        seconds: Time for all queries, shared stages counted in full.
        spent: What the language models were asked.
        prompts: Prompts that the system shows a model, with their versions.
    """

    name: str
    results: pd.DataFrame
    rewrites: pd.DataFrame | None
    seconds: float
    spent: Spent
    prompts: dict[str, int] = field(default_factory=dict)

    @property
    def failures(self) -> list[str]:
        """Why queries could not be rewritten, one reason a query."""
        if self.rewrites is None:
            return []
        statuses = self.rewrites.drop_duplicates(QGROUP if QGROUP in self.rewrites else "qid")
        return [s for s in statuses[QSTATUS] if s.startswith("failed")]


@dataclass
class Report:
    """An experiment's outcome.

    Attributes:
        config: The config as it was run.
        runs: One a system, in the config's order.
        table: One row a system; for the columns see
            :func:`~pyterrier_rewrite.experiments.run.compare.compare`.
        perquery: ``name``, ``qid``, ``measure``, ``value``.
        num_queries: How many judged queries were run.
        depth: Means by turn and over conversations, of topics that are turns; see
            :func:`~pyterrier_rewrite.experiments.measures.depth.by_depth`.
        notes: What a reader should know.
    """

    config: ExperimentConfig
    runs: list[SystemRun]
    table: pd.DataFrame
    perquery: pd.DataFrame
    num_queries: int
    depth: pd.DataFrame | None = None
    notes: list[str] = field(default_factory=list)
