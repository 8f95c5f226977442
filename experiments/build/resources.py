"""What a config names outside of its pipelines: collection, indexes, models."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyterrier as pt

from pyterrier_rewrite import pipelines
from pyterrier_rewrite.llm import LLM, Cached
from pyterrier_rewrite.llm.metered import Budget, Budgeted, Estimating, Metered, Price, Spent
from pyterrier_rewrite.llm.remembering import Remembering
from pyterrier_rewrite.protocols import Engine

from ..collections import load_collection
from ..config.backends import LLMConfig
from ..config.engines import ENGINES
from ..config.errors import ConfigError, blamed_on, check_known
from ..config.schema import ExperimentConfig, of_split
from ..shop import Shop
from ..shop.dataset import QUERIES


def home() -> Path:
    """Return ``$PT_REWRITE_HOME``, by default the folder ``rewrite`` in PyTerrier's home."""
    named = os.environ.get("PT_REWRITE_HOME")
    return Path(named) if named else Path(pt.io.pyterrier_home()) / "rewrite"


def index_path(kind: str, collection: pt.datasets.Dataset, settings: Any) -> Path:
    """Return a folder for an index, another one for other documents or settings."""
    name = str(getattr(collection, "name", type(collection).__name__.lower()))
    # a split or a query field changes the topics, not the documents
    made_of = [getattr(collection, key, None) for key in ("path", "products", "seed")]
    facts = [type(collection).__name__, name, made_of, settings, _corpus_file(collection)]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in name)
    return home() / kind / f"{safe}-{digest[:10]}"


def _corpus_file(collection: pt.datasets.Dataset) -> list[int]:
    """Return size and time of a BEIR folder's corpus, so that a changed one is indexed anew."""
    folder = getattr(collection, "path", None)
    for file in ("corpus.jsonl", "corpus.jsonl.gz"):
        if folder is not None and (corpus := Path(folder) / file).is_file():
            return [corpus.stat().st_size, corpus.stat().st_mtime_ns]
    return []


@dataclass(eq=False, repr=False)
class Resources:
    """What a config names outside of its pipelines, made when first asked for and then shared.

    Args:
        config: The config.
        budget: Cap on what the models may cost.
        dry_run: Whether models are only estimated.
        verbose: Whether to show progress.
    """

    config: ExperimentConfig
    _: KW_ONLY
    budget: Budget | None = None
    dry_run: bool = False
    verbose: bool = True

    def __post_init__(self) -> None:
        self._llms: dict[str, Metered | Estimating] = {}
        self._remembering: dict[str, Remembering] = {}
        self._variant: str | None = None

    @cached_property
    def collection(self) -> pt.datasets.Dataset:
        """The collection."""
        spec = self.config.collection
        shop = {"shop": {}} if spec == "shop" else spec
        if not (isinstance(shop, dict) and "shop" in shop):
            return load_collection(spec)
        options = {"seed": 0, **(shop["shop"] or {})}  # not the run's: a collection stays
        self._variant = options.pop("split", "test")
        check_known("collection.shop.split: there is no split", self._variant, QUERIES)
        with blamed_on("collection.shop", TypeError, ValueError):
            return Shop(**options)

    def topics(self) -> pd.DataFrame:
        """Return the topics to run, the first of them if the config says how many."""
        topics = self.collection.get_topics(self._variant)
        return topics if self.config.topics is None else topics.head(self.config.topics)

    def qrels(self) -> pd.DataFrame:
        """Return the judgements."""
        return self.collection.get_qrels(self._variant)

    def split(self, name: str) -> Resources:
        """Return the same surroundings with all topics of another split."""
        here = self.config.collection
        by_name = isinstance(here, str) and here != "shop"  # its name says the split
        collection = name if by_name else of_split(here, name)
        update = {"collection": collection, "topics": None}
        return Resources(self.config.model_copy(update=update), verbose=False)

    @cached_property
    def index(self) -> Engine:
        """The sparse index, built if it is not there."""
        wanted = self.config.index
        engine = ENGINES[wanted.engine]
        options = wanted.options or {}
        if engine.built_with is None and wanted.path is None:
            raise ConfigError(f"index.path: engine {wanted.engine!r} needs the path of an index")
        settings = {key: getattr(wanted, key) for key in engine.built_with or ()} | options
        path = wanted.path or index_path("index", self.collection, settings)
        with blamed_on("index.options", TypeError):
            index: Engine = (
                engine.index(path, **options)
                if engine.built_with is None
                else engine.index.open_or_build(
                    path, self.collection, **settings, verbose=self.verbose
                )
            )
            return index

    def offered(self, what: str, words: str) -> Any:
        """Return something that not every engine's index has.

        Raises:
            ConfigError: If this one has not.
        """
        found = getattr(self.index, what)
        if found is not None:
            return found
        able = [repr(name) for name, kind in ENGINES.items() if getattr(kind.index, what, None)]
        raise ConfigError(f"index.engine: a system needs {words}; take {' or '.join(able)}")

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

    def unindexed(self, docnos: Iterable[str]) -> list[str]:
        """Return those of some documents that the indexes that are in use lack."""
        opened: list[Any] = [vars(self).get(name) for name in ("index", "dense_index")]
        indexes = [index for index in opened if hasattr(index, "holds")]
        wanted = list(dict.fromkeys(docnos))
        there = set().union(*(index.holds(wanted) for index in indexes))
        return [docno for docno in wanted if indexes and docno not in there]

    @property
    def spent(self) -> Spent:
        """What all models were asked so far."""
        return sum((llm.spent for llm in self._llms.values()), Spent())

    def llm(self, name: str) -> LLM:
        """Return a model by its name in the config."""
        if name not in self._llms:
            self._llms[name] = self._make_llm(name, self.config.llms[name])
            self._remembering[name] = Remembering(self._llms[name])
        return self._remembering[name]

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Let models note what they answer, and give it once more after that."""
        for llm in self._remembering.values():
            llm.noting = True
        try:
            yield
        finally:
            for llm in self._remembering.values():
                llm.noting = False

    def forget(self) -> None:
        """Drop what models have noted."""
        for llm in self._remembering.values():
            llm.forget()

    def _make_llm(self, name: str, wanted: LLMConfig) -> Metered | Estimating:
        llm = wanted.make(name, verbose=self.verbose)
        price = None if wanted.price is None else Price(**wanted.price.model_dump())
        path = home() / "llm-cache.sqlite" if wanted.cache is True else wanted.cache
        if wanted.offline and not path:
            raise ConfigError(f"llms.{name}: offline replays a cache, so cache cannot be false")
        if self.dry_run:
            replay = Cached(llm, path, offline=True) if path and Path(path).exists() else None
            return Estimating(llm, cache=replay, price=price)
        if self.budget is not None:
            llm = Budgeted(llm, budget=self.budget, price=price, cached=bool(path))
        if path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            llm = Cached(llm, path, offline=wanted.offline)
        return Metered(llm, price=price)

    def judgements(self) -> pd.DataFrame | None:
        """Return the judgements that rewards may use unasked; none where they are the test's."""
        return None
