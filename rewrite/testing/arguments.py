"""The contract of a rewriter's arguments: stored as they are, and checked before they are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from inspect import Parameter
from typing import Any

import pandas as pd

from ..base import Rewriter
from ..llm import LLM
from ..llm.base import Completions
from ..ranges import Bound, ranges


def check_arguments(rewriter: Rewriter, frame: pd.DataFrame) -> None:
    """Assert that arguments are stored as given, can work, and are checked before a model is asked.

    Every number that is outside a range that its annotation declares should be an error, here and
    in the rewriters inside, and so should ``llm=None``.
    """
    for name in rewriter.parameters():
        assert hasattr(rewriter, name), f"__init__ should store {name!r} under its own name"
        assert _is_stored(rewriter, name), f"__init__ should store {name!r} as it is given"
    rewriter.check()
    for what, make in _broken(rewriter):
        try:
            make()(frame)
        except (TypeError, ValueError):
            continue
        raise AssertionError(f"{what} should be an error: check() calls super().check()")


def _is_stored(rewriter: Rewriter, name: str) -> bool:
    """Say whether another value of an argument is kept, or refused by the constructor."""
    if rewriter.parameters()[name].kind is Parameter.VAR_POSITIONAL:
        return True
    given = object()
    try:
        changed = rewriter.apply_attributes(**{name: given})
    except Exception:  # a constructor that looks at the value may do so
        return True
    return getattr(changed, name) is given


def _broken(rewriter: Rewriter) -> Iterator[tuple[str, Callable[[], Rewriter]]]:
    """Yield rewriters with an argument that cannot work, and a model that must not be asked."""
    model = {"llm": _Unasked()} if "llm" in rewriter.parameters() else {}
    for name, bounds in ranges(type(rewriter)).items():
        for bad in map(_outside, bounds):
            changes = {**model, name: bad}
            yield f"{name}={bad}", partial(rewriter.apply_attributes, **changes)
    if model:
        yield "llm=None", partial(rewriter.apply_attributes, llm=None)
    for name in rewriter.parameters():
        inside = getattr(rewriter, name)
        if isinstance(inside, Rewriter):
            for what, make in _broken(inside):
                yield what, partial(_with, rewriter, name, make)


def _with(rewriter: Rewriter, name: str, make: Callable[[], Rewriter]) -> Rewriter:
    changed: Rewriter = rewriter.apply_attributes(**{name: make()})
    return changed


def _outside(bound: Bound) -> Any:
    """Return a number that a bound forbids."""
    kind = type(bound).__name__
    limit: Any = getattr(bound, kind.lower())
    return limit + {"Ge": -1, "Le": 1}.get(kind, 0)


class _Unasked(LLM):
    """A model that nobody may ask."""

    @property
    def identity(self) -> str:
        return "unasked"

    def generate(self, prompts: Any, **sampling: Any) -> list[Completions]:
        raise AssertionError("a model was asked before the arguments were checked")

    def stream(self, prompts: Any, sampling: Any) -> Iterator[tuple[int, Completions]]:
        raise AssertionError("a model was asked before the arguments were checked")
