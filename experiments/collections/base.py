"""What every collection is: a PyTerrier dataset whose frames have our columns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Final, Literal, get_args

import pandas as pd
import pyterrier as pt

Part = Literal["corpus", "topics", "qrels"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)
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
        all_queries: Whether topics without judgements are kept.
    """

    name: str
    all_queries: bool = True

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
        shown = {"desc": f"{self.name} documents", "total": count, "unit": "d"}
        documents: Iterable[Document] = iter(
            pt.tqdm(self.documents(), **shown, disable=not verbose)
        )
        return documents if count is None else pt.utils.GeneratorLen(documents, count)

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
            there = [known for known in PARTS if self.has(known)]
            raise CollectionError(
                f"{self!r} has no {part}, only {' and '.join(there) or 'nothing'}; "
                f"add the {part} to the collection, or use another one"
            )

    def _describe_component(self, component: str) -> bool | None:
        return (component in PARTS and self.has(component)) or None


def did_you_mean(known: Iterable[str], *found: object) -> str:
    """Return a hint in brackets at the known name that one of those found is close to."""
    there = list(known)
    near = [match for name in found for match in get_close_matches(str(name), there, n=1)]
    return f" (did you mean {near[0]!r}?)" if near else ""
