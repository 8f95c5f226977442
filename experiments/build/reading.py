"""From YAML to arguments: each value is read by the type that a signature asks for."""

from __future__ import annotations

import inspect
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, is_dataclass
from itertools import chain
from typing import Any, Final, Union, get_args, get_origin

import pyterrier as pt
from pydantic import ConfigDict, PydanticSchemaGenerationError, TypeAdapter, ValidationError

from pyterrier_rewrite.errors import RewriteError, near
from pyterrier_rewrite.ranges import check_ranges
from pyterrier_rewrite.value import ValueTransformer

from ..config.errors import ConfigError, blamed_on, check_known, name_and_options, options_of
from .names import imported
from .resources import Resources


class Bench(Resources, ABC):
    """What reading needs: the config's resources, its stages as transformers, and the makers."""

    makers: Mapping[Any, Maker]

    @abstractmethod
    def stages(self, listed: object, where: str) -> list[pt.Transformer]:
        """Return a list of stages as transformers."""

    @abstractmethod
    def pipeline(self, listed: object, where: str) -> pt.Transformer:
        """Return a list of stages as one transformer."""


@dataclass(frozen=True)
class Maker:
    """How arguments of one type come from a config.

    Attributes:
        word: What it is, in errors.
        read: Makes it from what the config says; called with the bench, the value, the type
            that is asked for, and the dotted key.
        given: Makes it where the config says nothing; None says that it has to.
        hint: What an error adds where it is missing.
    """

    word: str
    read: Callable[[Bench, Any, Any, str], Any]
    given: Callable[[Bench], Any] = lambda bench: None
    hint: Callable[[Bench], str] = lambda bench: ""


# -- calls ------------------------------------------------------------------------------------


def call(bench: Bench, target: Any, options: Mapping[str, Any], where: str) -> Any:
    """Call a class or function with options from a config, each read by its annotation."""
    values = arguments(bench, target, options, where)
    known = parameters(target)
    for name, (parameter, hint) in known.items():
        if parameter.default is parameter.empty and name not in values and not _many(parameter):
            hints = "".join(maker.hint(bench) for maker in _makers(bench, hint))
            raise ConfigError(f"{where}: the parameter {name!r} is missing{hints}")
    positional = [values.pop(n) for n, (p, _) in known.items() if n in values and _many(p)]
    with blamed_on(where, TypeError, ValueError, RewriteError):
        check_ranges(target, values)
        made = target(*chain.from_iterable(positional), **values)
        if isinstance(made, ValueTransformer):
            made.check()
    return made


def arguments(bench: Bench, target: Any, options: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return options from a config, and what it need not say, as a class or function takes it."""
    known = parameters(target)
    values = {name: value for name, value in options.items() if name not in known}
    if values and not _takes_more(target):
        check_known(f"{where}: unknown parameter", next(iter(values)), known)
    for name, (parameter, hint) in known.items():
        if name in options:
            values[name] = read(bench, options[name], hint, f"{where}.{name}")
        elif (found := _given(bench, parameter, hint)) is not None:
            values[name] = found
    return values


def parameters(target: Any) -> dict[str, tuple[inspect.Parameter, Any]]:
    """Return the parameters of a class or function, each with its type."""
    typed = [target]
    if isinstance(target, type) and not is_dataclass(target):
        owners = [vars(owner) for owner in reversed(target.__mro__[:-1])]
        typed = [owner["__init__"] for owner in owners if "__init__" in owner]
    hints: dict[str, Any] = {}
    for one in typed:
        with suppress(NameError, TypeError):  # a type that only a type checker sees
            hints.update(typing.get_type_hints(one))
    is_value = isinstance(target, type) and issubclass(target, ValueTransformer)
    found = target.parameters() if is_value else inspect.signature(target).parameters
    out = {}
    for name, parameter in found.items():
        if parameter.kind is not parameter.VAR_KEYWORD:
            hint = hints.get(name, Any)
            out[name] = (parameter, _TUPLE[hint, ...] if _many(parameter) else hint)
    return out


_TUPLE: Final[Any] = tuple


def _takes_more(target: Any) -> bool:
    """Say whether a user's own class or function takes arguments that it does not name."""
    if isinstance(target, type) and issubclass(target, ValueTransformer):
        return False  # its ``**settings`` are the named ones of its base
    found = inspect.signature(target).parameters.values()
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in found)


def _many(parameter: inspect.Parameter) -> bool:
    return parameter.kind is parameter.VAR_POSITIONAL


def _given(bench: Bench, parameter: inspect.Parameter, hint: Any) -> Any:
    """Return what a config need not say: a maker's, the run's seed, a reward's engine."""
    for maker in _makers(bench, hint):
        if (found := maker.given(bench)) is not None:
            return found
    if parameter.name == "seed":
        return bench.config.seed
    if parameter.name == "engine" and parameter.default is parameter.empty:
        return bench.pipeline(["bm25"], "engine")
    return None


