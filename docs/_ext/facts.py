"""Pages that are tables: columns, errors and warnings, the keys of configs, collections."""

from __future__ import annotations

import ast
import inspect
import types
import typing
from collections.abc import Iterable

import docstrings
from library import ENGINE_STAGES, Collection, ExperimentConfig, TrainConfig, package, public
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rst import flat, literal, page, table, title
from scan import CONSTANTS, FURTHER, columns_used, exceptions, raised, sources

EVERYWHERE = ("qid", "query")
"""Columns that everything reads and writes."""


def pages() -> dict[str, str]:
    """Return the pages of this kind by file name."""
    return {
        "columns": columns(),
        "errors": errors(),
        "config": config_keys(),
        "collections": collection_kinds(),
    }


def links(names: Iterable[str]) -> str:
    """Return links to public names."""
    shown = []
    for name in sorted(names, key=lambda name: name.rpartition(".")[2].lower()):
        if inspect.ismodule(thing := public().get(name)) or thing is None:
            shown.append(literal(name))
        else:
            role = "class" if inspect.isclass(thing) else "func"
            shown.append(f":{role}:`~{name}`")
    return ", ".join(shown)


def columns() -> str:
    """Return the page of columns."""
    said = data_docstrings("pyterrier_rewrite.columns")
    pieces = []
    for constant, column in CONSTANTS.items():
        pieces += [
            title(column, "-"),
            f".. py:data:: pyterrier_rewrite.columns.{constant}\n   :value: {column!r}\n",
            f"   {flat(said.get(constant, ''))}\n",
            users(column),
        ]
    for column, text in FURTHER.items():
        pieces += [title(column, "-"), text, users(column)]
    others = [
        f".. py:data:: pyterrier_rewrite.columns.{name}\n\n   {flat(text)}\n"
        for name, text in said.items()
        if name not in CONSTANTS
    ]
    return page(
        title("Columns"),
        "The names stand in ``pyterrier_rewrite.columns``. Columns that belong to a query start "
        "with ``q``: PyTerrier keeps those, and only those, when a stage turns queries into "
        "results or back. An engine prefers ``query_toks`` or ``query_vec`` over the text, so a "
        "rewriter removes the form that it does not write. *Writes* and *reads* are taken from "
        "the sources and the docstrings; what every rewriter does through its base class stands "
        "under :class:`~pyterrier_rewrite.Rewriter`.",
        *pieces,
        title("Constants", "-"),
        *others,
    )


def users(column: str) -> str:
    """Return who writes and who reads a column."""
    if column in EVERYWHERE:
        return ":writes and reads it: every stage"
    used = columns_used()[column]
    return "\n".join(f":{kind} it: {links(who)}" for kind, who in used.items() if who)


def data_docstrings(module: str) -> dict[str, str]:
    """Return the texts under the constants of a module; those without one share the next."""
    found: dict[str, str] = {}
    waiting: list[str] = []
    for node in sources()[module].body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            waiting.append(node.target.id)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.update(dict.fromkeys(waiting, str(node.value.value)))
            waiting = []
        else:
            waiting = []
    return found


def errors() -> str:
    """Return the page of errors and warnings."""
    names = {name.rpartition(".")[2]: name for name in public()}
    pieces = []
    for name, (module, node) in sorted(exceptions().items()):
        text = ast.get_docstring(node) or ""
        full = names.get(name)
        told = [
            ("is a", ", ".join(literal(ast.unparse(base)) for base in node.bases)),
            ("import", literal(f"from {(full or f'{module}.{name}').rpartition('.')[0]}")),
            ("comes from", links(raised()[name])),
        ]
        pieces += [title(name, "-")]
        if full:
            pieces += [f".. autoexception:: {full}\n"]
        else:
            pieces += [f".. py:exception:: {module}.{name}\n", f"   {flat(text)}\n"]
        pieces += ["\n".join(f":{key}: {value}" for key, value in told if value) + "\n"]
    return page(
        title("Errors and warnings"),
        "A bad argument is a ``ValueError`` or ``TypeError`` before anything is asked or searched; "
        "a frame without a column is PyTerrier's ``InputValidationError``. What goes wrong for "
        "some queries only is no error: they keep their text, ``qstatus`` says why, and a "
        "``RewriteWarning`` sums up. ``on_error='raise'`` makes an error of it.",
        *pieces,
    )


