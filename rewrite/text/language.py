"""Which language a text is in, told offline, and only as surely as a short text allows."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import lru_cache
from typing import Any, Final

from ..extras import need

CONFIDENCE: Final = 0.7
"""Probability from which a detected language is believed: with it, one of 4,594 English queries
from six collections is taken for another language."""

_ONE_SCRIPT: Final = {"HIRAGANA": "CJK", "KATAKANA": "CJK"}


@lru_cache(maxsize=10_000)
def language_of(text: str) -> tuple[str, float]:
    """Return the likeliest language of a text, as an ISO 639 code, and its probability.

    Raises:
        MissingExtraError: If py3langid is not installed (extra ``lang``).

    Example:
        >>> language_of("wo kann man ein rotes Sofa kaufen")[0]
        'de'
    """
    code, probability = _detector().classify(text)
    return str(code), float(probability)


def script_of(text: str) -> str:
    """Return the script of most letters, such as ``LATIN``, ``CYRILLIC`` or ``CJK``; or ``""``."""
    names = (unicodedata.name(letter, "") for letter in text if letter.isalpha())
    scripts = Counter(name.partition(" ")[0] for name in names if name)
    most = max(scripts, key=lambda script: scripts[script], default="")
    return _ONE_SCRIPT.get(most, most)


def language_change(before: str, after: str) -> str | None:
    """Say how the language changed from one text to another, such as ``"de, not en"``.

    Two scripts are two languages. Within one script, both texts must tell their language with a
    probability of at least :data:`CONFIDENCE`; brand names and single words tell none.

    Returns:
        None if the language is the same, or cannot be told.

    Raises:
        MissingExtraError: If py3langid is not installed.
    """
    old, new = script_of(before), script_of(after)
    if old and new and old != new:
        return f"{new.lower()} script, not {old.lower()}"
    (old, sure), (new, as_sure) = language_of(before), language_of(after)
    if old == new or min(sure, as_sure) < CONFIDENCE:
        return None
    return f"{new}, not {old}"


@lru_cache(maxsize=1)
def _detector() -> Any:
    langid = need("py3langid.langid", "lang")
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
