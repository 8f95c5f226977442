"""Values as JSON: plain ones, and the dataclasses of this library."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from typing import Any, Final

from .._moved import MOVED

_PACKAGE: Final = __name__.partition(".")[0]


def encode(value: object) -> Any:
    """Turn a value into JSON.

    Raises:
        TypeError: If it is neither plain nor made of this library's dataclasses.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return [encode(entry) for entry in value]
    if isinstance(value, tuple):
        return {"tuple": [encode(entry) for entry in value]}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {"dict": {key: encode(entry) for key, entry in value.items()}}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if not ours(type(value).__module__):
            raise TypeError(f"{type(value).__name__} is not a class of this library")
        fields = {
            f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init
        }
        return {"class": name_of(type(value)), "fields": fields}
    raise TypeError(f"{type(value).__name__} is neither plain nor a value of this library")


def decode(value: Any) -> Any:
    """Turn JSON back into the value.

    Raises:
        KeyError: If something is missing.
        TypeError: If it names no value of this library.
    """
    if isinstance(value, list):
        return [decode(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if "tuple" in value:
        return tuple(decode(entry) for entry in value["tuple"])
    if "dict" in value:
        return {key: decode(entry) for key, entry in value["dict"].items()}
    cls = find(value["class"])
    if not dataclasses.is_dataclass(cls):
        raise TypeError(f"{value['class']} is no value that a rewriter is made of")
    return cls(**{key: decode(entry) for key, entry in value["fields"].items()})


def name_of(cls: type) -> str:
    """Return ``package:Class``, with the outermost package that offers the class."""
    module = cls.__module__
    if ours(module):
        parts = module.split(".")
        for length in range(1, len(parts)):
            package = ".".join(parts[:length])
            if getattr(importlib.import_module(package), cls.__name__, None) is cls:
                return f"{package}:{cls.__name__}"
    return f"{module}:{cls.__qualname__}"


def find(name: str) -> type:
    """Return the class of a name, also of one that was given where the class stood before.

    Raises:
        TypeError: If this library has no such class.
    """
    module, _, attribute = name.partition(":")
    if not ours(module):
        raise TypeError(f"{name} is not a class of this library")
    try:
        found = getattr(importlib.import_module(_now(module)), attribute)
    except (ImportError, AttributeError) as error:
        raise TypeError(f"this version has no {name}") from error
    if not isinstance(found, type) or not ours(found.__module__):
        raise TypeError(f"{name} is not a class of this library")
    return found


def ours(module: str) -> bool:
    """Return whether a module is one of this library."""
    return module == _PACKAGE or module.startswith(f"{_PACKAGE}.")


def _now(module: str) -> str:
    """Return where a module stands that was moved since a rewriter was saved."""
    package, _, rest = module.partition(".")
    return f"{package}.{MOVED[rest]}" if rest in MOVED else module
