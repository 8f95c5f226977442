"""What the library exports: the one place where the documentation looks into it."""

from __future__ import annotations

import importlib
import inspect
import sys
from functools import cache
from types import ModuleType
from typing import Annotated, get_args, get_origin

import pyterrier_rewrite.ranges
from pyterrier_rewrite import Rewriter
from pyterrier_rewrite.experiments.build.names import ENGINE_STAGES, needs
from pyterrier_rewrite.experiments.collections import Collection
from pyterrier_rewrite.experiments.config import ExperimentConfig, TrainConfig
from pyterrier_rewrite.ranges import in_words, ranges

RANGED = {
    name: get_args(value)[0].__name__
    for name, value in vars(pyterrier_rewrite.ranges).items()
    if get_origin(value) is Annotated
}
"""The types that have a range, by the names that annotations call them."""

PACKAGES = (
    "",
    ".llm",
    ".classical",
    ".expansion",
    ".decomposition",
    ".conversation",
    ".guards",
    ".selection",
    ".pipelines",
    ".rewards",
    ".training",
    ".testing",
    ".protocols",
    ".experiments.collections",
    ".experiments.config",
    ".experiments.shop",
)
"""The public packages; a name is documented under the first that exports it."""

__all__ = [
    "ENGINE_STAGES",
    "PACKAGES",
    "RANGED",
    "Collection",
    "ExperimentConfig",
    "TrainConfig",
    "in_words",
    "needs",
    "ranges",
]


def package(name: str) -> ModuleType:
    """Return one of the public packages."""
    return importlib.import_module(f"pyterrier_rewrite{name}")


def exports(name: str) -> list[str]:
    """Return the names that a package exports, or those that a plain module defines."""
    module = package(name)
    own = (
        key
        for key, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__ and not key.startswith("_")
    )
    return list(getattr(module, "__all__", None) or own)


@cache
def public() -> dict[str, object]:
    """Return everything that is exported, by the full name under which it is documented."""
    found: dict[str, object] = {}
    seen: list[object] = []
    for name in PACKAGES:
        for key in exports(name):
            value = getattr(package(name), key)
            if inspect.isclass(value) or inspect.isroutine(value):
                if any(value is other for other in seen):
                    continue
                seen.append(value)
                found[f"pyterrier_rewrite{name}.{key}"] = value
    return found


@cache
def name_of(place: str) -> str | None:
    """Return the public name of what stands at ``module.name``, wherever it is defined."""
    head, attributes = place, []
    while head:
        try:
            thing: object = importlib.import_module(head)
        except ImportError:
            head, _, last = head.rpartition(".")
            attributes.insert(0, last)
            continue
        break
    else:
        return None
    for used, attribute in enumerate(attributes, 1):
        try:
            thing = getattr(thing, attribute)
        except AttributeError:
            return None
        for name, value in public().items():
            if value is thing:
                return ".".join([name, *attributes[used:]])
    return ""


@cache
def rewriters() -> dict[str, type[Rewriter]]:
    """Return every rewriter by name, but the two that others are made from."""
    return {
        name: value
        for name in sorted(pyterrier_rewrite.__all__, key=str.lower)
        if inspect.isclass(value := getattr(pyterrier_rewrite, name))
        and issubclass(value, Rewriter)
        and name not in {"Rewriter", "LLMRewriter"}
    }


@cache
def known(name: str) -> bool:
    """Say whether a name without a module is one of the library, public or not."""
    modules = [module for key, module in sys.modules.items() if key.startswith("pyterrier_rewrite")]
    fields = (getattr(thing, "__dataclass_fields__", ()) for thing in public().values())
    return (
        any(hasattr(module, name) for module in modules)
        or any(hasattr(thing, name) for thing in public().values())
        or any(name in names for names in fields)
    )
