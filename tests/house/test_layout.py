"""The plan of the house: who stands on whom, and how large a room's furniture may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import networkx
import pytest

from tests.support.paths import ROOT

FOLDERS = ("rewrite", "pipelines", "rewards", "experiments")

ORDER = """
rewrite: _version errors columns protocols extras usage ranges deadline pipeline value _moved
rewrite: measures
rewrite/text
rewrite/parsing
rewrite/rankings
rewrite/stores
rewrite: base rewritten reporting around
rewrite/llm
rewrite/llm/local
rewrite/llm/served
rewrite/prompting/formulation
rewrite/prompting
rewrite: lookup
rewrite/classical
rewrite/expansion
rewrite/decomposition
rewrite/guards
rewrite/conversation
rewrite/conversation/learned
rewrite/selection
rewrite/saved
rewrite/training/run
rewrite/training/methods
rewrite/training/data
rewrite/training
rewrite/testing
pipelines: models
pipelines/engines
pipelines/engines/pisa
pipelines/engines/dense
pipelines/fusion
pipelines: reranking recipes
rewards
rewards/search
experiments/collections
experiments/shop
experiments/config
experiments/build
experiments/measures
experiments/run
experiments/pages
experiments
experiments/benchmarks
experiments/cli
"""
"""Rooms from the ground up: a file imports from its own room and from those above it here."""

MOST_LINES = 350


def files() -> list[Path]:
    return [
        path
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "__pycache__" not in path.parts
    ]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[1:] if parts[0] == "rewrite" else parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(("pyterrier_rewrite", *parts))


@cache
def modules() -> dict[str, Path]:
    return {name_of(path): path for path in files()}


def imports(path: Path) -> Iterator[str]:
    """Yield the modules of ours that a file imports, wherever in the file it does so."""
    package = name_of(path) if path.name == "__init__.py" else name_of(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*(above if node.level else []), *([node.module or ""])]).strip(".")
            found = {f"{base}.{alias.name}" for alias in node.names}
            yield from (name if name in modules() else base for name in sorted(found))
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def edges() -> list[tuple[str, str]]:
    return [
        (name, target)
        for name, path in modules().items()
        for target in imports(path)
        if target in modules() and target != name
    ]


@cache
def floors() -> dict[str, int]:
    """Return each room's place in the order; a room of named files has one for each of them."""
    found: dict[str, int] = {}
    for floor, line in enumerate(ORDER.strip().splitlines()):
        room, _, names = line.partition(":")
        found |= {f"{room}/{name}": floor for name in names.split()} or {room: floor}
    return found


def floor_of(name: str) -> int:
    path = modules()[name].relative_to(ROOT)
    file = path.with_suffix("").as_posix()
    return floors()[file] if file in floors() else floors()[path.parent.as_posix()]


def is_face(name: str) -> bool:
    return modules()[name].name == "__init__.py"


def test_every_file_is_in_a_room():
    rooms = {path.relative_to(ROOT).parent.as_posix() for path in files()}
    named = {place.rpartition("/")[0] if place.count("/") else place for place in floors()}
    assert rooms <= named | set(floors())


def test_no_file_imports_from_a_room_above_it():
    upwards = [
        f"{name} imports {target}"
        for name, target in edges()
        if not is_face(name) and not is_face(target) and floor_of(target) > floor_of(name)
    ]
    assert not upwards


def test_no_files_import_each_other_in_a_circle():
    graph = networkx.DiGraph(edges())
    circles = [c for c in networkx.strongly_connected_components(graph) if len(c) > 1]
    assert not circles


@pytest.mark.parametrize("name", [name for name in modules() if is_face(name)])
def test_a_package_only_hands_names_on(name):
    body = ast.parse(modules()[name].read_text(encoding="utf-8")).body
    for node in body:
        lists_names = ast.unparse(node).partition(" ")[0] == "__all__"
        assert lists_names or isinstance(node, (ast.Import, ast.ImportFrom, ast.Expr)), (
            f"{name} defines something: {ast.unparse(node)[:60]}"
        )


def test_no_file_is_too_long_to_be_read_at_once():
    lines = {name: len(path.read_text().splitlines()) for name, path in modules().items()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}
