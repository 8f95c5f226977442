"""Tests; what they share stands in ``tests.support``, and is had as ``tests.tiny`` too."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def __getattr__(name: str) -> ModuleType:
    if name.startswith("_"):
        raise AttributeError(name)
    try:
        return import_module(f".support.{name}", __name__)
    except ModuleNotFoundError as error:
        raise AttributeError(name) from error
