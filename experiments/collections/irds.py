"""Collections of the ir-datasets catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, Final

import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import DOCNO, QCONVERSATION, QHISTORY, QID, QTURN, QUERY, TEXT

from ._records import qrels_frame, query_columns, topics_frame
from .base import Collection, CollectionError, Document, Part, did_you_mean

CONVERSATION_FIELDS: Final = {
    "topic_number": "conversation",
    "turn_number": "turn",
    "manual_rewritten_utterance": "rewrite",
}
"""What TREC CAsT calls the fields of a turn, and what we do."""

CALLED: Final = {"corpus": "docs", "topics": "queries", "qrels": "qrels"}


class Irds(Collection):
    """A collection of the ir-datasets catalogue, by its id.

    A query's text is ``query_field``; by default what ir-datasets calls its default text (the
    title of a TREC topic, the raw utterance of a conversation), else its ``text``, ``title`` or
    ``query``. Its other fields become ``q…`` columns (``qdescription``, ``qanswers``). TREC CAsT
    gives ``qconversation``, ``qturn``, ``qrewrite``, and in ``qhistory`` the user's earlier
    utterances; what the system answered is not in the topics.

    A document's ``title`` is its title, if it has one; ``text`` is its field ``text``, else its
    default text without that title, else its other texts, joined; a ``date`` is kept. Where a
    judgement has several scores, the label is ``relevance``; where a document is judged for
    several subtopics, it is the highest.

    Args:
        irds_id: Id, for example ``"beir/nfcorpus/test"``; ``"irds:…"`` is understood.
        query_field: The field of a query that is its text.
        name: Short name; the id by default.

    Raises:
        CollectionError: If there is no such id.

    Example:
        >>> Irds("vaswani").name
        'vaswani'

    Reference:
        MacAvaney et al., Simplified Data Wrangling with ir_datasets, SIGIR 2021.
    """

    def __init__(
        self, irds_id: str, *, query_field: str | None = None, name: str | None = None
    ) -> None:
        self.irds_id = irds_id.removeprefix("irds:")
        self.query_field = query_field
        self.name = name or self.irds_id
        self.irds_ref()

    def irds_ref(self) -> Any:
        """Return the ir-datasets object."""
        import ir_datasets

        try:
            return ir_datasets.load(self.irds_id)
        except KeyError:
            near = get_close_matches(self.irds_id, list(ir_datasets.registry), n=3)
            hint = f"did you mean {' or '.join(map(repr, near))}" if near else "check the id"
            raise CollectionError(
                f"ir-datasets has no collection {self.irds_id!r}; {hint}? All ids are listed at "
                "https://ir-datasets.com/"
            ) from None

    def has(self, part: Part) -> bool:
        """Say whether this collection has documents, topics or judgements."""
        return bool(self.irds_ref().has(CALLED[part]))

    def info_url(self) -> str:
        """Return the address of the collection's page."""
        top = self.irds_id.split("/", 1)[0]
        return f"https://ir-datasets.com/{top}.html#{self.irds_id}"

    def text_loader(self, *args: Any, **options: Any) -> pt.Transformer:
        """Return PyTerrier's transformer that adds document texts, for ``pt.text.get_text``."""
        return pt.get_dataset(f"irds:{self.irds_id}").text_loader(*args, **options)

    def num_docs(self) -> int | None:
        """Return how many documents there are, if ir-datasets knows."""
        with self._fetching("documents"):
            count: int | None = self.irds_ref().docs_count()
            return count

    def documents(self) -> Iterator[Document]:
        """Yield the documents: ``docno``, ``title``, ``text``."""
        with self._fetching("documents"):
            for record in self.irds_ref().docs_iter():
                yield _document(record)

    def topics(self, field: str | None) -> pd.DataFrame:
        """Return the topics in the order of the source."""
        field = field or self.query_field
        available = self.irds_ref().queries_cls()._fields[1:]
        if field and field not in available:
            raise CollectionError(
                f"the queries of {self.irds_id!r} have no field {field!r}"
                f"{did_you_mean(available, field)}; "
                f"choose query_field= from: {', '.join(available)}"
            )
        with self._fetching("queries"):
            records = list(self.irds_ref().queries_iter())
        field = field or _text_field(records, available)
        topics = [self._topic(record, field) for record in records]
        if "turn_number" in available:
            topics = list(_with_history(topics))
        return topics_frame(self, topics)

    def _topic(self, record: Any, field: str | None) -> dict[str, Any]:
        fields = record._asdict()
        qid = fields.pop("query_id")
        text = record.default_text() if field is None else fields.pop(field)
        if text is not None and not isinstance(text, str):
            raise CollectionError(
                f"the field {field!r} of {self.irds_id!r} holds {text!r:.80}, not a text; "
                "choose another with query_field="
            )
        others = {CONVERSATION_FIELDS.get(key, key): value for key, value in fields.items()}
        return {QID: str(qid), QUERY: text or "", **query_columns(others)}

    def judgements(self) -> pd.DataFrame:
        """Return the judgements."""
        labels: dict[tuple[str, str], int] = {}
        with self._fetching("qrels"):
            for record in self.irds_ref().qrels_iter():
                pair = (str(record.query_id), str(record.doc_id))
                labels[pair] = max(int(record.relevance), labels.get(pair, int(record.relevance)))
        return qrels_frame(labels)

    @contextmanager
    def _fetching(self, what: str) -> Iterator[None]:
        """Turn whatever goes wrong in a download or a parser into one readable sentence."""
        try:
            yield
        except Exception as error:
            from ir_datasets.util import home_path

            reason = str(error.args[0]) if error.args else type(error).__name__
            raise CollectionError(
                f"the {what} of {self.irds_id!r} cannot be read ({reason:.200}); ir-datasets "
                f"downloads them to {home_path()} at the first use: do that once where there is "
                f"a network and copy the folder, or see {self.info_url()} for what to place there"
            ) from error

    def __repr__(self) -> str:
        field = f", query_field={self.query_field!r}" if self.query_field else ""
        return f"Irds({self.irds_id!r}{field})"


