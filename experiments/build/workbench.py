"""From a config's names to objects: collection, indexes, models, pipelines."""

from __future__ import annotations

import inspect
import os
import typing
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyterrier as pt
from pydantic import ConfigDict, PydanticSchemaGenerationError, TypeAdapter, ValidationError

from pyterrier_rewrite import pipelines
from pyterrier_rewrite.errors import RewriteError
from pyterrier_rewrite.llm import LLM, VLLM, Cached, FakeLLM, OpenAILLM, TransformersLLM
from pyterrier_rewrite.llm.metered import (
    Budget,
    Budgeted,
    Estimating,
    Metered,
    Price,
    Spent,
    StandInEncoder,
)
from pyterrier_rewrite.parsing.parsers import Parser
from pyterrier_rewrite.pipelines import BiEncoderReranker, CrossEncoderReranker
from pyterrier_rewrite.prompting.formulation import Formulation
from pyterrier_rewrite.protocols import Analyzer, CollectionStatistics, Encoder
from pyterrier_rewrite.saved.artifact import from_pretrained
from pyterrier_rewrite.text.pool import ExamplePool
from pyterrier_rewrite.value import ValueTransformer

from ..collections import load_collection
from ..config.schema import (
    ConfigError,
    ExperimentConfig,
    FakeConfig,
    LLMConfig,
    OpenAIConfig,
    Stage,
    TransformersConfig,
    near,
    of_split,
)
from ..shop import Shop
from ..shop.dataset import QUERIES
from .home import home, index_path
from .names import ENGINE_STAGES, parts, stages

REWRITER = "rewriter"
"""Sub-folder of a training's folder with the trained rewriter."""

CONFIG = "config.yaml"
"""The config that a folder's training was made of."""