# -- values -----------------------------------------------------------------------------------


def read(bench: Bench, value: Any, hint: Any, where: str) -> Any:
    """Return a value of a config as an object of a type: made by its maker, or checked."""
    options = options_of(hint)
    makable = [option for option in options if _is_made(bench, option)]
    if not makable:
        return checked(value, hint, where)
    if value is None and type(None) in options:
        return None
    plain = tuple(option for option in options if option not in (*makable, type(None)))
    if plain:
        with suppress(ConfigError):
            return checked(value, Union[plain], where)  # noqa: UP007 - of a tuple
    fitting = [o for o in makable if isinstance(value, list) and not _makers(bench, o)]
    kind = (fitting or makable)[0]
    makers = _makers(bench, kind)
    make = makers[0].read if makers else _each
    return make(bench, value, kind, where)


def _makers(bench: Bench, hint: Any) -> list[Maker]:
    """Return the makers of a type, or of what it is a kind of; those of each type of a union."""
    found = []
    for kind in options_of(hint):
        kind = Callable if get_origin(kind) is Callable else kind
        bases = kind.__mro__ if isinstance(kind, type) else (kind,)
        found += [bench.makers[base] for base in bases if base in bench.makers][:1]
    return found


def _is_made(bench: Bench, kind: Any) -> bool:
    """Say whether a type, or what a list or mapping of it holds, has a maker."""
    return bool(_makers(bench, kind)) or any(
        _is_made(bench, option) for part in get_args(kind) for option in options_of(part)
    )


def _each(bench: Bench, value: Any, kind: Any, where: str) -> Any:
    """Return the entries of a list or mapping, each made."""
    origin, parts = get_origin(kind), get_args(kind)
    of = next((f" of {maker.word}s" for part in parts for maker in _makers(bench, part)), "")
    if issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: expected a mapping{of}, found {value!r}")
        return {key: read(bench, entry, parts[1], f"{where}.{key}") for key, entry in value.items()}
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{where}: expected a list{of}, found {value!r}")
    is_row = origin is tuple and Ellipsis not in parts
    if is_row and len(parts) != len(value):
        raise ConfigError(f"{where}: expected {len(parts)} values, found {value!r}")
    hints = parts if is_row else parts[:1] * len(value)
    made = [
        read(bench, entry, hint, f"{where}.{number}")
        for number, (entry, hint) in enumerate(zip(value, hints, strict=True))
    ]
    return tuple(made) if origin is tuple else made


def checked(value: Any, hint: Any, where: str) -> Any:
    """Return a plain value, checked against its annotation."""
    config = ConfigDict(arbitrary_types_allowed=True, strict=False)
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(hint, config=config)
    except PydanticSchemaGenerationError:  # a protocol or a callable: the class itself checks
        return value
    try:
        found = adapter.validate_python(value)
    except ValidationError as error:
        problem = error.errors()[0]
        raise ConfigError(f"{where}: {problem['msg']}, found {value!r}") from None
    is_number = isinstance(value, str) and isinstance(found, int | float)
    return found if is_number else value  # YAML reads 2e-3 as a text


# -- objects by name ---------------------------------------------------------------------------


def split_stage(stage: Any, where: str) -> tuple[str, dict[str, Any]]:
    """Return name and options of ``name`` or ``{name: {option: value}}``."""
    with blamed_on(where, ValueError):
        return name_and_options(stage)


def own(bench: Bench, path: str, options: Mapping[str, Any], kind: Any, where: str) -> Any:
    """Return an object of a user's own: what ``module:name`` stands for, called if need be.

    Raises:
        ConfigError: If it is not there, or of another kind.
    """
    found = imported(path, where, bench.config.folder)
    if isinstance(found, type) or (options and callable(found)) or not _fits(found, kind):
        if not callable(found):
            raise ConfigError(f"{where}: expected {a(kind)}, found {found!r}")
        found = call(bench, found, options, where)
    if not _fits(found, kind):
        raise ConfigError(
            f"{where}: expected {a(kind)}, found {found!r} of type {type(found).__name__}"
        )
    return found


def _fits(value: Any, kind: Any) -> bool:
    return callable(value) if kind is Callable else isinstance(value, kind)


def a(kind: Any) -> str:
    """Return the name of a type with its article."""
    name = getattr(kind, "__name__", str(kind))
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def named(word: str, family: Callable[[], Mapping[str, Any]]) -> Callable[..., Any]:
    """Return a reader of ``name`` or ``{name: {option: value}}`` for classes of a family."""

    def make(bench: Bench, value: Any, kind: Any, where: str) -> Any:
        name, options = split_stage(value, where)
        at = f"{where}.{name}"
        if ":" in name:
            return own(bench, name, options, kind, at)
        if name not in (known := family()):
            raise ConfigError(f"{where}: there is no {word}{name!r}{near(name, known)}")
        return call(bench, known[name], options, at)

    return make