def _text_field(records: Sequence[Any], available: Sequence[str]) -> str | None:
    """Return the field that holds the queries' text; None if their default text is made up."""
    if all(hasattr(record, "default_text") for record in records):
        texts = [record.default_text() for record in records]
        fields = (name for name in available if [getattr(r, name) for r in records] == texts)
        return next(fields, None)
    known = [name for name in (TEXT, "title", QUERY) if name in available]
    if known:
        return known[0]
    raise CollectionError(
        "cannot tell which field is the query's text; choose query_field= from: "
        f"{', '.join(available)}"
    )


def _with_history(topics: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Add to each turn the user's earlier ones, in the order of their numbers."""
    topics = list(topics)
    said: dict[str, list[tuple[int, str]]] = {}
    for topic in topics:
        said.setdefault(topic[QCONVERSATION], []).append((topic[QTURN], topic[QUERY]))
    for topic in topics:
        earlier = sorted(turn for turn in said[topic[QCONVERSATION]] if turn[0] < topic[QTURN])
        yield {**topic, QHISTORY: [{"role": "user", "content": text} for _, text in earlier]}


def _document(record: Any) -> Document:
    fields = record._asdict()
    title = fields.get("title")
    title = title if isinstance(title, str) else ""
    text = fields.get(TEXT)
    if not isinstance(text, str) and hasattr(record, "default_text"):
        text = record.default_text().removeprefix(title).strip()
    elif not isinstance(text, str):
        skip = ("doc_id", "title")
        others = (value for name, value in fields.items() if name not in skip)
        text = " ".join(value for value in others if isinstance(value, str))
    document = {DOCNO: str(fields["doc_id"]), "title": title, TEXT: text}
    return {**document, "date": fields["date"]} if fields.get("date") else document
