"""Configs of trainings: YAML in, checked values out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import pandas as pd
from pydantic import BeforeValidator, Field, field_validator, model_validator

from pyterrier_rewrite import training
from pyterrier_rewrite.columns import QREWRITE
from pyterrier_rewrite.errors import near
from pyterrier_rewrite.measures import measure_of

from .backends import LLMConfig
from .engines import DenseConfig, IndexConfig
from .errors import ConfigError, Strict, check_known, name_and_options
from .schema import Config, ExperimentConfig, Stage, of_split


def references(topics: pd.DataFrame, *, column: str = QREWRITE) -> pd.DataFrame:
    """Take the targets from a column of the topics, where a collection brings rewrites.

    Topics without one are left out.
    """
    if column not in topics.columns:
        raise ConfigError(f"the topics have no column {column!r}, found {list(topics.columns)}")
    known = topics[[isinstance(text, str) and bool(text.strip()) for text in topics[column]]]
    if not len(known):
        raise ConfigError(f"no topic has a text in the column {column!r}")
    return known.assign(target=known[column])


@dataclass(frozen=True)
class Method:
    """How a rewriter can be trained.

    Attributes:
        train: The function.
        sources: What makes its data, by name; a method without sources makes its own.
    """

    train: Callable[..., Any]
    sources: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    def needs_reward(self, source: str | None) -> bool:
        """Say whether the method, or a source of its data, asks what a rewrite is worth."""
        asked = self.train if source is None else self.sources[source]
        return "reward" in inspect.signature(asked).parameters


METHODS: Final[dict[str, Method]] = {
    "sft": Method(
        training.sft,
        {
            "references": references,
            "distant_supervision": training.distant_supervision,
            "typical_targets": training.typical_targets,
            "rejection_samples": training.rejection_samples,
        },
    ),
    "dpo": Method(training.dpo, {"preference_pairs": training.preference_pairs}),
    "kto": Method(training.kto, {"labelled_samples": training.labelled_samples}),
    "grpo": Method(training.grpo),
}
"""Every method by its name in a config: a new one is a line here."""


def _named(value: Any) -> dict[str, dict[str, Any]]:
    return dict([name_and_options(value, "option")])


Named = Annotated[dict[str, dict[str, Any]], BeforeValidator(_named)]
"""``name`` or ``{name: {option: value, …}}``."""

RewardSpec = dict[str, Any] | list[dict[str, Any]]
"""``{name: {option: value}}``, or a list of them, each with a ``weight``, for their sum."""


class ScratchConfig(Strict):
    """A rewriter whose model is made from the collection's own texts.

    Attributes:
        parameters: Most numbers in the model.
        vocab_size: Most tokens.
        layers: Depth.
        context: Most tokens of prompt and answer.
        max_tokens: Longest answer.
        original_weight: Weight of the query's terms beside an answer's, which weigh 1.
        n: Answers a query in serving, all of which make up the new query.
        temperature: Of these answers, over 0 where there are several.
    """

    parameters: int = Field(1_300_000, ge=1)
    vocab_size: int = Field(4000, ge=260)
    layers: int = Field(2, ge=1)
    context: int = Field(256, ge=2)
    max_tokens: int = Field(16, ge=1)
    original_weight: float = Field(1.0, gt=0)
    n: int = Field(1, ge=1)
    temperature: float = Field(0.0, ge=0)

    @model_validator(mode="after")
    def _several_differ(self) -> ScratchConfig:
        if self.n > 1 and self.temperature == 0:
            raise ValueError("several answers (n) need a temperature over 0, or they are all one")
        return self


class ValidationConfig(Strict):
    """Which weights are kept.

    Attributes:
        split: Split of the collection that decides; or
        hold_out: so many queries of the training split, evenly spread over it, which are then
            not trained on.
        pipeline: What follows the rewriter.
        measure: Name of an ir-measures measure.
        every: Steps between validations.
        patience: Stop after so many validations without a new best.
    """

    split: str | None = None
    hold_out: int | None = Field(None, ge=1)
    pipeline: list[Stage] = Field(["bm25"], min_length=1)
    measure: str = "nDCG@10"
    every: int = Field(25, ge=1)
    patience: int | None = Field(None, ge=1)

    @field_validator("measure")
    @classmethod
    def _known(cls, name: str) -> str:
        measure_of(name)
        return name

    @model_validator(mode="after")
    def _one_source(self) -> ValidationConfig:
        if (self.split is None) == (self.hold_out is None):
            raise ValueError("give either split or hold_out")
        return self


_SURROUNDINGS: Final = ("name", "index", "dense", "llms", "define", "depth", "seed")
"""Keys that mean the same in an experiment."""


class TrainConfig(Config):
    """One training: a rewriter, a collection, and one method after the other.

    Attributes:
        split: Split that is trained on.
        topics: At most so many training topics, evenly spread; None for all.
        index: The sparse engine.
        dense: The dense index.
        llms: Language models by name: those to train, and those that rewards ask.
        define: Pipelines by name.
        scratch: Train a small model from scratch; or
        rewriter: a rewriter on one of the ``llms``.
        reward: What is to gain; rewards and guards by name.
        training: Methods in their order, each with its options; ``data`` says where ``sft``,
            ``dpo`` and ``kto`` take theirs from.
        validation: Which weights are kept.
        depth: Results of an engine stage that does not say.
        seed: Seed of everything random.
    """

    split: str = "train"
    topics: int | None = Field(None, ge=1)
    index: IndexConfig = IndexConfig()
    dense: DenseConfig | None = None
    llms: dict[str, LLMConfig] = Field(default_factory=dict)
    define: dict[str, list[Stage]] = Field(default_factory=dict)
    scratch: ScratchConfig | None = None
    rewriter: Stage | None = None
    reward: RewardSpec | None = None
    training: list[Named] = Field(min_length=1)
    validation: ValidationConfig | None = None
    depth: int = Field(100, ge=1)
    seed: int = 0

    @model_validator(mode="after")
    def _fits_together(self) -> TrainConfig:
        if (self.scratch is None) == (self.rewriter is None):
            raise ValueError("give either scratch or rewriter: what is to be trained")
        for number, step in enumerate(self.training):
            ((method, options),) = step.items()
            where = f"training.{number}"
            check_known(f"{where}: there is no method", method, METHODS)
            sources = METHODS[method].sources
            source = data_of(options, where)[0] if sources else None
            if source is None and "data" in options:
                raise ValueError(f"{where}: {method} writes its own data; take out 'data'")
            if source is not None and source not in sources:
                (its,) = (name for name, other in METHODS.items() if source in other.sources)
                raise ValueError(f"{where}: {source} makes data for {its}")
            if self.reward is None and METHODS[method].needs_reward(source):
                raise ValueError(f"{where}: {method} needs the key 'reward'")
        return self

    def experiment(self, split: str | None = None) -> ExperimentConfig:
        """Return the same surroundings as an experiment on one split."""
        collection = of_split(self.collection, split or self.split)
        shared = {key: getattr(self, key) for key in _SURROUNDINGS}
        config = ExperimentConfig(collection=collection, systems={"raw": ["bm25"]}, **shared)
        config.read_from(self._place_of, self._folder)
        return config


def data_of(options: dict[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    """Return where a method takes its data from, and with which options.

    Raises:
        ValueError: If it does not say, or there is no such source.
    """
    known = [source for method in METHODS.values() for source in method.sources]
    if "data" not in options:
        raise ValueError(f"{where}: the key 'data' is missing{near('', known)}")
    source, settings = name_and_options(options["data"], "option")
    check_known(f"{where}.data: there is no source", source, known)
    return source, settings
