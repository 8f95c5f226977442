"""Ranges of numbers, declared once: checks, configs and documentation read them.

A parameter says its range in its annotation, ``n: Annotated[int, Ge(1)] = 8``, in the words of
``annotated_types``, which pydantic reads as well.
"""

from __future__ import annotations

import inspect
import operator
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Annotated, Any, Final, Literal

from annotated_types import Ge, Gt, Le, Lt

Bound = Ge | Gt | Le | Lt

Count = Annotated[int, Ge(1)]
Natural = Annotated[int, Ge(0)]
Weight = Annotated[float, Ge(0)]
Positive = Annotated[float, Gt(0)]
Share = Annotated[float, Ge(0), Le(1)]
Portion = Annotated[float, Gt(0), Le(1)]
"""The ranges that are asked for most; others stand where they are declared."""

_KINDS: Final[Mapping[type, tuple[str, Callable[[Any, Any], Any]]]] = {
    Ge: ("at least", operator.ge),
    Gt: ("over", operator.gt),
    Le: ("at most", operator.le),
    Lt: ("below", operator.lt),
}


def check_ranges(target: Callable[..., Any], values: Mapping[str, Any]) -> None:
    """Raise if a value is not in the range that a parameter declares.

    Args:
        target: A function, or a class whose constructor or fields declare ranges.
        values: Values by parameter; None is no value, others are not looked at.

    Raises:
        TypeError: If a value that has a range is no number.
        ValueError: If it is out of its range, or none of a few values; the text says which.
    """
    for name, options in _choices(target).items():
        value = values.get(name)
        if value is not None and value not in options:
            wanted = " or ".join(map(repr, options))
            raise ValueError(f"{name} should be {wanted}, found {value!r}")
    for name, bounds in ranges(target).items():
        value = values.get(name)
        if value is None:
            continue
        wanted = f"{name} should be {in_words(bounds)}, found {value!r}"
        for bound in bounds:
            try:
                inside = _KINDS[type(bound)][1](value, _limit(bound))
            except TypeError:
                raise TypeError(wanted) from None
            if not inside:  # NaN is in no range
                raise ValueError(wanted)


def check_attributes(value: Any) -> None:
    """Raise if an attribute is not in the range that its class declares; see check_ranges."""
    own: Any = type(value)
    declared = {*ranges(own), *_choices(own)}
    check_ranges(own, {name: getattr(value, name, None) for name in declared})


def in_words(bounds: tuple[Bound, ...]) -> str:
    """Return a range as a person says it.

    Example:
        >>> in_words((Gt(0), Le(1))), in_words((Ge(0), Le(1))), in_words((Ge(0),))
        ('over 0 and at most 1', 'in [0, 1]', '0 or more')
    """
    limits = [f"{_limit(bound):g}" for bound in bounds]
    if [type(bound) for bound in bounds] == [Ge, Le]:
        return f"in [{', '.join(limits)}]"
    if [type(bound) for bound in bounds] == [Gt, Lt]:
        return f"between {' and '.join(limits)}"
    if bounds == (Ge(0),):
        return "0 or more"
    return " and ".join(
        f"{_KINDS[type(bound)][0]} {limit}" for bound, limit in zip(bounds, limits, strict=True)
    )


def ranges(target: Any) -> Mapping[str, tuple[Bound, ...]]:
    """Return the range of each parameter of a function, constructor or dataclass that has one."""
    return _declared(target, _bounds)


def _choices(target: Any) -> Mapping[str, tuple[Any, ...]]:
    """Return the values that each parameter takes which takes but a few."""
    return _declared(target, _options)


@cache
def _declared(target: Any, read: Callable[[Any], Iterator[Any]]) -> Mapping[str, tuple[Any, ...]]:
    """Return what is read in the annotations of parameters, of those where it is anything."""
    functions = [target]
    if inspect.isclass(target):
        owners = [owner for owner in reversed(target.__mro__) if owner is not object]
        functions = [vars(owner)["__init__"] for owner in owners if "__init__" in vars(owner)]
    hints = {name: hint for function in functions for name, hint in _hints(function).items()}
    found = {name: tuple(read(hint)) for name, hint in hints.items()}
    return {name: its for name, its in found.items() if its}


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except NameError:  # a type that only a type checker imports: it has no range
        found = {}
        for name, hint in function.__annotations__.items():
            with suppress(NameError):
                found[name] = eval(hint, function.__globals__) if isinstance(hint, str) else hint
        return found


def _bounds(hint: Any) -> Iterator[Bound]:
    if typing.get_origin(hint) is Annotated:
        yield from (mark for mark in hint.__metadata__ if type(mark) in _KINDS)
    elif type(None) in typing.get_args(hint):  # X | None
        for option in typing.get_args(hint):
            yield from _bounds(option)


def _options(hint: Any) -> Iterator[Any]:
    inner = typing.get_args(hint)
    if typing.get_origin(hint) is Literal:
        yield from inner
    elif len(inner) == 2 and type(None) in inner:  # X | None
        yield from _options(inner[inner[0] is type(None)])


def _limit(bound: Bound) -> Any:
    return getattr(bound, type(bound).__name__.lower())
