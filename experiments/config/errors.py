"""Models that refuse what they do not know, and their errors: with key, place and near miss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict

from pyterrier_rewrite.errors import near


class ConfigError(ValueError):
    """A config, or a value set on the command line, is wrong; the text says where and what."""


class Strict(BaseModel):
    """Refuses keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def name_and_options(value: Any, word: str = "parameter") -> tuple[str, dict[str, Any]]:
    """Return name and options of ``name`` or ``{name: {option: value}}``.

    Args:
        value: What a config says.
        word: What an option is called in the error.

    Raises:
        ValueError: If it is something else.
    """
    if isinstance(value, str):
        return value, {}
    if isinstance(value, dict) and len(value) == 1:
        ((name, options),) = value.items()
        if options is None or isinstance(options, dict):
            return str(name), dict(options or {})
    raise ValueError(f"expected a name or {{name: {{{word}: value}}}}, found {value!r}")


def check_known(problem: str, name: object, known: Iterable[str]) -> None:
    """Raise the error ``problem 'name'``, with a hint, unless a name is among those known."""
    names = list(known)
    if name not in names:
        raise ConfigError(f"{problem} {name!r}{near(str(name), names)}")


@contextmanager
def blamed_on(where: str, *kinds: type[Exception]) -> Iterator[None]:
    """Turn errors of some kinds into errors of the config at a dotted key."""
    try:
        yield
    except kinds as error:
        raise ConfigError(f"{where}: {error}") from error


def explain(problem: Mapping[str, Any], key: str, kind: Any) -> str:
    """Return one of pydantic's errors about a dotted key in a sentence.

    Args:
        problem: The error.
        key: The key that it is about.
        kind: The model that was to be read.
    """
    key = key or "the config"
    if problem["type"] == "extra_forbidden":
        *above, name = problem["loc"]
        known = (field for option in _at(above, kind) for field in _model_fields(option))
        home = "" if above else _home(str(name), kind)
        return f"unknown key {key!r}{home or near(str(name), known)}"
    if problem["type"].startswith("union_tag"):
        *types, last = (tag for option in _at(problem["loc"], kind) for tag in _tags(option))
        return f"{key}: the key 'type' should be {', '.join(types)} or {last}"
    if problem["type"] == "missing":
        return f"the key {key!r} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return f"{key}: {message}"
    return f"{key}: {message}, found {problem['input']!r}"


def _at(loc: Sequence[str | int], kind: Any) -> list[Any]:
    """Return the types that may stand at one of pydantic's locations below a type."""
    kinds = options_of(kind)
    for step in loc:
        tagged = [option for option in kinds if step in _tags(option)]
        kinds = tagged or [below for option in kinds for below in _below(option, step)]
    return kinds


def options_of(kind: Any) -> list[Any]:
    """Return the type that an annotation is, or those of a union."""
    if get_origin(kind) is Annotated:
        return options_of(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [option for part in get_args(kind) for option in options_of(part)]
    return [kind]


def _below(kind: Any, step: str | int) -> list[Any]:
    if field := _model_fields(kind).get(str(step)):
        return options_of(field.annotation)
    return options_of(get_args(kind)[-1]) if get_origin(kind) in (dict, list) else []


def _home(name: str, kind: Any) -> str:
    """Return a hint at the entry of a key of a config under which a name is known, if any."""
    for key, field in _model_fields(kind).items():
        entries = (entry for option in options_of(field.annotation) for entry in _below(option, ""))
        if any(name in _model_fields(entry) for entry in entries):
            return f"; it goes into an entry of {key}: {key}.NAME.{name}"
    return ""


def _tags(kind: Any) -> tuple[Any, ...]:
    field = _model_fields(kind).get("type")
    return () if field is None else get_args(field.annotation)


def _model_fields(kind: Any) -> Mapping[str, Any]:
    return getattr(kind, "model_fields", {})
