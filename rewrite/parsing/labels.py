"""Answers in several labelled parts, such as a rewrite and a response."""

from __future__ import annotations

import json
import re
from typing import Final

from .cleaning import content_lines, content_of, has_word

_REWRITE: Final = r"(?:final |stand-?alone )?(?:re-?write|re-?written (?:question|query|turn))"
_LABEL: Final = re.compile(
    rf"^[\s*_#>\"-]*(?:the )?(?P<label>{_REWRITE}|reason(?:ing)?|response|answer)"
    r"(?: is)?[\s*_\"]*[:：][\s*_]*",
    re.I,
)
_NEXT_TURN: Final = re.compile(r"^[\s*_#>]*(?:turn|user|human|question)\b[^:：]{0,10}[:：]", re.I)
_NAMES: Final = {"answer": "response", "reasoning": "reason"}


def labelled(generation: str) -> dict[str, str]:
    r"""Return the parts ``reason``, ``rewrite`` and ``response`` of an answer, where they are.

    An answer of one line without a label is a rewrite.

    Example:
        >>> labelled("Reason: 'it' is the sofa.\n**Rewrite:** red sofa price\nResponse: $300.")
        {'reason': "'it' is the sofa.", 'rewrite': 'red sofa price', 'response': '$300.'}
    """
    lines = content_lines(generation, fenced=True)
    parts = _of_json("\n".join(lines)) or _of_lines(lines)
    if not parts and len(lines) == 1:
        parts = {"rewrite": lines[0]}
    clean = {name: " ".join(content_of(text).split()) for name, text in parts.items()}
    return {name: text for name, text in clean.items() if has_word(text)}


def _of_lines(lines: list[str]) -> dict[str, str]:
    parts: dict[str, str] = {}
    name = None
    for line in lines:
        if parts and _NEXT_TURN.match(line):  # made up by the model
            break
        if match := _LABEL.match(line):
            name = _name(match["label"])
            parts[name] = line[match.end() :]  # of two, the last: models correct themselves
        elif name is not None:
            parts[name] = f"{parts[name]} {line}"
    return parts


def _of_json(text: str) -> dict[str, str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {
        _name(match["label"]): entry
        for key, entry in value.items()
        if isinstance(entry, str) and (match := _LABEL.match(f"{key}:"))
    }


def _name(label: str) -> str:
    label = label.lower()
    return _NAMES.get(label, label if label in ("reason", "response") else "rewrite")
