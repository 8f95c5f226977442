"""What every collection is: a PyTerrier dataset whose frames have our columns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import pandas as pd
import pyterrier as pt

Part = Literal["corpus", "topics", "qrels"]
Document = dict[str, Any]


class CollectionError(ValueError):
    """A collection is missing, incomplete or malformed; the text says where and what to do."""


class CollectionWarning(UserWarning):
    """A collection is usable, but something in it was left out."""


class Collection(pt.datasets.Dataset):  # type: ignore[misc]  # pyterrier is untyped to mypy
    """A test collection: documents, topics and judgements.

    It goes wherever PyTerrier takes a dataset. A subclass says what it has in :meth:`has` and
    implements :meth:`documents`, :meth:`topics` and :meth:`judgements`; files are read when
    asked for, never kept.

    Attributes:
        name: Short name, for reports and index folders; the splits of a collection share it.
    """

    name: str

    @abstractmethod
    def has(self, part: Part) -> bool:
        """Say whether this collection has documents, topics or judgements."""

    @abstractmethod
    def documents(self) -> Iterable[Document]:
        """Yield the documents: ``docno``, ``title``, ``text`` and what else there is."""

    @abstractmethod
    def topics(self, field: str | None) -> pd.DataFrame:
        """Return the topics, their text from ``field`` or the usual one."""

    @abstractmethod
    def judgements(self) -> pd.DataFrame:
        """Return the judgements: ``qid``, ``docno``, ``label``."""

    def num_docs(self) -> int | None:
        """Return how many documents there are, or None where counting them is not cheap."""
        return None

    def get_corpus_iter(self, *, verbose: bool = True) -> Iterable[Document]:
        """Stream the documents, for an indexer.

        Args:
            verbose: Whether to show progress.

        Returns:
            An iterable, with a length where that is cheap to know, of dicts with ``docno``,
            ``title``, ``text`` and, where the collection has more, further fields.

        Raises:
            CollectionError: If there are no documents, or some are malformed.
        """
        self._require("corpus")
        count = self.num_docs()
        documents: Iterator[Document] = iter(
            pt.tqdm(
                self.documents(),
                desc=f"{self.name} documents",
                total=count,
                unit="d",
                disable=not verbose,
            )
        )
        if count is None:
            return documents
        counted: Iterable[Document] = pt.utils.GeneratorLen(documents, count)
        return counted

    def get_topics(self, variant: str | None = None) -> pd.DataFrame:
        """Return the topics.

        Args:
            variant: The field that holds the query text, where topics have several.

        Returns:
            A frame with ``qid``, ``query`` and, where the collection has them,
            ``qconversation``, ``qturn``, ``qhistory`` (earlier turns, oldest first),
            ``qrewrite`` (reference rewrite, None where missing) and further ``q…`` columns.

        Raises:
            CollectionError: If there are no topics, or some are malformed.
        """
        self._require("topics")
        return self.topics(variant)

    def get_qrels(self, variant: str | None = None) -> pd.DataFrame:
        """Return the judgements.

        Args:
            variant: Ignored: a collection of ours has one set of judgements.

        Returns:
            A frame with ``qid``, ``docno`` and ``label`` (int, graded as in the source).

        Raises:
            CollectionError: If there are no judgements, or some are malformed.
        """
        self._require("qrels")
        return self.judgements()

    def _require(self, part: Part) -> None:
        if not self.has(part):
            known: tuple[Part, ...] = ("corpus", "topics", "qrels")
            there = [known_part for known_part in known if self.has(known_part)]
            raise CollectionError(
                f"{self!r} has no {part}, only {' and '.join(there) or 'nothing'}; "
                f"add the {part} to the collection, or use another one"
            )

    def _describe_component(self, component: str) -> bool | None:
        if component in ("corpus", "topics", "qrels"):
            return self.has(component) or None  # type: ignore[arg-type]
        return None
