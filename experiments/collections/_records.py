"""Records of any source to topics, judgements and documents in our columns."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import pandas as pd

from pyterrier_rewrite.columns import (
    DESCRIPTION,
    DOCNO,
    LABEL,
    QCONVERSATION,
    QGEN,
    QGROUP,
    QGROUP_QUERY,
    QHISTORY,
    QID,
    QREWRITE,
    QSTATUS,
    QTURN,
    QUERY,
    QUERY_FORMS,
    QUSAGE,
    QUSER,
    QWEIGHT,
    TEXT,
)
from pyterrier_rewrite.text.files import TextFile

from .base import Collection, CollectionError, CollectionWarning, Document

_OURS: Final = {QID, QUERY, *QUERY_FORMS, QGROUP, QGROUP_QUERY, QWEIGHT, QGEN, QSTATUS, QUSAGE}

_TURN: Final = (QCONVERSATION, QTURN, QHISTORY, QREWRITE, QUSER)
_BESIDE: Final = (*(name.removeprefix("q") for name in _TURN), *_TURN)
"""What a query may have beside its text and outside of its metadata."""


class Malformed(CollectionError):
    """A value is not what it should be; whoever knows file and line says so."""


def query_columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns for what a query has beside id and text: ``q`` and the field's name.

    Names that the library itself writes are left out.

    Raises:
        Malformed: If ``turn``, ``history`` or ``rewrite`` is not what it should be.
    """
    columns = {f"q{name}": value for name, value in fields.items()}
    if columns.get(QCONVERSATION) is not None:
        columns[QCONVERSATION] = str(columns[QCONVERSATION])
    turn = columns.get(QTURN)
    if turn is not None and (not isinstance(turn, int) or isinstance(turn, bool)):
        raise Malformed(f"expected 'turn' as a whole number, found {turn!r}")
    if QHISTORY in columns:
        columns[QHISTORY] = _history(columns[QHISTORY])
    rewrite = columns.get(QREWRITE)
    if rewrite is not None and not isinstance(rewrite, str):
        raise Malformed(f"expected 'rewrite' as a text, found {rewrite!r}")
    return {name: value for name, value in columns.items() if name not in _OURS}


def _history(turns: object) -> list[dict[str, str]]:
    if turns is None:
        return []
    if not isinstance(turns, list) or not all(map(_is_turn, turns)):
        raise Malformed(
            f"expected 'history' as a list of {{'role', 'content'}}, found {turns!r:.80}"
        )
    return [{"role": turn["role"], "content": turn["content"]} for turn in turns]


def _is_turn(turn: object) -> bool:
    return isinstance(turn, dict) and all(
        isinstance(turn.get(key), str) for key in ("role", "content")
    )


