"""A family of products: what the catalogue calls things, and what shoppers call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from typing import Any, Final

import yaml

FACETS: Final = ("size", "feature", "colour", "material", "use", "brand")
"""What can be asked of a product beside its type, in the order of a catalogue phrase."""

_SECTORS: Final = ("home", "kitchen", "wear", "work", "leisure")
"""Files of families, in the order in which the dice number them."""


@dataclass(frozen=True, eq=False)
class Family:
    """Products that can be described by the same attributes.

    Every mapping goes from an everyday phrase to the catalogue's term. An everyday phrase means
    one thing in the whole shop, and no product text uses it in that sense.

    Attributes:
        name: The ``category`` of its products.
        brands: Invented names.
        types: What the thing is.
        materials: What it is made of.
        sizes: How large it is, or for how many.
        features: What it can do.
        uses: What or whom it is for.
        asides: Sentences for product texts. Some use everyday words in another sense ("light
            enough to carry"), as real texts do, and so mislead a search for the bare words.
    """

    name: str
    brands: tuple[str, ...]
    types: Mapping[str, str]
    materials: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, str] = field(default_factory=dict)
    uses: Mapping[str, str] = field(default_factory=dict)
    asides: tuple[str, ...] = ()

    @cached_property
    def everyday(self) -> dict[str, dict[str, list[str]]]:
        """Everyday phrases of each catalogue term, by facet; a brand has none but its name."""
        mappings = {
            "type": self.types,
            "size": self.sizes,
            "feature": self.features,
            "colour": colours(),
            "material": self.materials,
            "use": self.uses,
        }
        phrases: dict[str, dict[str, list[str]]] = {"brand": {name: [] for name in self.brands}}
        for facet, mapping in mappings.items():
            terms = phrases[facet] = {}
            for phrase, term in mapping.items():
                terms.setdefault(term, []).append(phrase)
        return phrases

    @cached_property
    def terms(self) -> dict[str, tuple[str, ...]]:
        """Catalogue terms by facet, ``type`` included."""
        return {facet: tuple(terms) for facet, terms in self.everyday.items() if terms}


@cache
def families() -> tuple[Family, ...]:
    """Return everything that the shop sells; the order counts, the dice fall by it."""
    return tuple(
        Family(**{**words, "brands": tuple(words["brands"]), "asides": tuple(words["asides"])})
        for sector in _SECTORS
        for words in _words(sector)
    )


@cache
def colours() -> Mapping[str, str]:
    """Return everyday colour to catalogue colour, for every family."""
    found: dict[str, str] = _words("colours")
    return found


def _words(name: str) -> Any:
    text = (resources.files(__package__) / "words" / f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
