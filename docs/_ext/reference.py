"""The Sphinx extension that makes the reference before a build, and finds names for links."""

from __future__ import annotations

import inspect
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import get_type_hints

sys.path.insert(0, str(Path(__file__).parent))

import api
import facts
import methods
from docstrings import with_ranges, without, without_types
from docutils import nodes
from library import RANGED, in_words, known, name_of, public, ranges, rewriters
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from pyterrier_rewrite.value import ValueTransformer


def write(app: Sphinx) -> None:
    """Write the pages; those that stay the same are left alone, so that a build can skip them."""
    for thing in public().values():
        ranges(thing)  # while the types still say them: it remembers
    folder = Path(app.srcdir) / "reference"
    pages = {**methods.pages(), **facts.pages(), **api.pages(), "index": api.index()}
    wanted = {folder / f"{name}.rst": text for name, text in pages.items()}
    for old in set(folder.rglob("*.rst")) - set(wanted):
        old.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def prepare(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Ready a docstring for napoleon; a rewriter's arguments go, its page has a table of them."""
    without_types(what, lines)
    if callable(thing):
        with_ranges(lines, {key: in_words(bounds) for key, bounds in ranges(thing).items()})
    if inspect.isclass(thing) and thing in rewriters().values():
        lines[:] = without(lines, "Args")


def plain_types(app: Sphinx, thing: object, bound_method: bool) -> None:
    """Take the ranges out of the types of a function: its docstring says them in words."""
    if inspect.isfunction(thing):
        for name, hint in thing.__annotations__.items():
            alone = SimpleNamespace(__annotations__={name: hint})
            # a type that the module does not know, or only for a type checker, stays as written
            with suppress(NameError):
                thing.__annotations__[name] = get_type_hints(alone, thing.__globals__)[name]


def short_signature(
    app: Sphinx,
    what: str,
    name: str,
    thing: object,
    options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str, str | None] | None:
    """Show what a transformer really takes; of a rewriter, what it cannot do without."""
    if not (inspect.isclass(thing) and issubclass(thing, ValueTransformer)):
        return None
    parameters = sorted(thing.parameters().values(), key=lambda parameter: parameter.kind)
    if thing in rewriters().values():
        needed = [one.name for one in parameters if one.default is inspect.Parameter.empty]
        return f"({', '.join([*needed, '**settings'])})", None
    plain = [one.replace(annotation=inspect.Parameter.empty) for one in parameters]
    return str(inspect.Signature(plain)), None


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.TextElement
) -> nodes.Node | None:
    """Lead a link to where a thing is defined to where it is documented.

    What exists without being public is shown without a link; what does not exist is an error.
    """
    target = str(node.get("reftarget", ""))
    if node.get("refdomain") != "py":
        return None
    if target in RANGED:
        return nodes.inline("", RANGED[target])
    if not target.startswith("pyterrier_rewrite"):
        return contnode if known(target) else None
    name = name_of(target)
    if not name:
        return None if name is None else contnode
    domain = env.get_domain("py")
    found = domain.resolve_xref(env, node["refdoc"], app.builder, "obj", name, node, contnode)
    return found or contnode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("builder-inited", write)
    app.connect("autodoc-process-docstring", prepare, priority=400)  # before napoleon
    app.connect("autodoc-before-process-signature", plain_types)
    app.connect("autodoc-process-signature", short_signature)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