def topics_frame(collection: Collection, records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return topics as a frame, in their order; those without text are left out with a warning.

    Args:
        collection: Whose they are; it says whether only judged ones are kept.
        records: ``qid``, ``query`` and further columns of each topic.
    """
    only_judged = collection.has("qrels") and not collection.all_queries
    judged = set(collection.judgements()[QID]) if only_judged else None
    wanted = [record for record in records if judged is None or record[QID] in judged]
    topics = [record for record in wanted if record[QUERY] and not record[QUERY].isspace()]
    blank = len(wanted) - len(topics)
    missing = len(set(judged or ()) - {record[QID] for record in wanted})
    if blank or missing:
        warnings.warn(
            f"{collection!r}: {blank + missing} topics have no text ({missing} judged ones are not "
            f"among the queries, {blank} are blank) and are left out",
            CollectionWarning,
            stacklevel=4,
        )
    names = dict.fromkeys([QID, QUERY, *(name for topic in topics for name in topic)])
    columns = {name: _column(name, [topic.get(name) for topic in topics]) for name in names}
    return pd.DataFrame(columns)


def _column(name: str, values: list[Any]) -> pd.Series[Any]:
    if name == QHISTORY:
        values = [[] if value is None else value for value in values]
    kinds = {type(value) for value in values}
    dtype: Any = object  # a text column with gaps keeps None
    if kinds == {int, type(None)}:
        dtype = "Int64"
    elif len(kinds) == 1 and kinds <= {str, int, float, bool}:
        dtype = None  # pandas knows
    return pd.Series(values, dtype=dtype)


def qrels_frame(labels: Mapping[tuple[str, str], int]) -> pd.DataFrame:
    """Return the labels of query and document as a frame."""
    rows = [(*pair, label) for pair, label in labels.items()]
    return pd.DataFrame(rows, columns=[QID, DOCNO, LABEL])


def read_judgements(file: TextFile, rows: Iterable[tuple[int, Sequence[str]]]) -> pd.DataFrame:
    """Return judgements from rows of query id, document id and label.

    Raises:
        CollectionError: If a label is not a whole number, a document is judged twice for a
            query and differently, or there is no row.
    """
    labels: dict[tuple[str, str], int] = {}
    for line, (qid, docno, score) in rows:
        label = _label(file, score, line)
        pair = (file.identifier(qid, "query id", line), file.identifier(docno, "document id", line))
        if labels.setdefault(pair, label) != label:
            raise file.wrong(
                f"query {qid!r} and document {docno!r} are judged {label}, earlier {labels[pair]}",
                "keep one judgement",
                line,
            )
    if not labels:
        raise file.wrong("no judgement", "expected at least one line after the header")
    return qrels_frame(labels)


def _label(file: TextFile, score: str, line: int) -> int:
    with suppress(ValueError):
        return int(score)
    with suppress(ValueError):
        if float(score).is_integer():
            return int(float(score))
    raise file.wrong(
        f"expected the score as a whole number, found {score!r}", "correct the line", line
    )


def read_queries(file: TextFile, field: str = TEXT) -> Iterator[dict[str, Any]]:
    """Yield the queries of a JSONL file: ``_id`` or ``qid``, a text field, ``metadata``.

    A ``query`` is the text where there is no ``text``. What a conversation needs may stand beside
    them as well as in ``metadata``, by our columns' names too: ``history`` or ``qhistory``.

    Raises:
        CollectionError: If a line is malformed or an id occurs twice.
    """
    for line, qid, record in _identified(file, QID):
        named = QUERY if field == TEXT and TEXT not in record and QUERY in record else field
        query = file.text(record, named, line)
        told = {name.removeprefix("q"): record[name] for name in _BESIDE if name in record}
        try:
            yield {QID: qid, QUERY: query, **query_columns(told | _metadata(file, record, line))}
        except Malformed as error:
            raise file.wrong(str(error), "correct the query's metadata", line) from error


def read_documents(file: TextFile) -> Iterator[Document]:
    """Yield the documents of a JSONL file: ``_id`` or ``docno``, ``title``, ``text``, ``metadata``.

    A ``description`` is the text where there is none.

    Raises:
        CollectionError: If a line is malformed or an id occurs twice.
    """
    for line, docno, record in _identified(file, DOCNO):
        title = "" if record.get("title") is None else file.text(record, "title", line)
        has_text = str(record.get(TEXT) or "").strip()
        field = DESCRIPTION if not has_text and record.get(DESCRIPTION) else TEXT
        document = _metadata(file, record, line)
        document.update({DOCNO: docno, "title": title, TEXT: file.text(record, field, line)})
        yield document


def _identified(file: TextFile, key: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield line, id and record; the id is under ``_id`` or, without that, under ``key``."""
    seen: set[str] = set()
    for line, record in file.objects():
        name = key if key in record and "_id" not in record else "_id"
        yield line, file.new_identifier(record.get(name), name, line, seen), record


def _metadata(file: TextFile, record: Mapping[str, Any], line: int) -> dict[str, Any]:
    metadata = record.get("metadata")
    if metadata is None:
        return {}
    if not isinstance(metadata, dict):
        raise file.wrong(
            f"expected 'metadata' as a JSON object, found {metadata!r:.80}", "correct it", line
        )
    return dict(metadata)
