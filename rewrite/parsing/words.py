"""What the names around an answer mean: tags, fields, labels, headings, in many languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import yaml

_SIGNS: Final = (  # vowel signs and the like are letters to a reader, and none to a pattern
    "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0981-\u0983"
    "\u09bc-\u09cd\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u200c"
)
_WORD: Final = re.compile(rf"(?:[^\W\d_][{_SIGNS}]*)+(?:['’-](?:[^\W\d_][{_SIGNS}]*)+)*")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NUMBER: Final = re.compile(r"\d+")
_MARKER: Final = re.compile(r"\W*\d{1,2}[.)]\W*")
"""An item of a list without a text: ``1.``."""

_UNSPACED: Final = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff"
_JOINED: Final = re.compile(f"[{_UNSPACED}\uac00-\ud7af]")  # Korean joins words to others
_FLAG: Final = re.compile(
    r"\W{0,3}(?:true|false|yes|no|null|none|ja|nein|oui|non|sí|si|sim|não|да|нет|tak|nie|是|否|はい"
    r"|いいえ|예|아니요|[\d.,%]+)\W{0,3}",
    re.I,
)

_LETTER: Final = re.compile(r"(?<!\d)[^\W\d_]|[^\W\d_]{2}")
"""One that is no part of a number, as in ``2022-01-01T15:54``."""

_ADDRESS: Final = re.compile(r"\W*(?:https?|ftp)://\S+")

MOST_NUMBERS: Final = 4
"""Numbers of a text without a letter that says something, such as an address or a date."""


@lru_cache(maxsize=1)
def tables() -> Mapping[str, Any]:
    """Return the words of ``words.yaml``."""
    text = (files(__package__) / "words.yaml").read_text("utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # type: ignore[no-any-return]


@lru_cache(maxsize=64)
def stems(*path: str) -> re.Pattern[str]:
    """Return a pattern of a table's stems over one word, all languages together."""
    table = tables()
    for key in path:
        table = table[key]
    whole, begun, anywhere = [], [], []
    for stem in (str(stem) for language in table.values() for stem in language):
        if _JOINED.search(stem):
            anywhere.append(re.escape(stem.lstrip("=")))
        elif stem.startswith("="):
            whole.append(re.escape(stem[1:]))
        else:
            begun.append(re.escape(stem))
    found = [f"(?:{'|'.join(whole)})$"] if whole else []
    found += [f"(?:{'|'.join(begun)})"] if begun else []
    found += [f".*?(?:{'|'.join(anywhere)})"] if anywhere else []
    return re.compile("|".join(found))


def words(name: str) -> list[str]:
    """Return the words of a name such as ``searchQuery``, ``sub-query_2`` or ``Final answer``."""
    plain = _CAMEL.sub(" ", unicodedata.normalize("NFC", name[:400])).casefold()
    return _WORD.findall(plain.replace("_", " "))


@lru_cache(maxsize=4096)
def kind_of(name: str) -> str | None:
    """Return what a name stands for, or None where it says nothing.

    Returns:
        ``rewrite``, ``query``, ``terms`` or ``answer`` for what may have been asked for,
        ``original`` for the query as it was, ``aside`` for what is said about the answer,
        ``alternative`` for another answer.
    """
    every = words(name)
    said = [word for word in every if not stems("copulas").fullmatch(word)] or every
    if not said:
        return None
    kinds = [_kinds(word) for word in said]
    first, last = kinds[0], kinds[-1]
    if "aside" in last or ("aside" in first and (last or len(said) <= 3) and len(said) != 2):
        return "aside"
    if "aside" in first and not last:
        return "aside" if len(said) == 2 else None
    if "alternative" in first and len(said) <= 3:
        return "alternative"
    strong = any(
        "rewrite" in its and not stems("adjectives").match(word)
        for word, its in zip(said, kinds, strict=True)
    )
    for kind in ("rewrite", "original", "alternative"):
        surely = last or len(said) == 1 or (kind == "rewrite" and strong)
        if surely and any(kind in its for its in kinds):
            return kind
    ends = 1 < len(every) <= 6 and stems("copulas").fullmatch(every[-1])
    for its in kinds[::-1] if ends else [last]:  # la pregunta independiente es
        for kind in ("terms", "query", "answer"):
            if kind in its:
                return kind
    return None


@lru_cache(maxsize=4096)
def _kinds(word: str) -> frozenset[str]:
    parts = {word, *word.split("-")}
    return frozenset(
        kind
        for kind in tables()["names"]
        if kind != "turn" and any(stems("names", kind).match(part) for part in parts)
    )


def has_word(text: str) -> bool:
    """Say whether there is a letter or a digit, in any script."""
    return any(character.isalnum() for character in text)


def is_flag(text: str) -> bool:
    """Say whether a text is but a yes or no, or a number, in the languages of most models."""
    return _FLAG.fullmatch(text) is not None


def is_unspaced(text: str) -> bool:
    """Say whether a text is of a script that parts no words."""
    return re.search(f"[{_UNSPACED}]", text) is not None


def says_something(text: str) -> bool:
    """Say whether there is a word, or a number or few: ``1.1.1.2.1.1`` is counting gone wrong.

    An address alone says nothing to an engine that looks for words.
    """
    if _LETTER.search(text):
        return _ADDRESS.fullmatch(text) is None
    return 0 < len(_NUMBER.findall(text)) <= MOST_NUMBERS and not _MARKER.fullmatch(text)


def speaks_next(name: str) -> bool:
    """Say whether a label is that of a speaker: ``User``, ``Assistant``."""
    said = words(name)
    return all(map(stems("names", "turn").match, said)) and kind_of(name) not in (None, "query")


def takes_turns(name: str) -> bool:
    """Say whether a label is that of somebody who speaks next."""
    said = words(name)
    return bool(said) and all(
        stems("names", "turn").match(word) or stems("names", "query").match(word) for word in said
    )


@lru_cache(maxsize=64)
def pattern(name: str) -> re.Pattern[str]:
    """Return the patterns of a table, all languages together."""
    found: Sequence[str] = [p for its in tables()["patterns"][name].values() for p in its]
    return re.compile("|".join(f"(?:{p})" for p in found), re.I)
