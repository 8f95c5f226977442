"""The little grammar that the shop needs."""

from __future__ import annotations

from typing import Final

_AFTER_NOUN: Final = frozenset(
    """
    against as beside by decorated easy for from good i in like made of quick safe that to under
    with without you
    """.split()
)


def with_article(phrase: str, noun: str) -> str:
    """Return a noun phrase with its article; a plural ``noun`` has none."""
    if noun.endswith("s") and not noun.endswith("ss"):
        return phrase
    return f"an {phrase}" if phrase[0] in "aeiou" else f"a {phrase}"


def follows_noun(phrase: str) -> bool:
    """Return whether a phrase stands after its noun, as "for two people" does."""
    return phrase.split()[0] in _AFTER_NOUN
