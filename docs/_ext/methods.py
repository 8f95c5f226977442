"""A page a rewriter, made from its class."""

from __future__ import annotations

from docstrings import inherited, plain, summary
from library import exports, needs, rewriters
from rst import code, flat, literal, page, table, title, toctree

from pyterrier_rewrite import Published, Rewriter
from pyterrier_rewrite.experiments.build import cards

GROUPS = {
    "without-model": "Without a model",
    "expansion": "Prompted expansion",
    "several": "Several queries from one, searches, instructions",
    "conversation": "Conversation",
    "around": "Around another rewriter, or given from outside",
}


def pages() -> dict[str, str]:
    """Return the page of every rewriter, and the one that lists them, by file name."""
    found = {f"methods/{name}": method(name, cls) for name, cls in rewriters().items()}
    found["methods/index"] = page(
        title("Rewriters"),
        "Every rewriter, made from its class. All of them keep what "
        ":class:`~pyterrier_rewrite.Rewriter` promises; :doc:`/expansion`, :doc:`/conversation` "
        "and :doc:`/classical` say which one to take.",
        *(listing(group) for group in GROUPS),
    )
    return found


def group_of(name: str) -> str:
    """Return the group of README that a rewriter belongs to."""
    if name in exports(".conversation"):
        return "conversation"
    if name in exports(".decomposition"):
        return "several"
    if name in exports(".expansion"):
        return "expansion"
    return "without-model" if name in exports(".classical") else "around"


def listing(group: str) -> str:
    """Return the table of a group."""
    names = [name for name in rewriters() if group_of(name) == group]
    rows = [
        (f":class:`~pyterrier_rewrite.{name}`", needs(cls), plain(summary(cls)))
        for name, cls in rewriters().items()
        if name in names
    ]
    return page(
        title(GROUPS[group], "-"),
        table(("method", "needs", "what it does"), rows, "20 20 60"),
        toctree(names, options=":hidden:"),
    )


def method(name: str, cls: type[Rewriter]) -> str:
    """Return the page of a rewriter."""
    facts = [("needs", needs(cls)), ("published in", cls.reference)]
    published = settings(cls)
    return page(
        title(name),
        ".. py:currentmodule:: pyterrier_rewrite",
        "\n".join(f":{key}: {value}" for key, value in facts if value),
        f".. autoclass:: {name}",
        title("Arguments", "-"),
        table(("argument", "default", "meaning"), arguments(cls), "20 25 55") or "It takes none.",
        page(title("Published setting", "-"), published) if published else "",
        *prompts(cls),
        title("In a config", "-"),
        code(cards.snippet(name, cls), "yaml"),
    )


def arguments(cls: type[Rewriter]) -> list[tuple[str, ...]]:
    """Return a row for each argument of a constructor."""
    rows = []
    for said in cards.arguments(cls):
        shown = said["default"] if said["default"] == "required" else literal(said["default"])
        told = not said["range"] or said["range"] in said["meaning"]
        kind = literal(said["type"]) if told else f"{literal(said['type'])}, {said['range']}"
        rows.append((literal(said["name"]), shown, f"{kind}. {said['meaning']}"))
    return rows


def settings(cls: type[Rewriter]) -> str:
    """Return what the paper says, for a prompted method."""
    said = inherited(Published, "Attributes")
    rows = [
        (literal(name), literal(repr(value)), flat(said.get(name, "")))
        for name, value in cards.settings(cls).items()
    ]
    return table(("setting", "value", "meaning"), rows, "20 40 40") if rows else ""


def prompts(cls: type[Rewriter]) -> list[str]:
    """Return the wording of each prompt that a method shows by default."""
    found: list[str] = []
    for name, prompt in cards.prompts(cls):
        found.append(f"``{prompt.id}``, version {prompt.version} (argument ``{name}``)\n")
        found.append(code(cards.wording(prompt), "text"))
    return [title("Prompt" if len(found) == 2 else "Prompts", "-"), *found] if found else []
