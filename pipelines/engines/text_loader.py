"""Document columns for a result frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import DOCNO
from pyterrier_rewrite.value import ValueTransformer


class DocumentStore(Protocol):
    """Whatever has documents by id: an index of :mod:`pyterrier_rewrite.pipelines`."""

    def records(
        self, docnos: Iterable[str], columns: tuple[str, ...]
    ) -> Mapping[str, tuple[Any, ...]]:
        """Return the columns of each document; unknown ids are left out."""
        ...


class TextLoader(ValueTransformer):
    """Adds columns of the documents to a frame: ``bm25 >> index.text()``.

    Input columns: ``docno`` and any others.

    Output columns: those of the input, and the columns asked for; rows keep their order. A
    column that is there already is replaced.

    Args:
        index: The index that holds the documents.
        columns: ``text`` (the indexed fields, joined by a space) or other fields that the
            corpus brought. A field that a document lacks is None.

    Raises:
        ValueError: On use, if the index has no such column or a document is unknown to it.

    Example:
        >>> pipeline = index.bm25() >> index.text()  # doctest: +SKIP
    """

    def __init__(self, index: DocumentStore, *, columns: tuple[str, ...] = ("text",)) -> None:
        self.index = index
        self.columns = columns

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Add the columns; see the class."""
        pt.validate.columns(inp, includes=[DOCNO], context=self)
        docnos = inp[DOCNO].tolist()
        found = self.index.records(docnos, self.columns) if docnos else {}
        try:
            rows = [found[docno] for docno in docnos]
        except KeyError:
            unknown = sorted({str(docno) for docno in docnos if docno not in found})
            raise ValueError(
                f"{self.index!r} has no document {unknown[0]!r} ({len(unknown)} unknown in all); "
                "load texts from the index that the results came from"
            ) from None
        loaded = {}
        for position, column in enumerate(self.columns):
            values = [row[position] for row in rows]
            dtype = "str" if column == "text" else object
            loaded[column] = pd.Series(values, index=inp.index, dtype=dtype)
        out: pd.DataFrame = inp.assign(**loaded)
        return out
