"""Relevance judgements as a value: compared by content, looked up by query."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from ir_measures import Qrel

from pyterrier_rewrite.columns import DOCNO, LABEL, QID

ITERATION = "iteration"

_NAMES = {"query_id": QID, "doc_id": DOCNO, "relevance": LABEL, "docid": DOCNO}


class Judgements:
    """Judgements of documents; two with the same content are equal.

    Args:
        qrels: A frame with ``qid``, ``docno`` and ``label`` (whole numbers), as PyTerrier's
            datasets give it (or ir-measures' names of them); a dict of dicts; or judgements.

    Raises:
        TypeError: If it is something else.
        ValueError: If a column is missing or a label not a whole number.
    """

    def __init__(self, qrels: pd.DataFrame | Mapping[str, Mapping[str, int]] | Judgements) -> None:
        self.labels: dict[str, dict[str, int]]
        self._iterations: dict[str, list[Qrel]] | None = None
        if isinstance(qrels, Judgements):
            self.labels, self._iterations = qrels.labels, qrels._iterations
        elif isinstance(qrels, pd.DataFrame):
            self._read(qrels)
        elif isinstance(qrels, Mapping):
            self.labels = {str(qid): dict(labels) for qid, labels in qrels.items()}
        else:
            raise TypeError(
                "judgements should be a frame with qid, docno and label (dataset.get_qrels()), "
                f"found {type(qrels).__name__}"
            )

    def _read(self, frame: pd.DataFrame) -> None:
        renamed = {old: new for old, new in _NAMES.items() if new not in frame.columns}
        frame = frame.rename(columns=renamed)
        if not {QID, DOCNO, LABEL} <= set(frame.columns):
            raise ValueError(
                "judgements should have the columns qid, docno and label, found "
                f"{list(frame.columns)}"
            )
        labels = pd.to_numeric(frame[LABEL], errors="coerce")
        if not (labels % 1 == 0).all():
            bad = frame[LABEL][~(labels % 1 == 0)].tolist()[0]
            raise ValueError(f"labels should be whole numbers, found {bad!r}")
        columns = [
            frame[QID].astype(str).tolist(),
            frame[DOCNO].astype(str).tolist(),
            labels.astype(int).tolist(),
        ]
        self.labels = {}
        for qid, docno, label in zip(*columns, strict=True):
            self.labels.setdefault(qid, {})[docno] = label
        if ITERATION in frame.columns and frame[ITERATION].nunique() > 1:  # diversity measures
            self._iterations = {}
            columns.append(frame[ITERATION].astype(str).tolist())
            for qid, docno, label, iteration in zip(*columns, strict=True):
                self._iterations.setdefault(qid, []).append(Qrel(qid, docno, label, iteration))

    def of(self, qids: Iterable[str]) -> Any:
        """Return the judgements of some queries, as ir-measures takes them."""
        if self._iterations is not None:
            return [qrel for qid in qids for qrel in self._iterations[qid]]
        return {qid: self.labels[qid] for qid in qids}

    def relevant(self, qid: str, *, rel: int = 1) -> list[str]:
        """Return the documents of a query with a label of at least ``rel``."""
        return [docno for docno, label in self.labels.get(qid, {}).items() if label >= rel]

    def __contains__(self, qid: object) -> bool:
        return qid in self.labels

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Judgements):
            return NotImplemented
        return self.labels == other.labels and self._iterations == other._iterations

    def __hash__(self) -> int:
        return hash((len(self.labels), self._size))

    def __repr__(self) -> str:
        content = sorted((qid, sorted(labels.items())) for qid, labels in self.labels.items())
        digest = hashlib.sha256(repr(content).encode()).hexdigest()[:8]
        return f"Judgements({self._size} of {len(self.labels)} queries, {digest})"

    @property
    def _size(self) -> int:
        return sum(map(len, self.labels.values()))