class Workbench:
    """Everything that a config names, made when first asked for and shared from then on.

    Args:
        config: The config.
        budget: Cap on what the models may cost.
        dry_run: Whether models are only estimated.
        verbose: Whether to show progress.
    """

    def __init__(
        self,
        config: ExperimentConfig,
        *,
        budget: Budget | None = None,
        dry_run: bool = False,
        verbose: bool = True,
    ) -> None:
        self.config = config
        self.budget = budget
        self.dry_run = dry_run
        self.verbose = verbose
        self._llms: dict[str, Metered | Estimating] = {}
        self._variant: str | None = None
        self._defining: list[str] = []

    @cached_property
    def collection(self) -> pt.datasets.Dataset:
        """The collection."""
        spec = self.config.collection
        shop = {"shop": {}} if spec == "shop" else spec
        if isinstance(shop, dict) and "shop" in shop:
            options = {"seed": 0, **(shop["shop"] or {})}  # not the run's: a collection stays
            self._variant = options.pop("split", "test")
            if self._variant not in QUERIES:
                raise ConfigError(
                    f"collection.shop.split: there is no split {self._variant!r}"
                    f"{near(str(self._variant), QUERIES)}"
                )
            return self._call(Shop, options, "collection.shop")
        return load_collection(spec)

    def topics(self) -> pd.DataFrame:
        """Return the topics to run, the first of them if the config says how many."""
        topics = self.collection.get_topics(self._variant)
        return topics if self.config.topics is None else topics.head(self.config.topics)

    def qrels(self) -> pd.DataFrame:
        """Return the judgements."""
        return self.collection.get_qrels(self._variant)

    @cached_property
    def index(self) -> pipelines.PisaIndex | pipelines.TerrierIndex:
        """The sparse index, built if it is not there."""
        wanted = self.config.index
        if wanted.engine == "terrier":
            if wanted.path is None:
                raise ConfigError("index.path: engine 'terrier' needs the path of an index")
            return pipelines.TerrierIndex(wanted.path)
        settings: dict[str, Any] = {"stemmer": wanted.stemmer, "stops": wanted.stops}
        path = wanted.path or index_path("index", self.collection, settings)
        return pipelines.PisaIndex.open_or_build(
            path, self.collection, **settings, verbose=self.verbose
        )

    @cached_property
    def dense_index(self) -> pipelines.DenseIndex:
        """The dense index, built if it is not there."""
        wanted = self.config.dense
        if wanted is None:
            raise ConfigError("a dense stage needs the key dense: {model: …} in the config")
        settings = wanted.model_dump(exclude={"path"})
        path = wanted.path or index_path("dense", self.collection, settings)
        return pipelines.DenseIndex.open_or_build(
            path, self.collection, **settings, verbose=self.verbose
        )

    @property
    def spent(self) -> Spent:
        """What all models were asked so far."""
        return sum((llm.spent for llm in self._llms.values()), Spent())

    def llm(self, name: str) -> LLM:
        """Return a model by its name in the config."""
        if name not in self._llms:
            self._llms[name] = self._make_llm(name, self.config.llms[name])
        return self._llms[name]

    def _make_llm(self, name: str, wanted: LLMConfig) -> Metered | Estimating:
        llm = backend(name, wanted, self.verbose)
        price = None if wanted.price is None else Price(**wanted.price.model_dump())
        path = home() / "llm-cache.sqlite" if wanted.cache is True else wanted.cache
        if wanted.offline and not path:
            raise ConfigError(f"llms.{name}: offline replays a cache, so cache cannot be false")
        if self.dry_run:
            replay = Cached(llm, path, offline=True) if path and Path(path).exists() else None
            return Estimating(llm, cache=replay, price=price)
        if self.budget is not None:
            llm = Budgeted(llm, budget=self.budget, price=price)
        if path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            llm = Cached(llm, path, offline=wanted.offline)
        return Metered(llm, price=price)

    # -- pipelines -----------------------------------------------------------------------

    def system(self, name: str) -> list[pt.Transformer]:
        """Return the stages of a system.

        Raises:
            ConfigError: If a stage or a parameter is unknown or wrong.
        """
        try:
            return self.stages(self.config.systems[name], f"systems.{name}")
        except ConfigError as error:
            raise ConfigError(self.config.located(str(error))) from error

    def stages(self, listed: object, where: str) -> list[pt.Transformer]:
        """Return a list of stages as transformers."""
        if isinstance(listed, str | dict):
            listed = [listed]
        if not isinstance(listed, list):
            raise ConfigError(f"{where}: expected a list of stages, found {listed!r}")
        made: list[pt.Transformer] = []
        for number, stage in enumerate(listed):
            made.extend(self._stage(stage, f"{where}.{number}"))
        return made

    def pipeline(self, listed: object, where: str) -> pt.Transformer:
        """Return a list of stages as one transformer."""
        made = self.stages(listed, where)
        pipeline = made[0] if made else pt.Transformer.identity()
        for stage in made[1:]:
            pipeline = pipeline >> stage
        return pipeline

    def _stage(self, stage: Stage, where: str) -> list[pt.Transformer]:
        name, options = split_stage(stage, where)
        if name in self.config.define:
            if options:
                raise ConfigError(f"{where}: {name!r} is defined here and takes no parameters")
            if name in self._defining:
                raise ConfigError(f"define.{name}: the definition leads back to itself")
            self._defining.append(name)
            try:
                return self.stages(self.config.define[name], f"define.{name}")
            finally:
                self._defining.pop()
        if name in ENGINE_STAGES:
            if self.dry_run and name == "dense_reranker":
                return []
            return [self._engine_stage(name, options, f"{where}.{name}")]
        known = stages()
        if name not in known:
            names = [*known, *ENGINE_STAGES, *self.config.define]
            raise ConfigError(f"{where}: there is no stage {name!r}{near(name, names)}")
        made = self._call(known[name], options, f"{where}.{name}")
        is_reranker = isinstance(made, (CrossEncoderReranker, BiEncoderReranker))
        return [] if self.dry_run and is_reranker else [made]

    def _engine_stage(self, name: str, options: dict[str, Any], where: str) -> pt.Transformer:
        if name == "bm25":
            index = self.config.index
            preset = {
                "k1": index.k1,
                "b": index.b,
                "num_results": self.config.depth,
                "threads": index.threads,
            }
            return self._call(self.index.bm25, {**preset, **options}, where)
        if name == "text":
            return self._call(self.index.text, options, where)
        if name == "Trained":
            return self._call(trained, options, where)
        if self.dry_run:  # an estimate loads no model: any documents will do
            return self.index.bm25(num_results=self.config.depth)
        try:
            self.dense_index  # noqa: B018 - builds it, or says why it cannot
        except (OSError, ValueError) as error:
            raise ConfigError(f"dense: {error}") from error
        if name == "dense_reranker":
            return self._call(self.dense_index.reranker, options, where)
        preset = {"num_results": self.config.depth}
        return self._call(self.dense_index.retriever, {**preset, **options}, where)

    def _call(self, target: Any, options: dict[str, Any], where: str) -> Any:
        """Call a class or method with options from a config, each read by its annotation."""
        values = self.arguments(target, options, where)
        systems = values.pop("systems", [])
        for name in _required(target):
            if name not in values:
                hint = self._hint(_hints(target)[name])
                raise ConfigError(f"{where}: the parameter {name!r} is missing{hint}")
        try:
            made = target(*systems, **values)
            if isinstance(made, ValueTransformer):
                made.check()
        except (TypeError, ValueError, RewriteError) as error:
            raise ConfigError(f"{where}: {error}") from error
        return made

    def arguments(self, target: Any, options: dict[str, Any], where: str) -> dict[str, Any]:
        """Return options from a config as a class, method or function takes them."""
        hints = _hints(target)
        variadic = [name for name, hint in hints.items() if name == "systems"]
        unknown = [name for name in options if name not in hints]
        if unknown:
            raise ConfigError(f"{where}: unknown parameter {unknown[0]!r}{near(unknown[0], hints)}")
        values: dict[str, Any] = {}
        for name, hint in hints.items():
            at = f"{where}.{name}"
            if name in variadic and name in options:
                listed = options[name]
                if not isinstance(listed, list):
                    raise ConfigError(f"{at}: expected a list of pipelines, found {listed!r}")
                values[name] = [self.pipeline(entry, f"{at}.{i}") for i, entry in enumerate(listed)]
            elif name in options:
                values[name] = self._value(options[name], hint, at)
            elif (given := self._given(name, hint)) is not None:
                values[name] = given
        return values

    def _given(self, name: str, hint: Any) -> Any:
        """Return what a config need not say: model, counts, analyzer, encoder, seed."""
        if asks_for(hint, LLM) and len(self.config.llms) == 1:
            return self.llm(next(iter(self.config.llms)))
        if asks_for(hint, CollectionStatistics):
            return self._pisa("collection statistics").statistics
        if asks_for(hint, Analyzer):
            return self._pisa("an analyzer").analyzer
        if asks_for(hint, Encoder) and self.config.dense is not None:
            return StandInEncoder() if self.dry_run else self.dense_index
        if name == "seed":
            return self.config.seed
        return None

    def _past(self, split: Any, where: str) -> ExamplePool:
        """Return the queries of another split with the terms that answered them."""
        if not isinstance(split, str):
            raise ConfigError(f"{where}: expected the name of a split, found {split!r}")
        here = self.config.collection
        by_name = isinstance(here, str) and here != "shop"  # its name says the split
        config = self.config.model_copy(
            update={"collection": split if by_name else of_split(here, split), "topics": None}
        )
        other = Workbench(config, verbose=False)
        index = self._pisa("past queries")
        topics, qrels = other.topics(), other.qrels()
        try:
            return ExamplePool.with_typical_terms(topics, qrels, index, index.statistics)
        except ValueError as error:
            raise ConfigError(f"{where}: {error}") from error

    def _hint(self, hint: Any) -> str:
        if asks_for(hint, ExamplePool):
            return ": the name of a split whose queries are past, such as train"
        if not asks_for(hint, LLM):
            return ""
        if self.config.llms:
            return f"; name one of the llms: {', '.join(self.config.llms)}"
        return "; the config names no model under llms"

    def _pisa(self, what: str) -> pipelines.PisaIndex:
        if isinstance(self.index, pipelines.PisaIndex):
            return self.index
        raise ConfigError(f"index.engine: a system needs {what}, which only 'pisa' has")

    def _value(self, value: Any, hint: Any, where: str) -> Any:
        if asks_for(hint, LLM):
            if value not in self.config.llms:
                raise ConfigError(
                    f"{where}: there is no model {value!r}{near(str(value), self.config.llms)}; "
                    "models stand under the key llms"
                )
            return self.llm(value)
        if asks_for(hint, pt.Transformer):
            return None if value is None else self.pipeline(value, where)
        if asks_for(hint, ExamplePool):
            return self._past(value, where)
        if asks_for(hint, Formulation) or asks_for(hint, Parser):
            name, options = split_stage(value, where)
            if name not in parts():
                raise ConfigError(f"{where}: there is no {name!r}{near(name, parts())}")
            return self._call(parts()[name], options, f"{where}.{name}")
        return _checked(value, hint, where)


