"""What a run is told: how it adapts the weights, which of them it keeps, where everything goes."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd
import pyterrier as pt

from ...columns import LABEL, QGROUP, QID, QSTATUS
from ...errors import RewriteWarning
from ...llm.fake import FakeLLM
from ...measures import measure_of
from ...prompting.llm_rewriter import LLMRewriter
from ...ranges import Count, check_ranges
from .marks import unread


@dataclass(frozen=True)
class LoraSettings:
    """Train a low-rank adapter instead of all weights (needs peft).

    Args:
        r: Rank, at least 1.
        alpha: Scale; the adapter's output is multiplied by ``alpha / r``.
        dropout: Dropout on the adapter's input, in [0, 1).
        targets: Names of the layers that get an adapter; ``"all-linear"`` takes every linear
            layer but the output's.

    Reference:
        Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022.
    """

    r: int = 16
    alpha: float = 32.0
    dropout: float = 0.0
    targets: str | tuple[str, ...] = "all-linear"

    def config(self) -> Any:
        """Return peft's form of it."""
        from peft import LoraConfig

        targets = self.targets if isinstance(self.targets, str) else list(self.targets)
        return LoraConfig(
            r=self.r,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=targets,
            task_type="CAUSAL_LM",
        )


@dataclass(frozen=True)
class Validated:
    """What a validation found.

    Attributes:
        value: Mean value of the measure.
        unanswered: Share of the queries that keep their text because the model answered nothing
            that can be read.
    """

    value: float
    unanswered: float


@dataclass(frozen=True, eq=False)
class Validation:
    """Which weights are kept, and when to stop.

    The rewriter is run as it is served in front of the real pipeline, greedily, or with a fixed
    seed where several samples make a query; its value is what ``pt.Experiment`` would report on
    these topics. Queries without an answer count as they are searched, with the query as it was:
    how many they are, and what raw queries reach, is told beside.

    Args:
        pipeline_after: What follows the rewriter, from queries to results:
            ``index.bm25(num_results=10)``, or with fusion where it writes several queries.
        topics: Queries of a development split.
        qrels: Their judgements.
        measure: An ir-measures measure or its name; more is better.
        every: Steps between two validations, at least 1.
        patience: Stop after so many validations without a new best; None goes on to the end.

    Raises:
        ValueError: If ``every`` or ``patience`` is below 1, or no topic has judgements.

    Example:
        >>> Validation(index.bm25(num_results=10), dev.topics, dev.qrels, every=25)
        ... # doctest: +SKIP
    """

    pipeline_after: pt.Transformer
    topics: pd.DataFrame
    qrels: pd.DataFrame
    measure: Any = "nDCG@10"
    every: Count = 50
    patience: Count | None = None

    def __post_init__(self) -> None:
        check_ranges(type(self), vars(self))
        measure_of(self.measure)
        if not self.qrels[QID].isin(self.topics[QID]).any():
            raise ValueError(
                "none of the topics of the validation has judgements; hand over the topics and "
                "qrels of the same split"
            )

    def validate(self, rewriter: pt.Transformer) -> Validated:
        """Return the mean value of the measure over the judged topics, and who got no answer."""
        rewritten = self._rewritten(rewriter)
        return Validated(self._value(rewritten), _unanswered(rewritten))

    def raw(self, rewriter: LLMRewriter) -> float:
        """Return the value of the queries as they are, in the form that a rewriter leaves them."""
        silent = rewriter.apply_attributes(llm=FakeLLM(""), on_error="keep")
        return self._value(self._rewritten(silent))

    def _rewritten(self, rewriter: pt.Transformer) -> pd.DataFrame:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RewriteWarning)  # they are counted
            rewritten: pd.DataFrame = rewriter(self.topics)
        return rewritten

    def _value(self, rewritten: pd.DataFrame) -> float:
        import ir_measures

        measure = measure_of(self.measure)
        results = self.pipeline_after(rewritten)
        qrels = self.qrels[self.qrels[QID].isin(self.topics[QID])]
        if len(results) and not results[QID].isin(self.topics[QID]).all():
            stranger = next(qid for qid in results[QID] if qid not in set(self.topics[QID]))
            raise ValueError(
                f"pipeline_after gives results for {stranger!r}, which is not among the topics; a "
                "rewriter that writes several queries needs a fusion: index.bm25() >> RRF()"
            )
        names = {"qid": "query_id", "docno": "doc_id", LABEL: "relevance"}
        value: float = ir_measures.calc_aggregate(
            [measure], qrels.rename(columns=names), results.rename(columns=names)
        )[measure]
        return value


def _unanswered(rewritten: pd.DataFrame) -> float:
    """Return the share of queries that failed, each of which may have become several."""
    if QSTATUS not in rewritten.columns:
        return 0.0
    query = rewritten[QGROUP if QGROUP in rewritten.columns else QID]
    return float(unread(rewritten).groupby(query).all().mean())


@dataclass(frozen=True)
class Common:
    """What every method takes, in the order of its signature.

    Attributes:
        output_dir: Where everything goes.
        validation: Decides which weights are kept; None keeps the last.
        lora: Train an adapter, or None for all weights.
        seed: Of everything random.
        checkpoint_every: Optimiser steps between two checkpoints.
        resume: Go on from the last checkpoint.
        dry_run: Go as far as the first step, write and train nothing.
        verbose: Show a progress bar.
        trl: Options for TRL's configuration as it names them; they win over ours.
    """

    output_dir: str | Path
    validation: Validation | None
    lora: LoraSettings | None
    seed: int
    checkpoint_every: int
    resume: bool
    dry_run: bool
    verbose: bool
    trl: Mapping[str, Any] | None

    @classmethod
    def of(
        cls, method: Callable[..., Any], arguments: Mapping[str, Any]
    ) -> tuple[Common, dict[str, Any]]:
        """Check a method's numbers, and part what every method takes from what it alone does.

        Args:
            method: The function; its own settings are keywords.
            arguments: Its arguments by name.

        Returns:
            What every method takes, and the method's own settings in the order of its signature.

        Raises:
            ValueError: If a number is out of its range.
        """
        check_ranges(method, arguments)
        common = [field.name for field in fields(cls)]
        own = [
            name
            for name, parameter in inspect.signature(method).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY and name not in common
        ]
        return cls(**{n: arguments[n] for n in common}), {n: arguments[n] for n in own}

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return Path(self.output_dir)

    @property
    def best(self) -> Path:
        """Where the best weights go."""
        return self.folder / "best"

    @property
    def facts(self) -> dict[str, Any]:
        """Those of the settings that decide what a run learns."""
        return {"lora": repr(self.lora), "seed": self.seed, "trl": dict(self.trl or {})}
