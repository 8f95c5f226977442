"""Transformers that are their arguments: what pt.inspect, pt.Experiment and pickle rely on."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Final, TypeVar

import numpy as np
import pyterrier as pt

from .errors import near
from .pipeline import Pipeline
from .ranges import check_attributes

DOCS_URL: Final = "https://pyterrier-rewrite.readthedocs.io/"

Self = TypeVar("Self", bound="ValueTransformer")


class ValueTransformer(pt.Transformer):  # type: ignore[misc]  # pyterrier's classes are untyped
    """A transformer that is equal to another if its arguments are.

    A subclass stores its constructor's arguments under their own names and does nothing else
    there; ``**settings`` stands for the arguments of its base class. Then its ``repr`` is
    complete, ``pt.Experiment(plan="tree")`` runs equal stages once, :mod:`pyterrier.inspect`
    can copy it, and PyTerrier draws it without the network.
    """

    _not_compared: ClassVar[frozenset[str]] = frozenset(
        {"batch_size", "device", "on_error", "threads", "verbose"}
    )
    """Arguments that do not change the output."""

    def __new__(cls: type[Self], *arguments: Any, **keywords: Any) -> Self:
        """Refuse an argument that the class does not take, in the name of the class.

        Raises:
            TypeError: If there is no such argument; Python would name the base class, to which
                ``**settings`` go.
        """
        known = cls.parameters() if keywords else {}
        for name in keywords:
            if name not in known:
                raise TypeError(
                    f"{cls.__name__}() got an unexpected argument {name!r}{near(name, known)}"
                )
        made: Self = super().__new__(cls, *arguments, **keywords)
        return made

    @classmethod
    def parameters(cls) -> dict[str, inspect.Parameter]:
        """Return the constructor's parameters, ``**settings`` replaced by the base class's."""
        found: dict[str, inspect.Parameter] = {}
        for owner in cls.__mro__[:-1]:  # object takes any arguments
            if "__init__" not in owner.__dict__:
                continue
            constructor = owner.__dict__["__init__"]
            own = list(inspect.signature(constructor).parameters.values())[1:]
            for parameter in own:
                if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
                    found.setdefault(parameter.name, parameter)
            if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in own):
                break
        return found

    @classmethod
    def default(cls, name: str) -> Any:
        """Return the value that an argument has when it is not given."""
        return cls.parameters()[name].default

    def attributes(self) -> list[pt.inspect.TransformerAttribute]:
        """Return the constructor's arguments, for :mod:`pyterrier.inspect`."""
        return [
            pt.inspect.TransformerAttribute(
                name=name,
                value=getattr(self, name),
                init_default_value=parameter.default,
                init_parameter_kind=parameter.kind,
            )
            for name, parameter in self.parameters().items()
        ]

    def apply_attributes(self: Self, **changes: Any) -> Self:
        """Return a copy with some arguments changed, for :mod:`pyterrier.inspect`.

        Raises:
            pt.inspect.InspectError: If there is no such argument.
        """
        unknown = sorted(set(changes) - set(self.parameters()))
        if unknown:
            raise pt.inspect.InspectError(f"{type(self).__name__} has no argument {unknown}")
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        for name, parameter in self.parameters().items():
            value = changes.get(name, getattr(self, name))
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                positional.extend(value)
            elif parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                keywords[name] = value
            else:
                positional.append(value)
        return type(self)(*positional, **keywords)

    def __rshift__(self, right: Any) -> Pipeline:
        return Pipeline(self, right)

    def __rrshift__(self, left: Any) -> Pipeline:
        return Pipeline(left, self)

    def __repr__(self) -> str:
        shown: list[str] = []
        for name, parameter in self.parameters().items():
            value = getattr(self, name)
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                shown.extend(repr(entry) for entry in value)
            elif parameter.default is inspect.Parameter.empty:
                shown.append(repr(value))
            elif name not in self._not_compared and not same(value, self.default(name)):
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other) or not self.repeatable:
            return False
        names = [name for name in self.parameters() if name not in self._not_compared]
        return all(same(getattr(self, name), getattr(other, name)) for name in names)

    def __hash__(self) -> int:
        return hash(type(self).__qualname__)

    @property
    def repeatable(self) -> bool:
        """Whether the same input always gives the same output; if not, it equals only itself."""
        return True

    def check(self) -> None:
        """Raise a ``TypeError`` or ``ValueError`` if the arguments cannot work.

        Called at each use, and by configs before anything is run; it loads nothing. Ranges that
        the constructor's annotations declare are checked here; whoever overrides it calls it.
        """
        check_attributes(self)

    @property
    def schematic(self) -> dict[str, Any]:
        """How :mod:`pyterrier.schematic` draws this transformer, without the network."""
        return {"label": type(self).__name__[:20], "help_url": DOCS_URL}


def same(a: object, b: object) -> bool:
    """Say whether two arguments are equal, arrays element by element."""
    if a is b:
        return True
    try:
        return bool(np.all(a == b))
    except ValueError:  # shapes or labels that cannot be compared
        return False
