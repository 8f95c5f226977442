"""What any index expects of a corpus."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

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
        cls: type[Settings],
        corpus: object,
        name: str | None,
        fields: Iterable[str],
        **others: str,
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


def read_documents(corpus: Any) -> Iterable[Mapping[str, Any]]:
    """Return the documents of a PyTerrier dataset, or of an iterable of dicts."""
    if hasattr(corpus, "get_corpus_iter"):
        found: Iterable[Mapping[str, Any]] = corpus.get_corpus_iter(verbose=False)
        return found
    if isinstance(corpus, Iterable) and not isinstance(corpus, (str, Mapping)):
        return corpus
    raise TypeError(
        "corpus should be a PyTerrier dataset or an iterable of dicts with 'docno' and text "
        f"fields, found {type(corpus).__name__}"
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


def document_text(document: Mapping[str, Any], fields: Sequence[str], docno: str) -> str:
    """Return the fields of a document as one text, which is both indexed and handed out."""
    parts = []
    for field in fields:
        value = document.get(field)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            continue
        if not isinstance(value, str):
            raise TypeError(
                f"field {field!r} of document {docno!r} should be a text (str), found "
                f"{value!r} of type {type(value).__name__}"
            )
        parts.append(value)
    return _UNSAFE.sub(" ", " ".join(part for part in parts if part))
