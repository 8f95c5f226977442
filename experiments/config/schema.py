"""The config of an experiment, and what it shares with that of a training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field, PrivateAttr, field_validator, model_validator

from pyterrier_rewrite.errors import near
from pyterrier_rewrite.measures import measure_of

from .backends import LLMConfig
from .engines import DenseConfig, IndexConfig
from .errors import Strict, name_and_options
from .methods import missing_systems


def _stage(value: Any) -> Any:
    name_and_options(value)
    return value


Stage = Annotated[Any, BeforeValidator(_stage)]
"""One transformer: its name, or ``{name: {parameter: value, …}}``."""


def of_split(collection: str | dict[str, Any], split: str) -> dict[str, Any]:
    """Return a collection's spec with another split."""
    spec = {collection: {}} if isinstance(collection, str) else dict(collection)
    if "shop" in spec:
        return {"shop": {**(spec["shop"] or {}), "split": split}}
    return {**spec, "split": split}


class Config(Strict):
    """What experiments and trainings share.

    Attributes:
        name: Short name; the output folder of an experiment is ``runs/NAME``, unless ``--out`` is
            given.
        description: What it shows.
        vars: Values for ``${name}`` anywhere else in the file.
        collection: ``irds:ID``, ``{beir: FOLDER, split: …}``,
            ``{trec: {corpus: …, topics: …, qrels: …}}``,
            ``{conversations: TOPICS.json, qrels: …, corpus: …}``, ``shop`` or
            ``{shop: {products: …, seed: …, queries: …, split: …}}``; see
            :func:`~pyterrier_rewrite.experiments.collections.load_collection`.
    """

    name: str = Field(pattern=r"^[\w+-][\w.+-]*$")
    description: str = ""
    vars: dict[str, str] = Field(default_factory=dict)
    collection: str | dict[str, Any]

    _place_of: Callable[[str], str] | None = PrivateAttr(None)
    _folder: Path | None = PrivateAttr(None)

    @property
    def folder(self) -> Path | None:
        """Folder of the file that this config was read from, where its own modules may stand."""
        return self._folder

    def as_yaml(self) -> str:
        """Return the config as it is written beside what was made of it."""
        content = self.model_dump(mode="json", exclude_none=True)
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)

    def read_from(self, place_of: Callable[[str], str] | None, folder: Path | None) -> None:
        """Remember the file: where a dotted key stands in it, and its folder."""
        self._place_of, self._folder = place_of, folder

    def located(self, message: str) -> str:
        """Return a message about a dotted key, ``key: what``, with its place in the file."""
        if self._place_of is None:
            return message
        place = self._place_of(message.partition(":")[0])
        return f"--set {message}" if place.startswith("--set ") else f"{place}: {message}"


class MethodsConfig(Strict):
    """Prompted methods that become systems: with feedback if they read it, fused if they split.

    Attributes:
        of: Rooms of the library: ``expansion``, ``decomposition``.
        but: Methods to leave out.
    """

    of: list[Literal["expansion", "decomposition"]] = Field(min_length=1)
    but: list[str] = Field(default_factory=list)


class ExperimentConfig(Config):
    """One experiment: systems compared on a collection.

    Attributes:
        index: The sparse engine.
        dense: The dense index, which the stages ``dense`` and ``dense_reranker`` use.
        llms: Language models by name.
        define: Pipelines by name, to be used as stages.
        systems: Pipelines to compare, by name, in the order of the table.
        methods: Every prompted method of some rooms that no system uses, as a system of its own.
        measures: ir-measures names; the first is the main one.
        baseline: System that the others are compared with: paired t-test, queries won, tied and
            lost.
        oracle: System with the perfect rewrites, for the share of the gap closed.
        correction: Correction for several comparisons, or None.
        alpha: Level of significance.
        depth: Results a query.
        seed: Seed of everything that samples; every method that samples gets it.
        topics: At most so many topics, the first ones; None for all.
        timed: Queries, behind the first, that are run alone before all are run together, for p50
            and p95; 0 for none.
    """

    index: IndexConfig = IndexConfig()
    dense: DenseConfig | None = None
    llms: dict[str, LLMConfig] = Field(default_factory=dict)
    define: dict[str, list[Stage]] = Field(default_factory=dict)
    systems: dict[str, list[Stage]] = Field(min_length=1)
    methods: MethodsConfig | None = None
    measures: list[str] = Field(default=["nDCG@10", "AP@1000", "R@100"])
    baseline: str | None = None
    oracle: str | None = None
    correction: Literal["bonferroni", "holm", "holm-sidak", "fdr_bh"] | None = "holm"
    alpha: float = Field(0.05, gt=0, lt=1)
    depth: int = Field(1000, ge=1)
    seed: int = 42
    topics: int | None = Field(None, ge=1)
    timed: int = Field(20, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _with_methods(cls, content: Any) -> Any:
        if not isinstance(content, dict) or content.get("methods") is None:
            return content
        wanted = MethodsConfig.model_validate(content["methods"])
        systems = content.get("systems") or {}
        added = missing_systems(wanted.of, systems, wanted.but)
        return {**content, "systems": {**systems, **added}, "methods": None}

    @field_validator("measures")
    @classmethod
    def _known_measures(cls, names: list[str]) -> list[str]:
        if not names:
            raise ValueError("at least one measure is needed, such as nDCG@10")
        for name in names:
            measure_of(name)
        return names

    @model_validator(mode="after")
    def _known_systems(self) -> ExperimentConfig:
        for key in ("baseline", "oracle"):
            value = getattr(self, key)
            if value is not None and value not in self.systems:
                raise ValueError(
                    f"{key} {value!r} is not among the systems{near(value, self.systems)}"
                )
        return self
