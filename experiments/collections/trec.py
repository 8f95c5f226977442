"""Collections in the file formats of TREC, with conversations as its tracks have them or not."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any, Final

import pandas as pd

from pyterrier_rewrite.columns import DOCNO, QID, QUERY, TEXT
from pyterrier_rewrite.conversation import read_conversations
from pyterrier_rewrite.text.files import TextFile

from ._records import read_documents, read_judgements, read_queries, topics_frame
from .base import Collection, CollectionError, Document, Part

TOPIC_FIELDS: Final = {
    "num": "num",
    "number": "num",
    "title": "title",
    "query": "title",
    "desc": "description",
    "description": "description",
    "question": "description",
    "narr": "narrative",
    "narrative": "narrative",
}
"""Tags of a TREC topic, and what its field is called."""

_TAG = re.compile(r"""<(/?)(\w[\w-]*)(?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s<>]+))*\s*/?>""")
_AS_IT_IS = re.compile(r"<!\[CDATA\[(.*?)\]\]>|<!--.*?-->", re.DOTALL)
_NUMBER = re.compile(r"""\bnumber\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_LABEL = re.compile(r"^\s*(Number|Topic|Description|Narrative)\s*:", re.IGNORECASE)
_DOCNO = re.compile(r"<DOCNO>(.*?)</DOCNO>", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<(TITLE|HEADLINE|TTL)>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
_TEXT = re.compile(r"<TEXT>(.*?)</TEXT>", re.IGNORECASE | re.DOTALL)


class Trec(Collection):
    """Topics, judgements and documents, a file each, in the formats of TREC.

    Topics are ``<top>`` or ``<topic>`` records (the number in a tag or as an attribute, as in the
    web tracks and TREC-COVID), ``qid<TAB>query`` or JSONL (``_id`` or ``qid``, ``text`` or
    ``query``, and of a conversation ``history`` and ``turn``); judgements have four columns
    (query, iteration, document, label); documents are ``<DOC>`` records, ``docno<TAB>text`` or
    JSONL (``_id`` or ``docno``, ``title``, ``text``). The format is found by looking. Each file
    may be compressed (``.gz``). Ids stay as they are written: topic ``051`` is not topic ``51``
    (PyTerrier's own reader drops the zero).

    Args:
        topics: File of topics.
        qrels: File of judgements.
        corpus: File of documents.
        query_field: Where the query text is: ``title`` (default), ``description`` or
            ``narrative`` of TREC topics (``<query>`` and ``<question>`` are title and
            description), or the name of a JSON field (default ``text``).
        all_queries: Whether to take topics without judgements too.
        name: Short name; by default that of the first file given.

    Raises:
        CollectionError: If no file is given, or one is not there.

    Example:
        >>> Trec(topics="topics.txt", qrels="qrels.txt").get_topics()  # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        topics: str | PathLike[str] | None = None,
        qrels: str | PathLike[str] | None = None,
        corpus: str | PathLike[str] | None = None,
        query_field: str | None = None,
        all_queries: bool = False,
        name: str | None = None,
    ) -> None:
        given = {"topics": topics, "qrels": qrels, "corpus": corpus}
        self.files = {
            part: TextFile(Path(path).expanduser(), CollectionError)
            for part, path in given.items()
            if path is not None
        }
        if not self.files:
            raise CollectionError("Trec needs at least one of topics=, qrels= and corpus=")
        for file in self.files.values():
            file.check()
        self.query_field = query_field
        self.all_queries = all_queries
        self.name = name or next(iter(self.files.values())).path.name.split(".")[0]

    def has(self, part: Part) -> bool:
        """Say whether this collection has documents, topics or judgements."""
        return part in self.files

    def num_docs(self) -> int | None:
        """Return how many documents there are, or None where counting them is not cheap."""
        file = self.files["corpus"]
        return None if file.starts_with("<") else file.count()

    def documents(self) -> Iterator[Document]:
        """Yield the documents: ``docno``, ``title``, ``text``."""
        file = self.files["corpus"]
        if file.starts_with("{"):
            return read_documents(file)
        if file.starts_with("<"):
            return _trec_documents(file)
        return _tsv(file, DOCNO, TEXT, title="")

    def topics(self, field: str | None) -> pd.DataFrame:
        """Return the topics in the order of the file."""
        file, field = self.files["topics"], field or self.query_field
        if file.starts_with("{"):
            topics = read_queries(file, field or TEXT)
        elif file.starts_with("<"):
            topics = _trec_topics(file, field or "title")
        else:
            topics = _tsv(file, QID, QUERY)
        return topics_frame(self, topics)

    def judgements(self) -> pd.DataFrame:
        """Return the judgements."""
        file = self.files["qrels"]
        rows = file.rows("query", "iteration", "document", "label", separator=None)
        return read_judgements(file, ((n, (q, d, label)) for n, (q, _, d, label) in rows))

    def __repr__(self) -> str:
        parts = [f"{part}={str(file.path)!r}" for part, file in self.files.items()]
        parts += [f"query_field={self.query_field!r}"] if self.query_field else []
        parts += ["all_queries=True"] if self.all_queries else []
        return f"Trec({', '.join(parts)})"


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


def _tsv(file: TextFile, key: str, text: str, **further: str) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for line, (name, value) in file.rows(key, text, header=True):
        yield {key: file.new_identifier(name, key, line, seen), **further, text: value}


def _records(file: TextFile, tag: str, pattern: str) -> Iterator[tuple[int, str]]:
    """Yield what stands from ``<tag …>`` to ``</tag>``, with the number of its first line.

    Args:
        file: Where they are.
        tag: What to call the tag in errors.
        pattern: The tag's name as a regular expression.
    """
    start, held, opened, commented = 0, "", "", 0
    opening = re.compile(rf"<({pattern})(?:\s[^<>]*)?>", re.IGNORECASE)
    outside = re.compile(rf"<!--|{opening.pattern}", re.IGNORECASE)
    closing = re.compile(rf"</{pattern}>", re.IGNORECASE)
    found = False
    for number, line in file.lines():
        while line:
            if commented:
                _, ended, line = line.partition("-->")
                commented = 0 if ended else commented
                continue
            if not start:
                match = outside.search(line)
                if match is None:
                    break
                line = line[match.end() :]
                if not match[1]:
                    commented = number
                    continue
                start, found, held, opened = number, True, match[0], match[1].lower()
            match = closing.search(line)
            inside = line if match is None else line[: match.start()]
            held += f"{inside}\n"
            if any(inner[1].lower() == opened for inner in opening.finditer(inside)):
                raise file.wrong(
                    f"a <{tag}> begins inside the one of line {start}", f"add </{tag}>", number
                )
            if match is None:
                break
            yield start, _AS_IT_IS.sub(lambda data: html.escape(data[1] or ""), held)
            start, held, line = 0, "", line[match.end() :]
    if commented:
        raise file.wrong("the comment <!-- has no -->", "close or remove it", commented)
    if start:
        raise file.wrong(f"the <{tag}> has no </{tag}>", "the file seems cut short", start)
    if not found:
        raise file.wrong(f"no <{tag}> record", f"expected <{tag}> … </{tag}>")


def _trec_topics(file: TextFile, field: str) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for line, record in _records(file, "top", "top(?:ic)?"):
        fields = _topic_fields(record)
        qid = file.new_identifier(fields.pop("num", None), "num", line, seen)
        if field not in fields:
            near = get_close_matches(field, fields, n=1)
            hint = f"did you mean {near[0]!r}" if near else "choose one with query_field="
            raise file.wrong(
                f"topic {qid!r} has no field {field!r}, only {', '.join(fields) or 'its id'}",
                hint,
                line,
            )
        yield {QID: qid, QUERY: fields[field]}


def _topic_fields(record: str) -> dict[str, str]:
    """Split a topic at its tags; a field ends at its closing tag or where the next begins."""
    head, _, body = record.partition(">")
    number = _NUMBER.search(head)
    fields = {"num": number[1]} if number else {}
    tags = list(_TAG.finditer(body))
    # what looks like a tag, but is no field and ends nowhere, is text: List<String>
    closed = {tag[2].lower() for tag in tags if tag[1]}
    tags = [tag for tag in tags if tag[2].lower() in closed or _field(tag)]
    end = 0
    for at, tag in enumerate(tags):
        name = _field(tag)
        if not name or name in fields or tag[1] or tag.start() < end:
            continue
        later = tags[at + 1 :]
        own = (other.start() for other in later if other[1] and other[2] == tag[2])
        following = (o.start() for o in later if not o[1] and o[2].lower() != tag[2].lower())
        end = next(own, None) or next(following, len(body))
        text = _without_markup(body[tag.end() : end])
        text = _LABEL.sub("", text, count=1)
        fields[name] = " ".join(html.unescape(text).split())
    return fields


def _field(tag: re.Match[str]) -> str | None:
    """Return the name of the field that a tag is of; ``<EN-title>`` is one of its own."""
    language, dash, name = tag[2].lower().rpartition("-")
    return f"{language}{dash}{TOPIC_FIELDS[name]}" if name in TOPIC_FIELDS else None


def _without_markup(text: str) -> str:
    """Take out elements' tags; one that has no other end, or stands for itself, is text."""
    opened: list[re.Match[str]] = []
    markup: list[re.Match[str]] = []
    for tag in _TAG.finditer(text):
        if not tag[1]:
            opened.append(tag)
            continue
        at = next((i for i in reversed(range(len(opened))) if opened[i][2] == tag[2]), None)
        if at is not None:
            markup += (opened[at], tag)
            del opened[at:]
    for tag in sorted(markup, key=re.Match.start, reverse=True):
        text = f"{text[: tag.start()]} {text[tag.end() :]}"
    return text


def _trec_documents(file: TextFile) -> Iterator[Document]:
    seen: set[str] = set()
    for line, record in _records(file, "DOC", "DOC"):
        docno = _DOCNO.search(record)
        found = docno and docno[1].strip()
        title = _TITLE.search(record)
        yield {
            DOCNO: file.new_identifier(found, "DOCNO", line, seen),
            "title": _plain(title[2]) if title else "",
            TEXT: _plain(" ".join(_TEXT.findall(record))),
        }


def _plain(markup: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", markup)).split())
