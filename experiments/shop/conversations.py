"""Conversations with a shop assistant, in which every turn leans on the ones before."""

from __future__ import annotations

from typing import Final, NamedTuple

from .dice import Dice
from .english import follows_noun, with_article
from .needs import Need, Shelves
from .queries import Wording

_OPENINGS: Final = (
    "I need {a_need}.",
    "Hi, I am looking for {a_need}.",
    "Do you sell {a_need}?",
    "Can you show me {a_need}?",
)
_WISHES: Final = {
    "in": ("And in {x}?", "Do you have that in {x}?", "Something cheaper in {x}?"),
    "after": ("Do you have one {x}?", "Something {x} would be better.", "And {x}?"),
    "before": ("Is there anything {x}?", "Rather something {x}.", "And more like {x}?"),
    "type": ("Do you also have {x} like that?", "And {x} to match?", "The same as {x}?"),
}
_CHANGES: Final = {
    "in": ("And the same in {x}?", "No, in {x}."),
    "after": ("The same {x}?", "No, {x}."),
    "before": ("The same, but {x}?", "No, rather {x}."),
}
_ANSWERS: Final = (
    "How about the {type} by {brand}?",
    "We have {count} like that, such as the {brand} {type}.",
    "Our customers like the {brand} {type}.",
)
_MOST_ASKED: Final = 3


class Turn(NamedTuple):
    """One turn of a conversation.

    Attributes:
        query: What the shopper says.
        need: Everything that is asked for by now.
        answer: What the shop replies.
    """

    query: str
    need: Need
    answer: str


def converse(shelves: Shelves, wording: Wording) -> list[Turn]:
    """Return a conversation of two to four turns; some product meets the need of each."""
    dice = wording.dice
    need = shelves.draw(dice, most_asked=1)
    turns = [_turn(shelves, wording, wording.fill(dice.pick(_OPENINGS), need), need)]
    for _ in range(dice.pick((1, 2, 2, 3))):
        wish = _wish(shelves, need, dice)
        if wish is None:
            break
        facet, term = wish
        after = need.having(facet, term)
        turns.append(_turn(shelves, wording, _ellipsis(wording, need, after, facet, term), after))
        need = after
    return turns


def _wish(shelves: Shelves, need: Need, dice: Dice) -> tuple[str, str] | None:
    """Return a facet and what it shall be next, such that some product meets it."""
    asked = dict(need.attributes)
    product = dice.pick(list(shelves.best(need)))
    facts = product.attributes.items()
    additions = [fact for fact in facts if fact[0] not in asked and fact[0] != "brand"]
    changes = [
        [(facet, term) for term in need.family.terms[facet] if _sold(shelves, need, facet, term)]
        for facet in (("type", *asked) if asked else ())
    ]
    changes = [options for options in changes if options]
    if additions and len(asked) < _MOST_ASKED and not (changes and dice.chance(0.35)):
        return dice.pick(additions)
    return dice.pick(dice.pick(changes)) if changes else None


def _sold(shelves: Shelves, need: Need, facet: str, term: str) -> bool:
    after = need.having(facet, term)
    return after != need and bool(shelves.levels(after)[0])


def _ellipsis(wording: Wording, before: Need, need: Need, facet: str, term: str) -> str:
    """Return a wish without the things that were said before."""
    templates = _CHANGES if facet in dict(before.attributes) else _WISHES
    if facet == "type":
        kind, phrase = "type", with_article(wording.say(need, "type", term), term)
    else:
        phrase = wording.attribute(need, facet, term)
        kind = "after" if follows_noun(phrase) else "before"
        if facet in ("colour", "material"):
            kind = "in"
    query = wording.dice.pick(templates[kind]).format(x=phrase)
    return query[0].upper() + query[1:]


def _turn(shelves: Shelves, wording: Wording, query: str, need: Need) -> Turn:
    matches = list(shelves.best(need))
    example = wording.dice.pick(matches)
    answer = wording.dice.pick(_ANSWERS).format(
        type=example.type, brand=example.attributes["brand"], count=len(matches)
    )
    return Turn(query, need, answer)