def config_keys() -> str:
    """Return the page of the keys of configs."""
    stages = [(literal(name), said) for name, said in ENGINE_STAGES.items()]
    llms = models_in(ExperimentConfig.model_fields["llms"].annotation)
    return page(
        title("Keys of configs"),
        ":doc:`/configs` shows how experiments are written, :doc:`/training` how trainings are.",
        title("An experiment", "-"),
        keys(ExperimentConfig),
        *(piece for key in ("index", "dense") for piece in section(ExperimentConfig, key, "-")),
        title("``llms``", "-"),
        "Models by name; ``type`` says of which kind one is. The only one is taken wherever a "
        "stage needs a model; where there are several, ``llm: NAME`` says which.",
        *(piece for kind in llms for piece in (title(type_of(kind), "~"), model(kind))),
        *section(llms[0], "price", "~"),
        title("Stages", "-"),
        "Every rewriter (:doc:`methods/index`), every class of ``pyterrier_rewrite.pipelines`` "
        "that needs no index (:doc:`fusion`, :doc:`reranking`), what ``define`` names, and:",
        table(("stage", "is"), stages),
        title("A training", "-"),
        keys(TrainConfig),
        *(piece for key in ("scratch", "validation") for piece in section(TrainConfig, key, "~")),
    )


def models_in(hint: object) -> list[type[BaseModel]]:
    """Return the models that a key may hold."""
    if inspect.isclass(hint) and issubclass(hint, BaseModel):
        return [hint]
    return [kind for inside in typing.get_args(hint) for kind in models_in(inside)]


def section(owner: type[BaseModel], key: str, mark: str) -> tuple[str, str]:
    """Return heading and keys of what stands under a key."""
    (kind,) = models_in(owner.model_fields[key].annotation)
    return title(literal(key), mark), model(kind)


def unexplained() -> list[str]:
    """Return the keys that no docstring explains."""
    waiting: list[type[BaseModel]] = [ExperimentConfig, TrainConfig]
    found = []
    for kind in waiting:  # grows on the way
        said = docstrings.inherited(kind, "Attributes")
        for name, field in kind.model_fields.items():
            if not (field.description or said.get(name)):
                found.append(f"{kind.__name__}.{name}")
            waiting += [one for one in models_in(field.annotation) if one not in waiting]
    return found


def type_of(kind: type[BaseModel]) -> str:
    """Return the value of ``type`` that chooses a model."""
    (name,) = typing.get_args(kind.model_fields["type"].annotation)
    return f"``type: {name}``"


def model(kind: type[BaseModel]) -> str:
    """Return what a model is for, and its keys."""
    return page(docstrings.of(kind).partition("\n\nAttributes")[0], keys(kind))


def keys(kind: type[BaseModel]) -> str:
    """Return the table of the keys of a model."""
    said = docstrings.inherited(kind, "Attributes")
    rows = []
    for name, field in kind.model_fields.items():
        default = field.get_default(call_default_factory=True)
        required = field.is_required()
        empty = default in (None, {}, [], "") or isinstance(default, BaseModel)
        shown = "required" if required else "" if empty else literal(yaml_like(default))
        meaning = field.description or said.get(name, "")
        rows.append((literal(name), shown, values(field), flat(meaning)))
    return table(("key", "default", "value", "meaning"), rows)


def yaml_like(value: object) -> str:
    """Return a value as a config would say it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def values(field: FieldInfo) -> str:
    """Return what a key may hold: its type, or its choices, and its range."""
    signs = {"ge": "at least", "gt": "over", "le": "at most", "lt": "below"}
    spans = [
        f"{words} {getattr(fact, sign):g}"
        for fact in field.metadata
        for sign, words in signs.items()
        if getattr(fact, sign, None) is not None
    ]
    return ", ".join([kinds(field.annotation), *spans])


def kinds(hint: object) -> str:
    """Return a type in the words of YAML."""
    plain = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    if hint in plain:
        return plain[hint]  # type: ignore[index]
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return " or ".join(literal(value) for value in inside)
    if origin is typing.Annotated:
        return kinds(inside[0])
    if origin in (typing.Union, types.UnionType):
        told = [kinds(one) for one in inside if one is not type(None)]
        return " or ".join(dict.fromkeys(told))
    if origin is dict:
        return "mapping"
    if origin is list:
        return "list"
    if inspect.isclass(hint) and issubclass(hint, BaseModel):
        return "mapping"
    return "path" if getattr(hint, "__name__", "") == "Path" else "stage"


def collection_kinds() -> str:
    """Return the page of collections."""
    module = package(".experiments.collections")
    kinds_of = [
        name
        for name in module.__all__
        if inspect.isclass(kind := getattr(module, name)) and issubclass(kind, Collection)
    ]
    place = "pyterrier_rewrite.experiments.collections"
    return page(
        title("Collections"),
        "Documents, topics and judgements as PyTerrier datasets. A config's ``collection`` and "
        "``pt-rewrite try --collection`` take what ``load_collection`` takes, and the shop: "
        "``shop`` or ``{shop: {products: …, seed: …, queries: …, split: …}}``.",
        f".. autofunction:: {place}.load_collection\n",
        *(f".. autoclass:: {place}.{name}\n   :members:\n" for name in kinds_of),
        ".. autoclass:: pyterrier_rewrite.experiments.shop.Shop\n   :members:\n",
    )
