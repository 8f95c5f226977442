"""Conversational collections in the files of TREC CAsT and iKAT, QReCC and TopiOCQA."""

from __future__ import annotations

from os import PathLike

import pandas as pd

from pyterrier_rewrite.columns import QUERY
from pyterrier_rewrite.conversation import read_conversations

from ._records import topics_frame
from .base import CollectionError
from .trec import Trec


class Conversations(Trec):
    """Conversations from one JSON file, judgements and documents as in :class:`Trec`.

    What :func:`~pyterrier_rewrite.read_conversations` reads: TREC CAsT, TREC iKAT,
    QReCC and TopiOCQA. Topics have ``qconversation``, ``qturn``, ``qhistory`` (with the
    responses where the file has them), ``qrewrite`` and ``qptkb``.

    Args:
        topics: The JSON file of conversations.
        qrels: File of judgements, in TREC's four columns.
        corpus: File of documents, see :class:`Trec`.
        query_field: ``rewrite`` takes the reference rewrite as the query; by default the query
            is what the user said.
        all_queries: Whether to take turns without judgements too.
        name: Short name; by default that of the topics' file.

    Raises:
        CollectionError: If a file is not there.

    Example:
        >>> Conversations("2022_topics.json", qrels="qrels.txt").get_topics()  # doctest: +SKIP
    """

    def __init__(
        self,
        topics: str | PathLike[str],
        *,
        qrels: str | PathLike[str] | None = None,
        corpus: str | PathLike[str] | None = None,
        query_field: str | None = None,
        all_queries: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(
            topics=topics,
            qrels=qrels,
            corpus=corpus,
            query_field=query_field,
            all_queries=all_queries,
            name=name,
        )

    def topics(self, field: str | None) -> pd.DataFrame:
        """Return the turns in the order of the file."""
        frame = read_conversations(self.files["topics"].path, error=CollectionError)
        field = field or self.query_field
        if field is not None:
            if field != "rewrite":
                raise CollectionError(
                    f"turns have no field {field!r}; leave query_field out for what the user "
                    "said, or set it to 'rewrite'"
                )
            frame[QUERY] = [text if isinstance(text, str) else "" for text in frame["qrewrite"]]
        return topics_frame(self, frame.to_dict("records"))

    def __repr__(self) -> str:
        return super().__repr__().replace("Trec(", "Conversations(", 1)
