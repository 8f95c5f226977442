"""The names that configs and the command line know."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import pyterrier_rewrite as rewrite
from pyterrier_rewrite import pipelines
from pyterrier_rewrite.base import Rewriter
from pyterrier_rewrite.parsing import Queries, Terms, Text
from pyterrier_rewrite.prompting.formulation import Formulation
from pyterrier_rewrite.value import ValueTransformer

ENGINE_STAGES: Mapping[str, str] = {
    "bm25": "BM25 over the sparse index: k1, b, num_results",
    "text": "adds the documents' texts: columns",
    "dense": "exact search in the dense index: num_results",
    "dense_reranker": "reranks by the vectors of the dense index",
    "Trained": "a rewriter that pt-rewrite train or save_pretrained left in a folder: path",
}
"""Stages that come from the config's indexes, or from a folder."""


def rewriters() -> dict[str, type[Rewriter]]:
    """Return every rewriter that the library exports, by name."""
    return {
        name: value
        for name, value in vars(rewrite).items()
        if inspect.isclass(value) and issubclass(value, Rewriter) and value is not Rewriter
    }


def stages() -> dict[str, type[ValueTransformer]]:
    """Return every class that a config may use as a stage, by name."""
    found: dict[str, type[ValueTransformer]] = dict(rewriters())
    for name, value in [*vars(rewrite).items(), *vars(pipelines).items()]:
        if inspect.isclass(value) and issubclass(value, ValueTransformer):
            no_stages = {
                "BM25", "TextLoader", "DenseRetriever", "DenseReranker", "Rewriter", "Guard",
            }  # fmt: skip
            if name not in no_stages:
                found[name] = value
    return found


def parts() -> dict[str, type[Any]]:
    """Return formulations and parsers by name."""
    found: dict[str, type[Any]] = {}
    for name, value in vars(rewrite).items():
        if inspect.isclass(value) and value is not Formulation:
            is_parser = value in (Queries, Terms, Text)
            if is_parser or issubclass(value, Formulation):
                found[name] = value
    return found


def needs(cls: type[Rewriter]) -> str:
    """Say in a few words what a rewriter needs beside queries."""
    parameters = cls.parameters()
    found = []
    if "llm" in parameters:
        found.append("LLM")
    if "statistics" in parameters:
        found.append("index")
    if "pool" in parameters:
        found.append("past queries")
    fb_docs = cls.default("fb_docs") if "fb_docs" in parameters else 0
    if isinstance(fb_docs, int) and fb_docs > 0:
        found.append(f"{fb_docs} documents")
    if "path" in parameters:
        found.append("file")
    if "column" in parameters:
        found.append("column")
    return ", ".join(found) or "nothing"


__all__ = ["ENGINE_STAGES", "needs", "parts", "rewriters", "stages"]
