"""Few-shot examples: ways to choose from a pool for each query."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd

from ..columns import QID, QUERY
from ..protocols import Encoder
from ..text.pool import Example, ExamplePool, likeness


@dataclass(frozen=True)
class ExampleSource(ABC):
    """Chooses examples for each query, in place of one list for all.

    The query under test is never among them, nor is one of the same words: a pool that holds it
    after all, as a train split that overlaps with the test split does, gives its next example.

    Attributes:
        pool: What to choose from.
    """

    pool: ExamplePool

    @abstractmethod
    def ranked(self, queries: Sequence[str]) -> Iterator[Iterable[int]]:
        """Yield for each query the positions of examples in the pool, the best first."""

    @property
    @abstractmethod
    def count(self) -> int:
        """How many examples a query gets at most."""

    def for_queries(self, queries: pd.DataFrame) -> list[list[Example]]:
        """Return the examples of each query, the best one last, next to the query."""
        chosen: list[list[Example]] = []
        ranked = self.ranked(queries[QUERY].tolist())
        for query, positions in zip(queries.to_dict("records"), ranked, strict=True):
            best = list(islice(self.pool.others(query, positions), self.count))
            chosen.append([self.pool.examples[at] for at in reversed(best)])
        return chosen


@dataclass(frozen=True)
class ExamplesById(ExampleSource):
    """The examples that you name, in this order.

    Attributes:
        ids: Their qids.

    Example:
        >>> pool = ExamplePool({"qid": c, "query": f"{c} sofa"} for c in "abc")
        >>> topics = pd.DataFrame([{"qid": "1", "query": "couch"}, {"qid": "2", "query": "A sofa"}])
        >>> [[e["qid"] for e in its] for its in ExamplesById(pool, ("c", "a")).for_queries(topics)]
        [['c', 'a'], ['c']]
    """

    ids: tuple[str, ...]

    def ranked(self, queries: Sequence[str]) -> Iterator[Iterable[int]]:
        """Yield the same for every query."""
        position = {example[QID]: at for at, example in enumerate(self.pool)}
        missing = [qid for qid in self.ids if qid not in position]
        if missing:
            raise ValueError(f"the pool {self.pool!r} has no example {missing}")
        order = [position[qid] for qid in reversed(self.ids)]
        return (order for _ in queries)

    @property
    def count(self) -> int:
        """All of them."""
        return len(self.ids)


@dataclass(frozen=True)
class RandomExamples(ExampleSource):
    """The same few examples for every query, drawn once with a seed.

    Attributes:
        n: How many.
        seed: Draws the same ones again.
    """

    n: int = 4
    seed: int = 0

    def ranked(self, queries: Sequence[str]) -> Iterator[Iterable[int]]:
        """Yield the same for every query."""
        order = random.Random(self.seed).sample(range(len(self.pool)), len(self.pool))
        return (order for _ in queries)

    @property
    def count(self) -> int:
        """As given."""
        return self.n


@dataclass(frozen=True)
class SimilarExamples(ExampleSource):
    """The examples whose queries are most like the query.

    Attributes:
        n: How many.
        encoder: Encodes queries, for example a dense index; None compares TF-IDF weights.

    Reference: Liu et al. What Makes Good In-Context Examples for GPT-3? DeeLIO 2022.
    """

    n: int = 4
    encoder: Encoder | None = None

    def ranked(self, queries: Sequence[str]) -> Iterator[Iterable[int]]:
        """Yield the positions by falling likeness; of equals the earlier first."""
        compare = likeness(self.pool, self.encoder)
        for query in queries:
            yield np.argsort(-compare(query), kind="stable").tolist()

    @property
    def count(self) -> int:
        """As given."""
        return self.n
