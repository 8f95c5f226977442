"""What shoppers need, and how well each product meets it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .dice import Dice
from .family import FACETS, Family
from .products import Product


class Need(NamedTuple):
    """A type of product and the attributes asked of it.

    Attributes:
        family: Of the type.
        type: In catalogue terms.
        attributes: (facet, term) pairs in the order of :data:`FACETS`.
    """

    family: Family
    type: str
    attributes: tuple[tuple[str, str], ...]

    @property
    def phrase(self) -> str:
        """The catalogue's phrase for it: the perfect query."""
        asked = dict(self.attributes)
        before = [asked.pop(facet) for facet in ("size", "feature") if facet in asked]
        return " ".join([*before, self.type, *asked.values()])

    def having(self, facet: str, term: str) -> Need:
        """Return the need with one thing more asked for, or something else instead."""
        if facet == "type":
            return self._replace(type=term)
        asked = {**dict(self.attributes), facet: term}
        return self._replace(attributes=tuple((f, asked[f]) for f in FACETS if f in asked))


class Shelves:
    """Finds the products that meet a need.

    Each attribute of a type is a set of bits, one for each product of that type, so that
    meeting a need is a handful of operations however large the shop.
    """

    def __init__(self, products: Iterable[Product]) -> None:
        self._products: dict[str, list[Product]] = {}
        self._having: dict[tuple[str, str, str], int] = {}
        for product in products:
            shelf = self._products.setdefault(product.type, [])
            bit = 1 << len(shelf)
            shelf.append(product)
            for facet, term in product.attributes.items():
                key = (product.type, facet, term)
                self._having[key] = self._having.get(key, 0) | bit
        self._all = [product for shelf in self._products.values() for product in shelf]

    def __len__(self) -> int:
        return len(self._all)

    def levels(self, need: Need) -> tuple[int, int, int]:
        """Return which products of the type lack none, one and two of the asked attributes."""
        none, one, two = (1 << len(self._products.get(need.type, ()))) - 1, 0, 0
        for facet, term in need.attributes:
            having = self._having.get((need.type, facet, term), 0)
            two = (two & having) | (one & ~having)
            one = (one & having) | (none & ~having)
            none &= having
        return none, one, two

    def grades(self, need: Need) -> dict[str, int]:
        """Return the grade of every relevant product by ``docno``.

        A product of the right type has grade 3 and loses one for each asked attribute that it
        lacks; any other type has grade 0.
        """
        found = {}
        for grade, bits in zip((3, 2, 1), self.levels(need), strict=True):
            for product in self._at(need.type, bits):
                found[product.docno] = grade
        return found

    def best(self, need: Need) -> Iterator[Product]:
        """Yield the products that meet a need fully."""
        return self._at(need.type, self.levels(need)[0])

    def draw(self, dice: Dice, *, most_asked: int) -> Need:
        """Return the need of a random product: its type and up to ``most_asked`` attributes."""
        product = dice.pick(self._all)
        facts = [(f, product.attributes[f]) for f in FACETS if f in product.attributes]
        asked = dice.some(facts, dice.pick(range(most_asked + 1)))
        return Need(product.family, product.type, tuple(asked))

    def _at(self, kind: str, bits: int) -> Iterator[Product]:
        shelf = self._products.get(kind, [])
        while bits:
            low = bits & -bits
            yield shelf[low.bit_length() - 1]
            bits ^= low
