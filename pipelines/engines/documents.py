"""Documents: what any index expects of a corpus, and how their columns come to results."""

from __future__ import annotations

import re
import warnings
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import DESCRIPTION, DOCNO, TEXT
from pyterrier_rewrite.errors import RewriteWarning
from pyterrier_rewrite.rewritten import check_columns, check_docnos
from pyterrier_rewrite.value import ValueTransformer

_UNSAFE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


Settings = TypeVar("Settings", bound="CorpusSettings")


@dataclass(frozen=True)
class CorpusSettings:
    """What decides any index, beside the documents.

    Attributes:
        name: Name of the corpus, if it has one.
        fields: Text fields of a document that are indexed.
    """

    name: str | None
    fields: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.fields:
            raise ValueError("fields should name at least one text field, found none")

    @classmethod
    def of(
        cls: type[Settings], corpus: object, name: str | None, fields: Iterable[str], **others: str
    ) -> Settings:
        """Return the settings for a corpus, which may bear a name; one field may stand alone."""
        fields = (fields,) if isinstance(fields, str) else tuple(fields)
        return cls(name or corpus_name(corpus), fields, **others)


def corpus_name(corpus: object) -> str | None:
    """Return the name that a dataset object bears, or None for a plain iterable."""
    for attribute in ("name", "_irds_id"):
        name = getattr(corpus, attribute, None)
        if isinstance(name, str):
            return name
    return None


def read_documents(corpus: Any, doing: str, *, verbose: bool) -> Iterable[Mapping[str, Any]]:
    """Return the documents of a PyTerrier dataset, or of an iterable of dicts, showing progress."""
    if hasattr(corpus, "get_corpus_iter"):
        documents = corpus.get_corpus_iter(verbose=False)
    elif isinstance(corpus, Iterable) and not isinstance(corpus, (str, Mapping)):
        documents = corpus
    else:
        raise TypeError(
            "corpus should be a PyTerrier dataset or an iterable of dicts with 'docno' and text "
            f"fields, found {type(corpus).__name__}"
        )
    total = len(corpus) if hasattr(corpus, "__len__") else None
    shown: Iterable[Mapping[str, Any]] = pt.tqdm(
        documents, desc=doing, unit="doc", total=total, disable=not verbose
    )
    return shown


def read_texts(
    corpus: Any, doing: str, fields: Sequence[str], *, verbose: bool
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield the docno, the text and the whole of each document; a warning counts empty texts."""
    count, empty, first = 0, 0, ""
    for count, document in enumerate(read_documents(corpus, doing, verbose=verbose), start=1):
        docno = checked_docno(document, count)
        text = document_text(document, fields, docno)
        if not text.strip():
            empty, first = empty + 1, first or docno
        yield docno, text, document
    if empty:
        warnings.warn(
            f"{empty} of {count} documents have no text in the fields {list(fields)} (first: "
            f"{first!r}); they are in the index as empty ones",
            RewriteWarning,
            stacklevel=2,
        )


def checked_docno(document: object, position: int) -> str:
    """Return the docno of a document, if it can stand in a TREC run."""
    if not isinstance(document, Mapping) or not isinstance(document.get("docno"), str):
        shown = document.get("docno") if isinstance(document, Mapping) else document
        raise TypeError(
            f"document {position} should be a dict with a docno (str), found {shown!r} of type "
            f"{type(shown).__name__}"
        )
    docno: str = document["docno"]
    if docno.split() != [docno] or _UNSAFE.search(docno):
        raise ValueError(
            f"the docno of document {position} should be neither empty nor hold whitespace or "
            f"control characters, found {docno!r}; it could not stand in a TREC run"
        )
    return docno


def twice(docno: str, first: int, second: int) -> ValueError:
    """Return the error for two documents of one docno, by their positions."""
    return ValueError(
        f"every docno should occur once, found {docno!r} as document {first} and as document "
        f"{second}; drop one of them"
    )


def document_text(document: Mapping[str, Any], fields: Sequence[str], docno: str) -> str:
    """Return the fields of a document as one text, which is both indexed and handed out.

    The description of a catalogue stands in for a ``text`` that is not there.

    Raises:
        TypeError: If a field is not a text.
        ValueError: If the field ``text`` is wanted, and the document has prose in others instead.
    """
    if (
        TEXT in fields
        and _is_empty(document.get(TEXT))
        and not _is_empty(document.get(DESCRIPTION))
    ):
        fields = list(dict.fromkeys(DESCRIPTION if name == TEXT else name for name in fields))
    elif TEXT in fields and TEXT not in document:
        left = [name for name in document if name not in fields and _is_prose(document[name])]
        if left:
            wanted = [name for name in document if name in fields]
            raise ValueError(
                f"document {docno!r} has no field 'text', but {', '.join(map(repr, left))}; say "
                f"what to index: fields={(*wanted, *left)!r}"
            )
    parts = []
    for field in fields:
        value = document.get(field)
        if _is_empty(value):
            continue
        if not isinstance(value, str):
            raise TypeError(
                f"field {field!r} of document {docno!r} should be a text (str), found "
                f"{value!r} of type {type(value).__name__}"
            )
        parts.append(value)
    return _UNSAFE.sub(" ", " ".join(parts))


def _is_empty(value: object) -> bool:
    if isinstance(value, str):
        return not value or value.isspace()
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _is_prose(value: object) -> bool:
    return isinstance(value, str) and " " in value.strip()


class DocumentStore(Protocol):
    """Whatever has documents by id: an index of :mod:`pyterrier_rewrite.pipelines`."""

    @abstractmethod
    def records(
        self, docnos: Iterable[str], columns: tuple[str, ...]
    ) -> Mapping[str, tuple[Any, ...]]:
        """Return the columns of each document; unknown ids are left out.

        Raises:
            ValueError: If there is no such column.
        """


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
        TypeError: On use, if a ``docno`` is not a text.

    Example:
        >>> pipeline = index.bm25() >> index.text()  # doctest: +SKIP
    """

    def __init__(self, index: DocumentStore, *, columns: tuple[str, ...] = ("text",)) -> None:
        self.index = index
        self.columns = columns

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Add the columns; see the class."""
        check_columns(inp)
        pt.validate.columns(inp, includes=[DOCNO], context=self)
        check_docnos(inp)
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
        loaded = pd.DataFrame(rows, index=inp.index, columns=list(self.columns), dtype=object)
        out: pd.DataFrame = inp.assign(**loaded)
        return out.astype({"text": "str"}) if "text" in self.columns else out
