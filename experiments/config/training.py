"""Configs of trainings: YAML in, checked values out."""

from __future__ import annotations

from typing import Annotated, Any

import ir_measures
from pydantic import BeforeValidator, Field, field_validator, model_validator

from .schema import (
    DenseConfig,
    ExperimentConfig,
    IndexConfig,
    LLMConfig,
    Stage,
    Strict,
    near,
    of_split,
)

METHODS = ("sft", "dpo", "kto", "grpo")
"""How a rewriter can be trained."""

SOURCES = {
    "references": "sft",
    "distant_supervision": "sft",
    "typical_targets": "sft",
    "rejection_samples": "sft",
    "preference_pairs": "dpo",
    "labelled_samples": "kto",
}
"""Where data comes from, and the method that takes it."""

NO_REWARD = frozenset({"references", "typical_targets"})
"""Sources that do not ask what a target is worth."""


def _one_key(value: Any) -> Any:
    if isinstance(value, str):
        return {value: {}}
    if isinstance(value, dict) and len(value) == 1:
        ((name, options),) = value.items()
        if options is None or isinstance(options, dict):
            return {str(name): options or {}}
    raise ValueError(f"expected a name or {{name: {{option: value}}}}, found {value!r}")


Named = Annotated[dict[str, dict[str, Any]], BeforeValidator(_one_key)]
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
        try:
            ir_measures.parse_measure(name)
        except (ValueError, NameError) as error:
            raise ValueError(f"{name!r} is no measure of ir-measures") from error
        return name

    @model_validator(mode="after")
    def _one_source(self) -> ValidationConfig:
        if (self.split is None) == (self.hold_out is None):
            raise ValueError("give either split or hold_out")
        return self


class TrainConfig(Strict):
    """One training: a rewriter, a collection, and one method after the other.

    Attributes:
        name: Short name.
        description: What it shows.
        vars: Values for ``${name}`` anywhere else in the file.
        collection: As in an experiment, without ``split``.
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

    name: str = Field(pattern=r"^[\w.+-]+$")
    description: str = ""
    vars: dict[str, str] = Field(default_factory=dict)
    collection: str | dict[str, Any]
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
            if method not in METHODS:
                raise ValueError(f"{where}: there is no method {method!r}{near(method, METHODS)}")
            if method == "grpo":
                needs_reward = True
                if "data" in options:
                    raise ValueError(f"{where}: grpo writes its own data; take out 'data'")
            else:
                source, _ = data_of(options, where)
                if SOURCES[source] != method:
                    raise ValueError(f"{where}: {source} makes data for {SOURCES[source]}")
                needs_reward = source not in NO_REWARD
            if needs_reward and self.reward is None:
                raise ValueError(f"{where}: {method} needs the key 'reward'")
        return self

    def experiment(self, split: str | None = None) -> ExperimentConfig:
        """Return the same surroundings as an experiment on one split."""
        return ExperimentConfig(
            name=self.name,
            collection=of_split(self.collection, split or self.split),
            index=self.index,
            dense=self.dense,
            llms=self.llms,
            define=self.define,
            systems={"raw": ["bm25"]},
            depth=self.depth,
            seed=self.seed,
        )


def data_of(options: dict[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    """Return where a method takes its data from, and with which options.

    Raises:
        ValueError: If it does not say, or there is no such source.
    """
    if "data" not in options:
        raise ValueError(f"{where}: the key 'data' is missing{near('', SOURCES)}")
    ((source, settings),) = _one_key(options["data"]).items()
    if source not in SOURCES:
        raise ValueError(f"{where}.data: there is no source {source!r}{near(source, SOURCES)}")
    return source, settings
