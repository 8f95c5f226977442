"""What the sources do with columns and errors, read without running them."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import docstrings
from library import PACKAGES, public

from pyterrier_rewrite import columns

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "rewrite": "pyterrier_rewrite",
    "pipelines": "pyterrier_rewrite.pipelines",
    "rewards": "pyterrier_rewrite.rewards",
    "experiments": "pyterrier_rewrite.experiments",
}
WRITES = (ast.Store, ast.Del)
DEF = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

CONSTANTS = {
    name: value
    for name, value in vars(columns).items()
    if name.isupper() and isinstance(value, str) and value not in {"ok", "text"}
}
"""The names of the columns, as the sources import them."""

FURTHER = {
    name: text
    for name, text in {
        "query_0": "Query text before the last rewriter, ``str``.",
        "qanswers": "Reference answers of a query, ``list[str]``.",
        "qneed": "What a simulated person wants to know, ``str``; no model but theirs sees it.",
        "qtime": "When a query was asked, in seconds since 1970.",
        "qshift": "Whether this very turn leaves the topic, ``bool``.",
    }.items()
    if name not in CONSTANTS.values()
}
"""Columns that have no name in ``columns`` (yet)."""

NAMES = {**CONSTANTS, **{name.upper(): name for name in FURTHER}}
COLUMNS = frozenset(NAMES.values())


@cache
def sources() -> dict[str, ast.Module]:
    """Return every file of the library, parsed, by the name of its module."""
    found = {}
    for folder, package in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            name = ".".join((package, *parts)).removesuffix(".__init__")
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


@cache
def homes() -> dict[str, list[str]]:
    """Return the public names that each module defines."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, value in public().items():
        found[getattr(value, "__module__", "")].append(name)
    return found


def owners(module: str, definition: ast.AST) -> list[str]:
    """Return the public names behind a definition: itself, or those of its file."""
    own = getattr(definition, "name", "")
    names = homes().get(module, [])
    return [name for name in names if name.rpartition(".")[2] == own] or names


def definitions() -> Iterator[tuple[str, list[str], DEF]]:
    """Go through what stands at the top of the files: module, public names behind it, source."""
    for module, tree in sources().items():
        if module != "pyterrier_rewrite.testing":
            for node in tree.body:
                if isinstance(node, DEF):
                    yield module, owners(module, node), node


@cache
def columns_used() -> dict[str, dict[str, set[str]]]:
    """Return who writes and who reads each column, by public names."""
    found: dict[str, dict[str, set[str]]] = {
        name: {"writes": set(), "reads": set()} for name in COLUMNS
    }
    for _, names, definition in definitions():
        for column, kind in _uses(definition):
            found[column][kind].update(names)
    for name, thing in public().items():
        if name.startswith("pyterrier_rewrite.testing"):
            continue
        for direction, said in docstrings.columns(docstrings.of(thing)).items():
            for column in set(re.findall(r"``(\w+)``", said)) & set(found):
                found[column]["reads" if direction == "Input" else "writes"].add(name)
    return found


def _uses(definition: ast.AST) -> Iterator[tuple[str, str]]:
    """Go through the columns in a piece of source: a key that is stored writes, any other reads."""
    written: set[int] = set()
    for node in ast.walk(definition):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, WRITES):
            written.add(id(node.slice))
        elif isinstance(node, ast.Dict):
            written.update(id(key) for key in node.keys if key is not None)
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr == "assign":
                named = {keyword.arg for keyword in node.keywords} & COLUMNS
                yield from ((str(column), "writes") for column in named)
        elif isinstance(node, ast.FunctionDef) and node.name == "writes":
            for inner in ast.walk(node):
                if column := _column(inner):
                    written.add(id(inner))
    for node in ast.walk(definition):
        if column := _column(node):
            yield column, "writes" if id(node) in written else "reads"


def _column(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name) and node.id in NAMES:
        return NAMES[node.id]
    if isinstance(node, ast.Constant) and node.value in COLUMNS:
        return str(node.value)
    return None


def exceptions() -> dict[str, tuple[str, ast.ClassDef]]:
    """Return every error and warning that the library defines: its module and its source."""
    found: dict[str, tuple[str, ast.ClassDef]] = {}
    known = {"BaseException", "Exception", "KeyboardInterrupt", "RuntimeError"}
    known |= {"UserWarning", "ValueError"}
    again = True
    while again:
        again = False
        for module, tree in sources().items():
            for node in tree.body:
                if not isinstance(node, ast.ClassDef) or node.name in found:
                    continue
                if {base.id for base in node.bases if isinstance(base, ast.Name)} & known:
                    found[node.name], again = (module, node), True
                    known.add(node.name)
    return found


def package_of(module: str) -> str:
    """Return the public package that a module belongs to; the command, where there is none."""
    packages = [f"pyterrier_rewrite{name}" for name in PACKAGES]
    found = max((name for name in packages if f"{module}.".startswith(f"{name}.")), key=len)
    ours = module.startswith("pyterrier_rewrite.experiments.")
    return "pt-rewrite" if ours and found == "pyterrier_rewrite" else found


@cache
def raised() -> dict[str, set[str]]:
    """Return the public names that raise each error or give each warning."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, public_names, definition in definitions():
        names = public_names or [package_of(module)]
        for node in ast.walk(definition):
            if isinstance(node, ast.Raise) and node.exc is not None:
                called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
                if isinstance(called, ast.Name):
                    found[called.id].update(names)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "warnings.warn":
                for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                    if isinstance(argument, ast.Name):
                        found[argument.id].update(names)
    return found
