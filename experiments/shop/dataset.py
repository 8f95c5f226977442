"""A generated shop to search: products, queries in everyday words, judgements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cached_property
from types import MappingProxyType
from typing import Final

import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import (
    DOCNO,
    LABEL,
    QCONVERSATION,
    QHISTORY,
    QID,
    QREWRITE,
    QTURN,
    QUERY,
)

from .needs import Shelves
from .products import catalogue, products
from .topics import CONVERSATIONS, Topic, draw_topics

QUERIES: Final[Mapping[str, int]] = MappingProxyType(
    {"train": 1200, "dev": 150, "test": 200, CONVERSATIONS: 80}
)
"""How many queries each variant has; of conversations, how many conversations."""


class Shop(pt.datasets.Dataset):  # type: ignore[misc]  # pyterrier's classes are untyped to mypy
    """A shop made up on the spot, where shoppers and catalogue speak different words.

    A shopper asks for a "dark grey couch for two people"; the catalogue has a "two-seater sofa
    in anthracite". Searching for the shopper's words finds some of it, for the catalogue's words
    nearly all: the gap is what query rewriting can close. No download, no files, and the same
    bytes for the same arguments on every machine.

    A product of the type that is asked for has grade 3, less one for each asked attribute that
    it lacks; every other product has grade 0.

    Variants of topics and judgements: ``train``, ``dev``, ``test`` (the default) and
    ``conversations``. None of the first three shares a need (type and attributes) or a text with
    another, and every everyday phrase of the others occurs in ``train``.

    Args:
        products: Size of the shop, 1 or more; 100,000 take seconds. A larger shop begins with
            the products of a smaller one, but has other queries.
        seed: Decides everything.
        queries: Counts that differ from :data:`QUERIES`, by variant. A shop of a few products
            has fewer queries, because it has fewer different needs. With few ``train`` queries
            the others are easier, because they keep to the everyday phrases of those.

    Raises:
        ValueError: If a count is negative, or the shop is empty, or there is no such variant.

    Example:
        >>> shop = Shop(products=100)
        >>> next(iter(shop.get_corpus_iter()))["docno"]
        'p0'
        >>> list(shop.get_topics("test").columns)
        ['qid', 'query', 'qrewrite']
    """

    def __init__(
        self, products: int = 3000, *, seed: int = 0, queries: Mapping[str, int] | None = None
    ) -> None:
        self.products = products
        self.seed = seed
        self.queries = queries
        counts = {**QUERIES, **(queries or {})}
        if products < 1:
            raise ValueError(f"products should be 1 or more, found {products}")
        if set(counts) != set(QUERIES) or min(counts.values()) < 0:
            raise ValueError(
                f"queries should map some of {list(QUERIES)} to 0 or more, found {queries}"
            )
        self._counts = counts

    def get_corpus_iter(self, *, verbose: bool = False) -> Iterator[dict[str, str]]:
        """Yield the products.

        Args:
            verbose: Whether to show progress.

        Yields:
            Dicts of ``docno``, ``title``, ``text``, ``category``, ``type``, ``brand``, ``colour``,
            ``material``, ``size``, ``feature`` and ``use``; an attribute that a product does
            not have is an empty text.
        """
        documents = catalogue(self.products, self.seed)
        return iter(pt.tqdm(documents, total=self.products, desc="shop") if verbose else documents)

    def get_corpus_lang(self) -> str:
        """Return ``en``."""
        return "en"

    def get_topics(self, variant: str | None = None) -> pd.DataFrame:
        """Return the queries of a variant.

        Args:
            variant: ``train``, ``dev``, ``test`` or ``conversations``; None is ``test``.

        Returns:
            Columns ``qid``, ``query`` and ``qrewrite``, the perfect rewrite; conversations also
            have ``qconversation``, ``qturn`` (from 1) and ``qhistory``.
        """
        columns = [QID, QUERY, QREWRITE]
        if variant == CONVERSATIONS:
            columns[2:2] = [QCONVERSATION, QTURN, QHISTORY]
        return pd.DataFrame(
            deepcopy([topic.row for topic in self._topics(variant)]), columns=columns
        )

    def get_topics_lang(self) -> str:
        """Return ``en``."""
        return "en"

    def get_qrels(self, variant: str | None = None) -> pd.DataFrame:
        """Return the judgements of a variant: ``qid``, ``docno`` and ``label`` from 1 to 3."""
        judged = [
            (topic.row[QID], docno, grade)
            for topic in self._topics(variant)
            for docno, grade in self._shelves.grades(topic.need).items()
        ]
        return pd.DataFrame(judged, columns=[QID, DOCNO, LABEL])

    def __repr__(self) -> str:
        queries = f", queries={dict(self.queries)}" if self.queries else ""
        return f"Shop({self.products}, seed={self.seed}{queries})"

    def _topics(self, variant: str | None) -> list[Topic]:
        variant = variant or "test"
        if variant not in QUERIES:
            raise ValueError(f"variant should be one of {list(QUERIES)}, found {variant!r}")
        return self._all_topics[variant]

    @cached_property
    def _shelves(self) -> Shelves:
        return Shelves(products(self.products, self.seed))

    @cached_property
    def _all_topics(self) -> dict[str, list[Topic]]:
        return draw_topics(self._shelves, self._counts, self.seed)

    def _describe_component(self, component: str) -> bool | list[str] | None:
        if component in ("topics", "qrels"):
            return list(QUERIES)
        return True if component == "corpus" else None