def trained(
    path: str,
    device: str | None = None,
    batch_size: int = 128,
    n: int | None = None,
    temperature: float | None = None,
) -> pt.Transformer:
    """Return the rewriter that a training left in a folder."""
    folder = Path(path)
    if (folder / CONFIG).is_file() and not (folder / REWRITER).is_dir():
        raise ValueError(
            f"the training in {folder} has not ended; go on with pt-rewrite train --resume, or "
            "name the folder best of one of its methods"
        )
    changed: dict[str, Any] = {"n": n, "temperature": temperature}
    return from_pretrained(
        folder / REWRITER if (folder / REWRITER).is_dir() else folder,
        device=device,
        batch_size=batch_size,
        **{name: value for name, value in changed.items() if value is not None},
    )


def backend(name: str, wanted: LLMConfig, verbose: bool) -> LLM:
    """Return a model of the config, without a cache."""
    if isinstance(wanted, OpenAIConfig):
        key = os.environ.get(wanted.api_key_env)
        if key is None and wanted.base_url is None and not wanted.offline:
            raise ConfigError(
                f"llms.{name}: the environment variable {wanted.api_key_env} is not set; "
                "set it, or give base_url for a server of your own"
            )
        return OpenAILLM(
            wanted.model,
            base_url=wanted.base_url,
            api_key=key,
            concurrency=wanted.concurrency,
            timeout=wanted.timeout,
            retries=wanted.retries,
            verbose=verbose,
        )
    settings = wanted.model_dump(exclude={"type", "model", "cache", "offline", "price", "reply"})
    if isinstance(wanted, FakeConfig):
        return FakeLLM(wanted.reply, name=name)
    if isinstance(wanted, TransformersConfig):
        return TransformersLLM(wanted.model, **settings, verbose=verbose)
    return VLLM(wanted.model, **settings, verbose=verbose)


