"""A rewriter on one card, made from its class: for the command line and the documentation."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Annotated, Any, Final, get_args, get_origin

import pyterrier as pt
import yaml

import pyterrier_rewrite.prompting
from pyterrier_rewrite import LLMRewriter, Prompt, Rewriter
from pyterrier_rewrite import ranges as declared
from pyterrier_rewrite.value import ValueTransformer

from . import docstrings
from .names import fb_docs, needs

FROM_THE_CONFIG: Final = frozenset({"analyzer", "llm", "seed", "statistics"})
"""Arguments that a config need not give."""

GIVEN: Final[Mapping[str, object]] = {
    "bm25": ["bm25"],
    "entities": "entities.sqlite",
    "feedback": ["bm25", "text"],
    "model": "models/quretec",
    "path": "rewrites.jsonl",
    "pool": "train",
    "reward": {"SearchFeedback": {"measure": "nDCG@10", "qrels": "train"}},
    "rewriter": {"Query2Doc": {"temperature": 1.0}},
}
"""What the snippets give for arguments that have no default."""

LLMS: Final = (
    "llms: {main: {type: openai, model: 'qwen3:8b', base_url: 'http://localhost:11434/v1'}}"
)

_RANGED: Final = {
    name: get_args(value)[0].__name__
    for name, value in vars(declared).items()
    if get_origin(value) is Annotated
}
"""The types that have a range, by the names that annotations call them."""


def card(name: str, cls: type[Rewriter]) -> dict[str, Any]:
    """Return everything that is known of a rewriter, ready for JSON."""
    text = docstrings.of(cls)
    columns = docstrings.columns(text)
    return {
        "name": name,
        "summary": docstrings.plain(docstrings.summary(cls)),
        "needs": needs(cls),
        "reference": cls.reference,
        "input columns": " ".join(docstrings.plain(columns.get("Input", "")).split()),
        "output columns": " ".join(docstrings.plain(columns.get("Output", "")).split()),
        "arguments": [
            {key: docstrings.plain(said) for key, said in argument.items()}
            for argument in arguments(cls)
        ],
        "published": {key: repr(value) for key, value in settings(cls).items()},
        "prompts": [
            {"argument": key, "id": one.id, "version": one.version, "text": wording(one)}
            for key, one in prompts(cls)
        ],
        "config": snippet(name, cls),
    }


def arguments(cls: type[Rewriter]) -> list[dict[str, str]]:
    """Return name, type, default, range and meaning of each argument of a constructor."""
    made_by: Any = cls
    said, bounds = docstrings.inherited(cls, "Args"), declared.ranges(made_by)
    return [
        {
            "name": name,
            "type": _bare(str(parameter.annotation)),
            "default": "required"
            if cls.default(name) is parameter.empty
            else repr(cls.default(name)),
            "range": declared.in_words(bounds[name]) if name in bounds else "",
            "meaning": " ".join(said.get(name, "").split()),
        }
        for name, parameter in cls.parameters().items()
    ]


def _bare(annotation: str) -> str:
    """Return the type of an annotation, without the range that is declared with it."""
    for name, kind in _RANGED.items():
        annotation = re.sub(rf"\b{name}\b", kind, annotation)
    return re.sub(r"Annotated\[(\w+), [^]]*\]", r"\1", annotation)


def settings(cls: type[Rewriter]) -> dict[str, Any]:
    """Return what the paper says, for a prompted method."""
    if not issubclass(cls, LLMRewriter):
        return {}
    values = {f.name: getattr(cls.published, f.name) for f in dataclasses.fields(cls.published)}
    return {name: value for name, value in values.items() if value not in (None, ())}


def prompts(cls: type[Rewriter]) -> Iterator[tuple[str, Prompt]]:
    """Yield each prompt that a method shows by default, with the argument that replaces it."""
    for name in cls.parameters():
        value = cls.default(name) if "prompt" in name else None
        for one in value if isinstance(value, tuple | list) else [value]:
            if isinstance(one, str | Prompt):
                yield name, Prompt.load(one)


def prompts_of(stages: Iterable[pt.Transformer]) -> dict[str, int]:
    """Return the prompts of stages and of what they are made of: the version by the name."""
    found: dict[str, int] = {}
    for stage in stages:
        names = stage.parameters() if isinstance(stage, ValueTransformer) else ()
        for prompt in (getattr(stage, name) for name in names if "prompt" in name):
            if isinstance(prompt, str | Prompt):
                loaded = Prompt.load(prompt)
                found[loaded.id] = loaded.version
        inside = pt.inspect.subtransformers(stage).values()
        for part in inside:
            found |= prompts_of(part if isinstance(part, list | tuple) else [part])
    return found


def wording(prompt: Prompt) -> str:
    """Return a prompt as it is before anything is filled in."""
    return "\n\n".join(f"[{role}]\n{content.strip()}" for role, content in prompt.messages)


def prompt_files() -> dict[str, str]:
    """Return the text of each of the library's prompt files, by family."""
    folder = resources.files(pyterrier_rewrite.prompting).joinpath("prompts")
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return {f.name.removesuffix(".yaml"): f.read_text(encoding="utf-8") for f in files}


def prompt_names() -> list[str]:
    """Return the name of each of the library's prompts."""
    files = prompt_files().items()
    return [f"{family}/{key}" for family, text in files for key in yaml.safe_load(text)["prompts"]]


def snippet(name: str, cls: type[Rewriter]) -> str:
    """Return the lines of a config in which a rewriter is used."""
    given: dict[str, Any] = {
        key: GIVEN[key]
        for key, parameter in cls.parameters().items()
        if parameter.default is parameter.empty and key in GIVEN and key not in FROM_THE_CONFIG
    }
    if fb_docs(cls) and "feedback" in cls.parameters():
        given["feedback"] = GIVEN["feedback"]
    several = issubclass(cls, LLMRewriter) and cls.published.formulation.several
    stages = [{name: given} if given else name, "bm25", *(["RRF"] if several else [])]
    flow = yaml.safe_dump(stages, default_flow_style=True, width=1000).strip()
    lines = [LLMS] if "llm" in cls.parameters() or "rewriter" in given else []
    return "\n".join([*lines, "systems:", "  BM25: [bm25]", f"  {name}: {flow}"])
