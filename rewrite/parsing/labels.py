"""Answers in several labelled parts, such as a rewrite and a response."""

from __future__ import annotations

from typing import Final

from .framing import only_block
from .heads import named
from .lines import lines
from .reading import content
from .spoken import spoken
from .talk import declines, keeps
from .values import fields
from .words import has_word, kind_of, takes_turns

_PARTS: Final = {"rewrite": "rewrite", "answer": "response", "aside": "reason"}


def labelled(generation: str) -> dict[str, str]:
    r"""Return the parts ``reason``, ``rewrite`` and ``response`` of an answer, where they are.

    Of a part that is given twice, the last counts: models correct themselves. An answer of one
    line without a label is a rewrite.

    Example:
        >>> labelled("Reason: 'it' is the sofa.\n**Rewrite:** red sofa price\nResponse: $300.")
        {'reason': "'it' is the sofa.", 'rewrite': 'red sofa price', 'response': '$300.'}
    """
    said = only_block(spoken(generation))
    values = fields(said)
    found = list(named(lines(said), lambda name: 0)) if values is None else []
    pairs = [(part.name, part.text, part.label) for part in found]
    pairs += [(name, text, True) for name, text in (values or {}).items()]
    if not pairs or declines(pairs[0][1]) or keeps(pairs[0][1]):
        return {}
    texts: dict[str, list[str]] = {}
    for name, text, begins in pairs:
        label = _PARTS.get(kind_of(name) or "")
        if texts and begins and label is None and takes_turns(name):
            break  # made up by the model
        if label is not None and begins:
            texts[label] = [text]
        elif label is not None:
            texts.setdefault(label, []).append(text)
    if not texts and len(pairs) == 1 and not pairs[0][0]:
        texts = {"rewrite": [pairs[0][1]]}
    parts = {label: " ".join(" ".join(map(content, its)).split()) for label, its in texts.items()}
    return {label: text for label, text in parts.items() if has_word(text)}
