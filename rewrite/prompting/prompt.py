"""Prompts as data: chat templates with named slots, one YAML file a family."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from ..errors import near
from ..llm.base import Message
from ..text.pool import Example
from .documents import NOTE, with_note
from .echoes import example_lines, own_labels, own_words

OVERRIDES: Final = "PT_REWRITE_PROMPTS"
"""Environment variable: a folder of prompt files that go before the library's."""


@dataclass(frozen=True)
class Prompt:
    r"""A chat template.

    ``{slot}`` stands for a value if ``slot`` is among :attr:`slots`; every other brace is a
    brace. Values are put in once and are never read as templates themselves, so queries and
    documents may hold braces, quotes and newlines.

    Attributes:
        id: ``family/name``.
        version: Counted up with every change of wording.
        messages: Pairs of role and template.
        slots: Names of the values that :meth:`render` takes.
        example: Template of one example; ``{examples}`` in a message stands for all of them. If
            it begins with what follows ``{examples}``, each example becomes a turn of the user
            and one of the assistant; else they are joined by blank lines.
        examples: Values for :attr:`example`.
        reference: Where the prompt's structure was published.

    Example:
        >>> prompt = Prompt("mine/plain", 1, (("user", "Expand {query} as {json}"),), ("query",))
        >>> prompt.render(query="{couch}")
        [{'role': 'user', 'content': 'Expand {couch} as {json}'}]
    """

    id: str
    version: int
    messages: tuple[tuple[str, str], ...]
    slots: tuple[str, ...]
    example: str = ""
    examples: tuple[tuple[tuple[str, str], ...], ...] = ()
    reference: str = ""

    def __post_init__(self) -> None:
        text = "\n".join(content for _, content in self.messages)
        for slot in self.slots:
            if f"{{{slot}}}" not in text:
                raise ValueError(
                    f"prompt {self.id!r} declares the slot {slot!r}, but no message holds "
                    f"{{{slot}}}; put it in or take the slot out"
                )

    @classmethod
    def load(cls, name: str | Prompt) -> Prompt:
        """Return a prompt by name.

        Args:
            name: ``family/name`` for one that the library brings, ``path/to/file.yaml#name`` for
                one of your own, or a prompt, which is returned as it is.

        To put your wording in the place of the library's wherever a method is used, name a
        folder in the environment variable ``PT_REWRITE_PROMPTS``: the prompts of its
        ``<family>.yaml`` go before the library's of the same name, and must have its slots.

        Raises:
            ValueError: If there is no such prompt, the file is not a prompt file, or a prompt
                of yours has other slots than the one that it replaces.
        """
        return name if isinstance(name, Prompt) else _load(name)

    def with_examples(self, examples: Sequence[Example]) -> Prompt:
        """Return a copy with other few-shot examples.

        Raises:
            ValueError: If the prompt takes no examples, or one lacks a value.
        """
        if not self.example:
            raise ValueError(f"prompt {self.id!r} takes no examples; use a few-shot prompt")
        needed = set(re.findall(r"\{(\w+)\}", self.example))
        for number, example in enumerate(examples, 1):
            missing = sorted(needed - set(example))
            if missing:
                raise ValueError(
                    f"example {number} for prompt {self.id!r} lacks {missing}; "
                    f"each needs {sorted(needed)}"
                )
        return replace(self, examples=tuple(tuple(sorted(e.items())) for e in examples))

    def render(self, **values: str) -> list[Message]:
        """Fill the slots; where documents are shown, the system message says that they are quoted.

        Raises:
            TypeError: If a slot gets no value, or a value has no slot.
        """
        if values.keys() != self._slot_set:
            raise TypeError(
                f"prompt {self.id!r} needs values for {sorted(self._slot_set)}, "
                f"found {sorted(values)}"
            )
        messages = []
        for role, parts in self._parts:  # odd parts are the names of slots
            filled = [values[part] if i % 2 else part for i, part in enumerate(parts)]
            messages.append({"role": role, "content": "".join(filled)})
        return with_note(messages, values.values())

    @cached_property
    def own_words(self) -> frozenset[str]:
        """What the prompt itself says, for :func:`without_echoes`: no slot and no example."""
        said = [content for role, content in self.messages if role != "assistant"]
        literal = [content.replace("{examples}", "\n\n") for content in said]
        slot = _slot_pattern(self.slots)
        filled = [slot.sub(with_, text) for text in literal for with_ in "\n0"] if slot else literal
        return own_words([NOTE, *filled]) | own_labels(literal, self.slots)

    @cached_property
    def example_lines(self) -> Mapping[str, frozenset[str]]:
        """What the examples say, for :func:`without_examples`."""
        return example_lines(map(dict, self.examples))

    @cached_property
    def _slot_set(self) -> frozenset[str]:
        return frozenset(self.slots)

    @cached_property
    def _parts(self) -> list[tuple[str, list[str]]]:
        parts: list[tuple[str, list[str]]] = []
        for role, content in self.messages:
            before, _, asks = content.partition("{examples}")
            turns = role == "user" and asks.strip() and self.example.startswith(asks.strip())
            if self.examples and turns:
                parts += self._turns(before.lstrip(), asks.strip())
                content = asks.strip()
            parts.append((role, self._pieces(content)))
        return parts

    def _turns(self, before: str, asks: str) -> Iterator[tuple[str, list[str]]]:
        """Yield each example as what is asked and what is answered.

        Within one message, small models take examples for a part of what they should answer.
        """
        for example in map(dict, self.examples):
            *pieces, last = self._pieces(before)
            yield "user", [*pieces, last + _fill(asks, example)]
            yield "assistant", [_fill(self.example.removeprefix(asks), example).strip()]
            before = ""

    def _pieces(self, content: str) -> list[str]:
        """Split a template at its slots, and put the examples where they are one text."""
        pattern = _slot_pattern(self.slots)
        pieces = pattern.split(content) if pattern else [content]
        shown = "\n\n".join(_fill(self.example, dict(example)) for example in self.examples)
        # into the literal pieces only, after the slots have been found
        pieces[::2] = [piece.replace("{examples}", shown) for piece in pieces[::2]]
        return pieces

    def __repr__(self) -> str:
        count = f", examples={len(self.examples)}" if self.examples else ""
        return f"Prompt({self.id!r}, version={self.version}{count})"


