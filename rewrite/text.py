"""Query text that any engine can take."""

from __future__ import annotations

import re
from typing import Final

MAX_QUERY_CHARS: Final = 16_384
"""Longest query text handed to an engine, in characters; what is over is cut at a word."""

# Control characters (a NUL crashes PISA), lone surrogates (not encodable as UTF-8), and
# invisible direction and width marks.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ufffe\uffff]+"
)


def safe_text(text: str, *, max_chars: int = MAX_QUERY_CHARS) -> str:
    """Return ``text`` without control characters, with single spaces, and of bounded length.

    Args:
        text: Any text, also from a hostile source.
        max_chars: Longest result, in characters.

    Returns:
        The clean text; an empty string if nothing printable is left.
    """
    if not (text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " "):
        text = " ".join(_UNSAFE.sub(" ", text).split())
    if len(text) > max_chars:
        cut = text[: max_chars + 1].rpartition(" ")[0]
        text = cut or text[:max_chars]
    return text
