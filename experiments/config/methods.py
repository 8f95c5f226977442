"""Systems and configs of prompted methods, made from their classes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

import yaml

import pyterrier_rewrite as rewrite
from pyterrier_rewrite import LLMRewriter

ROOMS: Final = ("expansion", "decomposition")
"""The packages whose prompted methods can be named all together."""

_FEEDBACK: Final = 20
"""Results of the first search that a method with feedback reads, if it reads no more."""


def prompted_methods(rooms: Iterable[str] = ROOMS) -> dict[str, type[LLMRewriter]]:
    """Return the prompted methods that some rooms export, by name."""
    names = [name for room in rooms for name in getattr(rewrite, room).__all__]
    exported = {name: getattr(rewrite, name) for name in names}
    return {name: cls for name, cls in exported.items() if issubclass(cls, LLMRewriter)}


def system_of(name: str, cls: type[LLMRewriter]) -> list[Any]:
    """Return a method's usual system: with feedback where it reads it, fused where it splits."""
    published = cls.published
    feedback = [{"bm25": {"num_results": max(_FEEDBACK, published.fb_docs)}}, "text"]
    stage = {name: {"feedback": feedback}} if published.fb_docs else name
    return [stage, "bm25", *(["RRF"] if published.formulation.several else [])]


def missing_systems(rooms: Iterable[str], taken: Any, but: Collection[str]) -> dict[str, Any]:
    """Return a system for each prompted method that no system uses yet.

    Args:
        rooms: Some of :data:`ROOMS`.
        taken: The systems that are there.
        but: Methods to leave out.
    """
    there = {*but, *_names(taken)}
    found = prompted_methods(rooms).items()
    return {name: system_of(name, cls) for name, cls in found if name not in there}


def config_of(name: str) -> str | None:
    """Return a config that compares one prompted method with BM25; None if there is no such."""
    cls = prompted_methods().get(name)
    if cls is None:
        return None
    llm = {"type": "openai", "model": "qwen3:8b", "base_url": "http://localhost:11434/v1"}
    content = {
        "name": name,
        "description": f"{name} as published, beside BM25.",
        "collection": "irds:vaswani",
        "llms": {"main": llm},
        "systems": {"BM25": ["bm25"], name: system_of(name, cls)},
        "baseline": "BM25",
    }
    return yaml.safe_dump(content, sort_keys=False)


def _names(node: Any) -> set[str]:
    """Return every name in a part of a config."""
    if isinstance(node, dict):
        return set(node) | {name for value in node.values() for name in _names(value)}
    if isinstance(node, list):
        return {name for value in node for name in _names(value)}
    return {node} if isinstance(node, str) else set()
