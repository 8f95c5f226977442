"""The names that configs and the command line know, and the objects behind import paths."""

from __future__ import annotations

import importlib
import inspect
import sys
import warnings
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pyterrier as pt

import pyterrier_rewrite as rewrite
from pyterrier_rewrite import parsing, pipelines, rewards
from pyterrier_rewrite.base import Rewriter
from pyterrier_rewrite.errors import RewriteWarning, near
from pyterrier_rewrite.parsing.parsers import Parser
from pyterrier_rewrite.prompting.llm_rewriter import LLMRewriter
from pyterrier_rewrite.value import ValueTransformer

from ..config.errors import ConfigError

ENGINE_STAGES: Final[Mapping[str, str]] = {
    "bm25": "BM25 over the sparse index: k1, b, num_results",
    "text": "adds the documents' texts: columns",
    "dense": "exact search in the dense index: num_results",
    "dense_reranker": "reranks by the vectors of the dense index",
    "Trained": "a rewriter that pt-rewrite train or save_pretrained left in a folder: path",
}
"""Stages that come from the config's indexes, or from a folder."""

PLUGINS: Final = "pyterrier_rewrite.rewriters"
"""Entry-point group by which other packages offer rewriters."""


def exported(kind: Any, *packages: ModuleType) -> dict[str, type[Any]]:
    """Return the classes of a kind that packages export and that can be made, by name."""
    exports = {name: getattr(package, name) for package in packages for name in package.__all__}
    return {
        name: value
        for name, value in exports.items()
        if inspect.isclass(value) and issubclass(value, kind) and not _is_abstract(value)
    }


def _is_abstract(cls: type[Any]) -> bool:
    if cls in (Rewriter, Parser):
        return True
    # also without ABCMeta, which PyTerrier's transformers do not have
    return any(getattr(getattr(cls, n, None), "__isabstractmethod__", False) for n in dir(cls))


def rewriters() -> dict[str, type[Rewriter]]:
    """Return every rewriter that the library exports, and those of installed packages, by name."""
    return {**plugins(), **exported(Rewriter, rewrite)}


def stages() -> dict[str, type[pt.Transformer]]:
    """Return every class that a config may use as a stage, by name."""
    found = exported(ValueTransformer, rewrite, pipelines)
    # what works on an index is made by the index
    return {**rewriters(), **{n: c for n, c in found.items() if "index" not in c.parameters()}}


def parsers() -> dict[str, type[Any]]:
    """Return every parser, those that one method alone reads its answers with among them."""
    found = exported(Parser, parsing)
    for cls in exported(LLMRewriter, rewrite).values():
        parser = type(cls.published.parser)
        found.setdefault(parser.__name__, parser)
    return found


def reward_classes() -> dict[str, type[rewards.Reward]]:
    """Return every reward that the library exports, by name."""
    return exported(rewards.Reward, rewards)


@cache
def plugins() -> dict[str, type[Rewriter]]:
    """Return the rewriters that installed packages offer, but for names that are ours."""
    ours = exported(Rewriter, rewrite)
    found: dict[str, type[Rewriter]] = {}
    for entry in metadata.entry_points(group=PLUGINS):
        package = entry.dist.name if entry.dist else entry.module
        taken = ours.get(entry.name) or found.get(entry.name)
        if taken is not None:
            problem = f"is hidden by {taken.__module__}; in a config, name it {entry.value}"
        else:
            try:
                value = entry.load()
            except Exception as error:  # another's package may fail in any way
                problem = f"cannot be loaded: {type(error).__name__}: {error}"
            else:
                if inspect.isclass(value) and issubclass(value, Rewriter):
                    found[entry.name] = value
                    continue
                problem = f"is no subclass of Rewriter, found {value!r}"
        warnings.warn(
            f"the rewriter {entry.name!r} of {package} {problem}", RewriteWarning, stacklevel=2
        )
    return found


def imported(path: str, where: str, folder: Path | None) -> Any:
    """Return what ``module:name`` stands for.

    Modules are looked for where Python looks, then in the config's folder, then in the working
    directory; both are put at the end of ``sys.path`` and stay there, since what was imported may
    import more when it is used.

    Raises:
        ConfigError: If there is no such module or name, or the module fails.
    """
    module, _, name = path.partition(":")
    places = [str(place.resolve()) for place in (folder, Path.cwd()) if place is not None]
    sys.path.extend(place for place in dict.fromkeys(places) if place not in sys.path)
    importlib.invalidate_caches()
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:  # a user's module may fail in any way
        if isinstance(error, ModuleNotFoundError) and module.startswith(error.name or module):
            raise ConfigError(
                f"{where}: there is no module {module!r} where Python looks, nor in "
                f"{' or '.join(dict.fromkeys(places))}"
            ) from error
        raise ConfigError(
            f"{where}: the module {module!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    for step in name.split("."):
        if not hasattr(found, step):
            known = [name for name in getattr(found, "__dict__", ()) if not name.startswith("_")]
            raise ConfigError(
                f"{where}: {getattr(found, '__file__', None) or path!r} has no {step!r}"
                f"{near(step, known)}"
            )
        found = getattr(found, step)
    return found


def fb_docs(cls: type[Rewriter]) -> int:
    """Return how many documents a rewriter reads unless it is told."""
    found = cls.default("fb_docs") if "fb_docs" in cls.parameters() else 0
    return found if isinstance(found, int) else 0


_NEEDS: Final[Mapping[str, str]] = {
    "rewriter": "rewriter",
    "reward": "reward",
    "llm": "LLM",
    "statistics": "index",
    "pool": "past queries",
    "fb_docs": "{} documents",
    "model": "trained model",
    "path": "file",
    "column": "column",
}
"""What the parameters of a rewriter stand for."""


def needs(cls: type[Rewriter]) -> str:
    """Say in a few words what a rewriter needs beside queries."""
    documents = fb_docs(cls)
    there = [
        name for name in _NEEDS if name in cls.parameters() and (documents or name != "fb_docs")
    ]
    return ", ".join(_NEEDS[name].format(documents) for name in there) or "nothing"
