"""Collections from what is already in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import pandas as pd

from pyterrier_rewrite.columns import DESCRIPTION, DOCNO, LABEL, QID, QUERY, TEXT

from .base import Collection, CollectionError, Document, Part

Records: TypeAlias = pd.DataFrame | Iterable[Mapping[str, Any]]


class Frames(Collection):
    """Topics, judgements and documents that are frames, or lists of dicts, already.

    Args:
        topics: ``qid``, ``query`` and any further columns.
        qrels: ``qid``, ``docno``, ``label``.
        corpus: ``docno``, ``text`` (or ``description``) and any further fields.
        name: Short name.

    Raises:
        CollectionError: If a column is missing or there twice, an id occurs twice, or a label is
            not a whole number.

    Example:
        >>> shop = Frames([{"qid": "1", "query": "sofa"}], corpus=[{"docno": "a", "text": "couch"}])
        >>> shop.get_topics()
          qid query
        0   1  sofa
    """

    def __init__(
        self,
        topics: Records,
        *,
        qrels: Records | None = None,
        corpus: Records | None = None,
        name: str = "frames",
    ) -> None:
        self.name = name
        self._frames = {"topics": _frame("topics", topics, (QID, QUERY), QID)}
        if qrels is not None:
            self._frames["qrels"] = _labelled(_frame("qrels", qrels, (QID, DOCNO, LABEL), None))
        if corpus is not None:
            self._frames["corpus"] = _frame("corpus", corpus, (DOCNO, TEXT), DOCNO)

    def has(self, part: Part) -> bool:
        """Say whether this collection has documents, topics or judgements."""
        return part in self._frames

    def num_docs(self) -> int:
        """Return how many documents there are."""
        return len(self._frames["corpus"])

    def documents(self) -> Iterable[Document]:
        """Yield the documents."""
        columns = list(map(str, self._frames["corpus"].columns))
        rows = self._frames["corpus"].itertuples(index=False, name=None)
        return (dict(zip(columns, row, strict=True)) for row in rows)

    def topics(self, field: str | None) -> pd.DataFrame:
        """Return a copy of the topics; ``field`` is another column that holds the text."""
        topics = self._frames["topics"].copy()
        if field is not None and field != QUERY:
            if field not in topics.columns:
                raise CollectionError(
                    f"{self!r} has no topic column {field!r}; choose from: "
                    f"{', '.join(topics.columns)}"
                )
            topics[QUERY] = topics[field]
        return topics

    def judgements(self) -> pd.DataFrame:
        """Return a copy of the judgements."""
        return self._frames["qrels"].copy()

    def __repr__(self) -> str:
        sizes = ", ".join(f"{len(frame)} {part}" for part, frame in self._frames.items())
        return f"Frames(name={self.name!r}, {sizes})"


def _frame(part: str, records: Records, columns: tuple[str, ...], key: str | None) -> pd.DataFrame:
    if isinstance(records, pd.DataFrame):
        frame = records.reset_index(drop=True)
    else:
        rows: list[Mapping[str, Any]] = list(records)
        frame = pd.DataFrame(rows, columns=None if rows else list(columns))
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise CollectionError(f"the {part} have the column {twice!r} twice; drop or rename one")
    if TEXT in columns and TEXT not in frame.columns and DESCRIPTION in frame.columns:
        frame[TEXT] = frame[DESCRIPTION]
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise CollectionError(
            f"the {part} need the columns {', '.join(columns)}; {', '.join(missing)} missing, "
            f"found {', '.join(map(str, frame.columns)) or 'none'}"
        )
    for column in (QID, DOCNO):
        if column in columns:
            if frame[column].isna().any():
                raise CollectionError(f"the {part} have a row without {column}; fill or drop it")
            frame[column] = [str(value) for value in frame[column]]
    if key is not None and frame[key].duplicated().any():
        twice = frame.loc[frame[key].duplicated(), key].iloc[0]
        raise CollectionError(f"the {part} have {key} {twice!r} twice; keep one row an id")
    return frame


def _labelled(qrels: pd.DataFrame) -> pd.DataFrame:
    try:
        labels = [int(label) for label in qrels[LABEL]]
        whole = all(label == given for label, given in zip(labels, qrels[LABEL], strict=True))
    except (TypeError, ValueError):
        whole = False
    if not whole:
        raise CollectionError(
            f"expected the labels of the qrels as whole numbers, found {list(qrels[LABEL])[:5]}"
        )
    qrels[LABEL] = labels
    return qrels