def _slot_pattern(slots: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile(r"\{(" + "|".join(map(re.escape, slots)) + r")\}") if slots else None


def _fill(template: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda m: values.get(m[1], m[0]), template)


def _load(name: str) -> Prompt:
    path, hash_, key = name.rpartition("#")
    if hash_:
        file = Path(path)
        if not file.is_file():
            raise ValueError(f"there is no prompt file {path!r}")
        return _read(file, file.stat().st_mtime_ns, f"{file.stem}/{key}")
    family, _, key = name.partition("/")
    own = _own_file(family)
    if own is None:
        return _of_library(name)
    ours = _families().get(family)
    stamp = own.stat().st_mtime_ns
    replaces = ours is not None and key in _entries(ours, 0)[0]
    if replaces and key not in _entries(own, stamp)[0]:
        return _of_library(name)
    prompt = _read(own, stamp, name)
    if replaces and set(prompt.slots) != set(_of_library(name).slots):
        raise ValueError(
            f"prompt {key!r} of {own} has the slots {sorted(prompt.slots)}; it replaces one of "
            f"the library, so expected {sorted(_of_library(name).slots)}"
        )
    return prompt


def _own_file(family: str) -> Path | None:
    folder = os.environ.get(OVERRIDES)
    if not folder:
        return None
    if not Path(folder).is_dir():
        raise ValueError(f"{OVERRIDES} should name a folder of prompt files, found {folder!r}")
    file = Path(folder) / f"{family}.yaml"
    return file if file.is_file() else None


@lru_cache(maxsize=256)
def _of_library(name: str) -> Prompt:
    family, _, _ = name.partition("/")
    families = _families()
    if family not in families:
        if "{" in name or " " in name:
            raise ValueError(
                f"a prompt is a Prompt, or the name of one such as 'query2doc/zero-shot', found "
                f"the text {name!r}"
            )
        raise ValueError(f"there is no prompt family {family!r}{near(family, families)}")
    return _read(families[family], 0, name)


@lru_cache(maxsize=1)
def _families() -> Mapping[str, Any]:
    folder = resources.files(__package__).joinpath("prompts")
    return {entry.name.removesuffix(".yaml"): entry for entry in folder.iterdir()}


@lru_cache(maxsize=64)
def _entries(file: Path, stamp: int) -> tuple[Mapping[str, Any], str]:
    """Return the entries of a prompt file, and its reference; ``stamp`` is when it was changed."""
    import yaml

    try:
        content: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{file} is not valid YAML: {error}") from error
    prompts = content.get("prompts") if isinstance(content, dict) else None
    if not isinstance(prompts, dict):
        raise ValueError(f"{file} should hold a mapping with the key 'prompts'")
    return prompts, content.get("reference", "").strip()


@lru_cache(maxsize=256)
def _read(file: Path, stamp: int, id_: str) -> Prompt:
    prompts, reference = _entries(file, stamp)
    where = file.name if file in _families().values() else str(file)
    key = id_.partition("/")[2]
    if not key:
        names = ", ".join(f"{id_.partition('/')[0]}/{name}" for name in prompts)
        raise ValueError(f"{where} is a family of prompts; name one of them: {names}")
    if key not in prompts:
        raise ValueError(f"{where} has no prompt {key!r}{near(key, prompts)}")
    entry = prompts[key]
    try:
        prompt = Prompt(
            id=id_,
            version=int(entry["version"]),
            messages=tuple((m["role"], m["content"].strip()) for m in entry["messages"]),
            slots=tuple(entry["slots"]),
            example=entry.get("example", "").strip(),
            reference=reference,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"prompt {key!r} of {where} should have version, slots and messages "
            f"(each with role and content); found a problem with {error}"
        ) from error
    examples = entry.get("examples", [])
    return prompt.with_examples(examples) if examples else prompt
