"""A page a rewriter, made from its class."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin

import yaml
from docstrings import inherited, plain, summary
from library import exports, in_words, needs, ranges, rewriters
from rst import code, flat, literal, page, table, title, toctree

import pyterrier_rewrite.ranges
from pyterrier_rewrite import LLMRewriter, Prompt, Rewriter

GROUPS = {
    "without-model": "Without a model",
    "expansion": "Prompted expansion",
    "several": "Several queries from one, searches, instructions",
    "conversation": "Conversation",
    "around": "Around another rewriter, or given from outside",
}

FROM_THE_CONFIG = frozenset({"analyzer", "llm", "seed", "statistics"})
"""Arguments that a config need not give."""

GIVEN: Mapping[str, object] = {
    "bm25": ["bm25"],
    "feedback": ["bm25", "text"],
    "model": "models/quretec",
    "path": "rewrites.jsonl",
    "pool": "train",
    "reward": {"SearchFeedback": {"measure": "nDCG@10"}},
    "rewriter": "Query2Doc",
}
"""What the snippets give for arguments that have no default."""

LLMS = "llms: {main: {type: openai, model: 'qwen3:8b', base_url: 'http://localhost:11434/v1'}}"


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
        code(snippet(name, cls), "yaml"),
    )


def arguments(cls: type[Rewriter]) -> list[tuple[str, ...]]:
    """Return a row for each argument of a constructor."""
    said, bounds = inherited(cls, "Args"), ranges(cls)
    rows = []
    for name, parameter in cls.parameters().items():
        default = cls.default(name)
        shown = "required" if default is inspect.Parameter.empty else literal(repr(default))
        kind, meaning = literal(bare(str(parameter.annotation))), flat(said.get(name, ""))
        if name in bounds and in_words(bounds[name]) not in meaning:
            kind += f", {in_words(bounds[name])}"
        rows.append((literal(name), shown, f"{kind}. {meaning}"))
    return rows


RANGED = {
    name: get_args(value)[0].__name__
    for name, value in vars(pyterrier_rewrite.ranges).items()
    if get_origin(value) is Annotated
}
"""The types that have a range, by the names that annotations call them."""


def bare(annotation: str) -> str:
    """Return the type of an annotation, without the range that is declared with it."""
    for name, kind in RANGED.items():
        annotation = re.sub(rf"\b{name}\b", kind, annotation)
    return re.sub(r"Annotated\[(\w+), [^]]*\]", r"\1", annotation)


def settings(cls: type[Rewriter]) -> str:
    """Return what the paper says, for a prompted method."""
    if not issubclass(cls, LLMRewriter):
        return ""
    said = inherited(type(cls.published), "Attributes")
    rows = [
        (literal(field.name), literal(repr(value)), flat(said.get(field.name, "")))
        for field in dataclasses.fields(cls.published)
        if (value := getattr(cls.published, field.name)) not in (None, ())
    ]
    return table(("setting", "value", "meaning"), rows, "20 40 40")


def prompts(cls: type[Rewriter]) -> list[str]:
    """Return the wording of each prompt that a method shows by default."""
    found: list[str] = []
    for name in cls.parameters():
        value = cls.default(name) if "prompt" in name else None
        several = value if isinstance(value, tuple | list) else [value]
        for one in several:
            if isinstance(one, str | Prompt):
                prompt = Prompt.load(one)
                found.append(f"``{prompt.id}``, version {prompt.version} (argument ``{name}``)\n")
                found.append(code(wording(prompt), "text"))
    return [title("Prompt" if len(found) == 2 else "Prompts", "-"), *found] if found else []


def wording(prompt: Prompt) -> str:
    """Return a prompt as it is before anything is filled in."""
    return "\n\n".join(f"[{role}]\n{content.strip()}" for role, content in prompt.messages)


def snippet(name: str, cls: type[Rewriter]) -> str:
    """Return the lines of a config in which a rewriter is used."""
    given: dict[str, Any] = {
        key: GIVEN[key]
        for key, parameter in cls.parameters().items()
        if parameter.default is inspect.Parameter.empty and key not in FROM_THE_CONFIG
    }
    documents = cls.default("fb_docs") if "fb_docs" in cls.parameters() else 0
    if documents and "feedback" in cls.parameters():
        given["feedback"] = GIVEN["feedback"]
    several = issubclass(cls, LLMRewriter) and cls.published.formulation.several
    stages = [{name: given} if given else name, "bm25", *(["RRF"] if several else [])]
    flow = yaml.safe_dump(stages, default_flow_style=True, width=1000).strip()
    lines = [LLMS] if "llm" in cls.parameters() or "rewriter" in given else []
    return "\n".join([*lines, "systems:", "  BM25: [bm25]", f"  {name}: {flow}"])
