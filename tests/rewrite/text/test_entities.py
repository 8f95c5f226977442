"""Numbers and names of a query, as far as spelling shows them."""

from __future__ import annotations

import pytest

from pyterrier_rewrite.text.entities import entities_in


@pytest.mark.parametrize(
    ("query", "entities"),
    [
        ("case for iPhone 15", ["iPhone", "15"]),
        ("hotels in New York under $1,200", ["New", "York", "1,200"]),
        ("python 3.11 release", ["3.11"]),
        ("COVID-19 vaccine", ["COVID-19"]),
        ('who wrote "to be or not to be"', ["to be or not to be"]),
        ("„Der Process“ von Kafka", ["Der Process"]),
        ("Find hotels", []),
        ("How To Bake Good Bread At Home", []),  # a title: capitals show nothing
        ("BUY RED SHOES NOW", []),
        ("red sofa", []),
        ("What did The Who play", []),
        ("USB-C cable", ["USB-C"]),
        ("2 x 4K TV", ["2", "4K", "TV"]),
        ("", []),
    ],
)
def test_entities(query, entities):
    assert entities_in(query) == entities
