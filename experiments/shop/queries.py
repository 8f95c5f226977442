"""How shoppers word a need."""

from __future__ import annotations

from typing import Final

from .dice import Dice
from .english import follows_noun, with_article
from .needs import Need

EVERYDAY: Final = {
    "type": 0.65,
    "size": 0.7,
    "feature": 0.7,
    "colour": 0.75,
    "material": 0.7,
    "use": 0.7,
}
"""How likely a shopper says it in everyday words, not in the catalogue's. Brands have one name."""

_REQUESTS: Final = (
    "{need}",
    "{need}",
    "{need}",
    "{need} please",
    "looking for {a_need}",
    "i need {a_need}",
    "do you have {a_need}",
    "cheap {need}",
    "nice {need} for my sister",
    "best price for {a_need}",
    "{need} as a birthday present",
    "my old one broke, need {a_need}",
    "can you find me {a_need}",
)


class Wording:
    """Words needs as shoppers do.

    Attributes:
        dice: What to draw with.
        used: Every (facet, everyday phrase) used so far.
        known: The only everyday phrases to use, or None for all.
    """

    def __init__(self, dice: Dice, known: frozenset[tuple[str, str]] | None = None) -> None:
        self.dice = dice
        self.known = known
        self.used: set[tuple[str, str]] = set()

    def request(self, need: Need) -> str:
        """Return a whole query."""
        return self.fill(self.dice.pick(_REQUESTS), need)

    def fill(self, template: str, need: Need) -> str:
        """Return a template with ``{need}`` or ``{a_need}`` filled in."""
        noun = self.noun(need)
        return template.format(need=noun, a_need=with_article(noun, need.type))

    def noun(self, need: Need) -> str:
        """Return a noun phrase: what stands before the noun, the noun, what follows it."""
        before: list[str] = []
        after: list[str] = []
        for facet, term in self.dice.shuffled(need.attributes):
            phrase = self.attribute(need, facet, term)
            (after if follows_noun(phrase) else before).append(phrase)
        return " ".join([*before, self.say(need, "type", need.type), *after])

    def attribute(self, need: Need, facet: str, term: str) -> str:
        """Return an attribute as it stands beside a noun."""
        phrase = self.say(need, facet, term)
        if phrase != term:
            return phrase
        if facet == "use":
            return f"for {term}"
        return f"from {term.lower()}" if facet == "brand" else term

    def say(self, need: Need, facet: str, term: str) -> str:
        """Return a term or an everyday phrase for it."""
        phrases = need.family.everyday[facet][term]
        if self.known is not None:
            phrases = [phrase for phrase in phrases if (facet, phrase) in self.known]
        if not phrases or not self.dice.chance(EVERYDAY[facet]):
            return term
        phrase = self.dice.pick(phrases)
        self.used.add((facet, phrase))
        return phrase
