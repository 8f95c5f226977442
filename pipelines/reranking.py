"""Rankings ranked anew with neural models: bi-encoders and cross-encoders."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import DOCNO, QID, RANK
from pyterrier_rewrite.errors import RewriteWarning
from pyterrier_rewrite.ranges import Count
from pyterrier_rewrite.rankings.lists import rank_results
from pyterrier_rewrite.rewritten import check_columns, check_qids
from pyterrier_rewrite.value import ValueTransformer

from . import models as _models

__all__ = ["BiEncoderReranker", "CrossEncoderReranker"]  # Reranker is no stage


class Reranker(ValueTransformer):
    """Scores each document of a result frame against its query, and sorts anew.

    Input columns: ``qid``, ``docno`` and those that ``query_field`` and ``text_field`` name.

    Output columns: those of the input; ``score`` and ``rank`` (from 0) are new. Rows are sorted
    by rank, ties by ``docno``, queries in input order. A document without a text is scored as an
    empty one, and a warning says how many there are.

    Args:
        model: The model.
        text_field: Column of the document's text.
        batch_size: Texts, or pairs of query and text, at a time, at least 1.
        query_field: Column of the query's text; ``query_0`` reranks against the query before the
            last rewrite.
        verbose: Whether to show progress.
        device: Device of a model that is loaded by name, such as ``cpu``; None lets it choose.
    """

    def __init__(
        self,
        model: object,
        *,
        text_field: str = "text",
        batch_size: Count = 32,
        query_field: str = "query",
        verbose: bool = False,
        device: str | None = None,
    ) -> None:
        self.model = model
        self.text_field = text_field
        self.batch_size = batch_size
        self.query_field = query_field
        self.verbose = verbose
        self.device = device

    @abstractmethod
    def scores(self, queries: list[str], texts: list[str]) -> npt.NDArray[np.floating]:
        """Return one score for each query and the text beside it."""

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Rerank; see the class for columns.

        Raises:
            pt.validate.InputValidationError: If a column is missing.
            TypeError: If a query is not a text, a document's text is something else, or none has
                a text.
            MissingExtraError: If sentence-transformers is not installed.
            ValueError: If an argument is out of range, or the model gives something else than
                one finite score a document.
        """
        self.check()
        check_columns(inp)
        needed = list(dict.fromkeys([self.query_field, self.text_field]))
        pt.validate.result_frame(inp, needed, context=self)
        check_qids(inp, once=False)
        queries, texts = _texts(inp, self.query_field), self._document_texts(inp)
        scores = self.scores(queries, texts)
        return rank_results(inp.drop(columns=RANK, errors="ignore").assign(score=scores))

    def _document_texts(self, results: pd.DataFrame) -> list[str]:
        """Return the text of each document, an empty one for what has none; a warning counts."""
        missing = results[self.text_field].isna()
        if 0 < missing.sum() < len(results):
            warnings.warn(
                f"{type(self).__name__}: {missing.sum()} of {len(results)} documents have no "
                f"{self.text_field!r} (first: {results[DOCNO][missing].iloc[0]!r}) and are scored "
                "as empty ones; drop them in front of it, or choose another text_field",
                RewriteWarning,
                stacklevel=4,
            )
            results = results.fillna({self.text_field: ""})
        return _texts(results, self.text_field)


class BiEncoderReranker(Reranker):
    """Reranks by the similarity of the vectors of query and document.

    Each distinct query and each distinct text is encoded once.

    Columns: see :class:`Reranker`.

    Args:
        model: Name or path of a sentence-transformers model, loaded at the first result; or an
            object with ``encode(list[str]) -> array``.
        similarity: ``cosine`` or ``dot``.
        query_prefix: What the model wants in front of a query, such as ``"query: "``.
        doc_prefix: What the model wants in front of a document, such as ``"passage: "``.
        settings: See :class:`Reranker`.

    Example:
        >>> reranker = BiEncoderReranker("sentence-transformers/all-MiniLM-L6-v2")
        >>> pipeline = bm25 % 100 >> index.text() >> reranker  # doctest: +SKIP

    Reference: Reimers and Gurevych: Sentence-BERT: Sentence Embeddings using Siamese
    BERT-Networks. EMNLP 2019.
    """

    def __init__(
        self,
        model: object,
        *,
        similarity: Literal["cosine", "dot"] = "cosine",
        query_prefix: str = "",
        doc_prefix: str = "",
        **settings: Any,
    ) -> None:
        super().__init__(model, **settings)
        self.similarity = similarity
        self.query_prefix = query_prefix
        self.doc_prefix = doc_prefix

    def check(self) -> None:
        """Raise if an argument is out of range."""
        super().check()
        _models.check_similarity(self.similarity)

    def scores(self, queries: list[str], texts: list[str]) -> npt.NDArray[np.floating]:
        """Return the similarity of each query and the text beside it."""
        queries = [self.query_prefix + query for query in queries]
        texts = [self.doc_prefix + text for text in texts]
        distinct = list(dict.fromkeys([*queries, *texts]))
        vectors = _models.encode(
            self.model,
            distinct,
            batch_size=self.batch_size,
            device=self.device,
            verbose=self.verbose,
        )
        if self.similarity == "cosine":
            vectors = _models.unit_length(vectors)
        at = {text: number for number, text in enumerate(distinct)}
        left, right = ([at[text] for text in side] for side in (queries, texts))
        return _models.similarities(vectors, left, vectors, right)


class CrossEncoderReranker(Reranker):
    """Reranks with a model that reads query and document together.

    Columns: see :class:`Reranker`.

    Args:
        model: Name or path of a cross-encoder of sentence-transformers, loaded at the first
            result; or an object with ``predict(list[tuple[str, str]]) -> array``.
        settings: See :class:`Reranker`.

    Example:
        >>> reranker = CrossEncoderReranker("cross-encoder/ms-marco-MiniLM-L6-v2")
        >>> pipeline = bm25 % 100 >> index.text() >> reranker  # doctest: +SKIP

    Reference: Nogueira and Cho: Passage Re-ranking with BERT. arXiv 1901.04085, 2019.
    """

    def scores(self, queries: list[str], texts: list[str]) -> npt.NDArray[np.floating]:
        """Return what the model says of each pair."""
        return _models.score_pairs(
            self.model,
            list(zip(queries, texts, strict=True)),
            batch_size=self.batch_size,
            device=self.device,
            verbose=self.verbose,
        )


def _texts(results: pd.DataFrame, field: str) -> list[str]:
    values = results[field].tolist()
    for row, value in enumerate(values):
        if not isinstance(value, str):
            raise TypeError(
                f"column {field!r} should be a text (str) in every row, found {value!r} for "
                f"document {results[DOCNO].iloc[row]!r} of query {results[QID].iloc[row]!r}; "
                "load document texts in front of the reranker, and drop or fill what has none"
            )
    return list(values)
