"""Query text that any engine can take."""

from __future__ import annotations

import re
from typing import Final

MAX_QUERY_CHARS: Final = 16_384
"""Longest query text handed to an engine, in characters; what is over is cut at a word."""

BYTES_A_TOKEN: Final = 4
"""What a token holds, about: for estimates where no tokenizer is at hand."""

# control characters (a NUL crashes PISA), lone surrogates (not encodable as UTF-8), the zero
# width space and what ends a line part words
_PARTING = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200b\u2028\u2029\ufffe\uffff]+")

# soft hyphens, byte order marks, marks of direction, tags: invisible, and part of no word
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]+"
)

# joiners are part of words in Persian, Hindi and Sinhala, and of emoji, but only within them
_LOOSE_JOINER = re.compile(r"(?<!\S)[\u200c\u200d]+|(?<![\u200c\u200d])[\u200c\u200d]+(?!\S)")


def safe_text(text: str, *, max_chars: int = MAX_QUERY_CHARS) -> str:
    """Return ``text`` without control characters, with single spaces, and of bounded length.

    Invisible characters are taken out, but for the joiners within words of Persian, Hindi or
    Sinhala and within emoji.

    Args:
        text: Any text, also from a hostile source.
        max_chars: Longest result, in characters.

    Returns:
        The clean text; an empty string if nothing printable is left.
    """
    if not (text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " "):
        text = _INVISIBLE.sub("", _PARTING.sub(" ", text))
        text = " ".join(_LOOSE_JOINER.sub("", text).split())
    if len(text) > max_chars:
        cut = text[: max_chars + 1].rpartition(" ")[0]
        text = cut or text[:max_chars]
    return text


def encodable(text: str) -> str:
    """Return a text that UTF-8 can hold: JSON also has half an emoji, a lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def count_tokens(text: str) -> int:
    """Estimate how many tokens a language model reads in ``text``: one for four bytes of UTF-8.

    That is about four letters of English, two of Cyrillic, and a little over one Chinese
    character; no tokenizer is needed, and every machine gets the same number.
    """
    return -(-len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN)


def cut_to_tokens(text: str, tokens: int) -> str:
    """Return the beginning of ``text`` that holds at most ``tokens``, cut at a word.

    Args:
        text: Text with single spaces, as :func:`safe_text` returns it.
        tokens: Most tokens, at least 1, as :func:`count_tokens` estimates them.
    """
    data = text.encode("utf-8", "replace")
    most = tokens * BYTES_A_TOKEN
    if len(data) <= most:
        return text
    cut = data[:most].decode("utf-8", "ignore")
    if text[len(cut)] != " ":
        cut = cut.rpartition(" ")[0] or cut  # a script without spaces is cut where it is
    return cut.rstrip()