def split_stage(stage: Any, where: str) -> tuple[str, dict[str, Any]]:
    """Return name and options of ``name`` or ``{name: {option: value}}``."""
    if isinstance(stage, str):
        return stage, {}
    if isinstance(stage, dict) and len(stage) == 1:
        name, options = next(iter(stage.items()))
        if options is None:
            return str(name), {}
        if isinstance(options, dict):
            return str(name), options
    raise ConfigError(
        f"{where}: expected a name or {{name: {{parameter: value}}}}, found {stage!r}"
    )


def _hints(target: Any) -> dict[str, Any]:
    """Return the parameters of a class or method with their types, as objects."""
    if isinstance(target, type) and issubclass(target, ValueTransformer):
        found: dict[str, Any] = {}
        for owner in reversed(target.__mro__):
            if "__init__" in owner.__dict__ and owner is not object:
                found.update(typing.get_type_hints(owner.__dict__["__init__"]))
        return {name: found.get(name, Any) for name in target.parameters()}
    function = target.__dict__.get("__init__") if isinstance(target, type) else target
    hints = {} if function is None else typing.get_type_hints(function)
    hints.pop("return", None)
    return hints


def _required(target: Any) -> list[str]:
    is_value = isinstance(target, type) and issubclass(target, ValueTransformer)
    parameters = target.parameters() if is_value else inspect.signature(target).parameters
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [n for n, p in parameters.items() if p.default is p.empty and p.kind in plain]


def asks_for(hint: Any, kind: Any) -> bool:
    """Return whether a parameter of this type takes objects of that kind."""
    options = typing.get_args(hint) or (hint,)
    return any(option is kind for option in options)


def _checked(value: Any, hint: Any, where: str) -> Any:
    """Return a plain value, checked against its annotation."""
    config = ConfigDict(arbitrary_types_allowed=True, strict=False)
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(hint, config=config)
    except PydanticSchemaGenerationError:  # a protocol or a callable: the class itself checks
        return value
    try:
        found = adapter.validate_python(value)
    except ValidationError as error:
        problem = error.errors()[0]
        raise ConfigError(f"{where}: {problem['msg']}, found {value!r}") from None
    is_number = isinstance(value, str) and isinstance(found, int | float)
    return found if is_number else value  # YAML reads 2e-3 as a text
