"""The products of the shop, and how the catalogue words them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .dice import Dice
from .english import with_article
from .family import FACETS, Family, families

_SENTENCES: Final = {
    "size": (
        "This is the {size} version.",
        "It is our {size} model.",
        "You are looking at the {size} edition.",
    ),
    "feature": (
        "Made to be {feature}.",
        "Rated {feature} by our testers.",
        "Truly {feature} in daily life.",
    ),
    "colour": (
        "The colour is {colour}.",
        "Shown here in {colour}.",
        "The {colour} tone goes with everything.",
    ),
    "material": (
        "Made of {material}.",
        "We work with selected {material}.",
        "The {material} ages well.",
    ),
    "use": (
        "Recommended for {use} use.",
        "Our tip for {use} needs.",
        "Developed with {use} customers.",
    ),
}
_OPENINGS: Final = (
    "{brand} presents its {type}.",
    "{brand} stands for {a_type} to enjoy every day.",
    "Meet the {type} that {brand} is known for.",
    "The new {type} by {brand}.",
)
_CLOSINGS: Final = (
    "The right {type} makes all the difference.",
    "We hope that you like the {type} as much as we do.",
    "You will want no other {type}.",
    "",
)
_ASIDES: Final = (
    "A nice present for a birthday or a house move.",
    "The best price in its class.",
    "Cheap to run and cheap to mend.",
    "My sister bought it twice, says our reviewer.",
    "Delivered within three days.",
    "Two years of guarantee.",
    "Returns are free of charge.",
    "You can find the care label on the back.",
    "Good things need no loud words.",
)
_PAIRINGS: Final = (
    "Pairs well with the {other} in {colour}.",
    "Customers who bought it also liked our {colour} {other}.",
    "Add the {other} from the same series.",
)


@dataclass(frozen=True, slots=True)
class Product:
    """One product: the facts, in catalogue terms.

    Attributes:
        docno: ``p0``, ``p1``, …
        family: Decides which facets there are.
        type: What it is, for example ``sofa``.
        attributes: Term by facet: ``brand`` always, and two to four others.
    """

    docno: str
    family: Family
    type: str
    attributes: dict[str, str]


def products(count: int, seed: int) -> Iterator[Product]:
    """Yield the facts of ``count`` products; a larger shop begins with the smaller one."""
    dice = Dice(f"products/{seed}")
    types = [(family, term) for family in families() for term in family.terms["type"]]
    for number in range(count):
        family, kind = dice.pick(types)
        facets = [facet for facet in FACETS[:-1] if facet in family.terms]
        chosen = [*dice.some(facets, dice.pick((2, 3, 3, 4))), "brand"]
        attributes = {facet: dice.pick(family.terms[facet]) for facet in chosen}
        yield Product(f"p{number}", family, kind, attributes)


def catalogue(count: int, seed: int) -> Iterator[dict[str, str]]:
    """Yield the same products as documents: facts and text, every key always there."""
    dice = Dice(f"catalogue/{seed}")
    for product in products(count, seed):
        yield {
            "docno": product.docno,
            "title": _title(product, dice),
            "text": _text(product, dice),
            "category": product.family.name,
            "type": product.type,
            **{facet: product.attributes.get(facet, "") for facet in FACETS},
        }


def _title(product: Product, dice: Dice) -> str:
    facts = product.attributes
    words = [facts["brand"]]
    words += [facts[facet] for facet in ("size", "feature") if facet in facts and dice.chance(0.6)]
    words.append(product.type)
    finish = [facts[facet] for facet in ("colour", "material") if facet in facts]
    if finish and dice.chance(0.6):
        words += ["in", *finish]
    return " ".join(words)


def _text(product: Product, dice: Dice) -> str:
    family = product.family
    sentences = [dice.pick(_SENTENCES[facet]) for facet in product.attributes if facet != "brand"]
    sentences.append(dice.pick(family.asides))
    if dice.chance(0.5):
        sentences.append(dice.pick(_ASIDES))
    if dice.chance(0.2):
        sentences.append(dice.pick(_PAIRINGS))
    opening, closing = dice.pick(_OPENINGS), dice.pick(_CLOSINGS)
    wording = " ".join([opening, *dice.shuffled(sentences), closing]).rstrip()
    other = dice.pick(family.terms["type"])
    terms = {"colour": dice.pick(family.terms["colour"]), **product.attributes}
    kind = product.type
    return wording.format(type=kind, a_type=with_article(kind, kind), other=other, **terms)
