"""What rewriters and training may ask of the outside.

The rewriters know neither engine nor reward; whoever offers these methods will do. The
engines of :mod:`pyterrier_rewrite.pipelines` and the rewards of
:mod:`pyterrier_rewrite.rewards` keep to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyterrier as pt


@runtime_checkable
class Analyzer(Protocol):
    """How an engine turns text into terms."""

    def terms(self, text: str) -> list[str]:
        """Return the surface terms of ``text`` in order, lower-cased, without stop words."""

    def stem(self, term: str) -> str:
        """Return the stem under which the engine indexes one surface term."""


@runtime_checkable
class CollectionStatistics(Protocol):
    """Counts over a collection, by stem."""

    @property
    def analyzer(self) -> Analyzer:
        """What decides what a term is."""

    @property
    def num_docs(self) -> int:
        """Documents in the collection."""

    @property
    def num_tokens(self) -> int:
        """Terms in the collection, repetitions counted."""

    def document_frequencies(self, stems: Iterable[str]) -> Mapping[str, int]:
        """Return in how many documents each stem occurs; unknown stems are left out."""

    def collection_frequencies(self, stems: Iterable[str]) -> Mapping[str, int]:
        """Return how often each stem occurs in the collection; unknown stems are left out."""


@runtime_checkable
class TextSource(Protocol):
    """Document texts by id."""

    def texts(self, docnos: Iterable[str]) -> Mapping[str, str]:
        """Return the text of each document; unknown ids are left out."""


@runtime_checkable
class Engine(Protocol):
    """An index that can be searched: what a system may ask of the engine behind it."""

    @property
    def analyzer(self) -> Analyzer | None:
        """How the engine turns text into terms; None if that is not to be had."""

    @property
    def statistics(self) -> CollectionStatistics | None:
        """Counts over the collection; None if the engine gives none."""

    def bm25(self, *, k1: float = 1.2, b: float = 0.75, num_results: int = 1000) -> pt.Transformer:
        """Return a retriever."""

    def text(self, *, columns: Iterable[str] = ("text",)) -> pt.Transformer:
        """Return a loader of document columns."""


@runtime_checkable
class Encoder(Protocol):
    """Texts to vectors."""

    def encode(self, texts: list[str], /) -> npt.NDArray[np.floating[Any]]:
        """Return one row a text."""


@runtime_checkable
class Reward(Protocol):
    """A scorer of candidate queries."""

    def score(self, candidates: pd.DataFrame) -> dict[str, float | None]:
        """Return one score a candidate (``qcand``); ``None`` means no verdict, never a bad mark."""
