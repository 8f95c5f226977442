"""Engines in a config: one line an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, field_validator

from pyterrier_rewrite.pipelines import PisaIndex, TerrierIndex

from .errors import Strict, check_known


@dataclass(frozen=True)
class IndexKind:
    """How a config's index is opened.

    Attributes:
        index: Class of the index; it takes a path, and the config's ``options``.
        built_with: Keys of the config that its ``open_or_build`` takes beside path and corpus;
            None for an engine whose index is made elsewhere.
    """

    index: Any
    built_with: tuple[str, ...] | None = None


ENGINES: Final[Mapping[str, IndexKind]] = {
    "pisa": IndexKind(PisaIndex, built_with=("stemmer", "stops")),
    "terrier": IndexKind(TerrierIndex),
}
"""Every engine by its name in a config: a new one is a line here."""


class IndexConfig(Strict):
    """The engine.

    Attributes:
        engine: PISA, or an existing Terrier index (which needs Java) at ``path``.
        path: Where the index stands or will be built; by default in the home.
        stemmer: How words become stems.
        stops: Which words are left out.
        k1: Of BM25: how soon further occurrences of a term stop to count.
        b: Of BM25: how much a document's length counts, from 0 (not at all) to 1.
        threads: Threads of a search.
        options: What else the index's own class takes.
    """

    engine: str = "pisa"
    path: Path | None = None
    stemmer: Literal["porter2", "krovetz", "none"] = "porter2"
    stops: Literal["terrier", "lucene", "none"] = "terrier"
    k1: float = Field(1.2, ge=0)
    b: float = Field(0.75, ge=0, le=1)
    threads: int = Field(1, ge=1)
    options: dict[str, Any] | None = None

    @field_validator("engine")
    @classmethod
    def _known(cls, name: str) -> str:
        check_known("there is no engine", name, ENGINES)
        return name


class DenseConfig(Strict):
    """A dense index.

    Attributes:
        model: A sentence-transformers model, by name on the hub or path.
        path: Where the index stands or will be built; by default in the home.
        query_prefix: Text before every query, as some models are trained with.
        doc_prefix: Text before every document.
    """

    model: str
    path: Path | None = None
    query_prefix: str = ""
    doc_prefix: str = ""
