"""Ask an engine for candidates: a whole batch at once, each distinct one once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyterrier as pt

from ..columns import (
    DOCNO,
    QCAND,
    QGROUP,
    QGROUP_QUERY,
    QID,
    QUERY,
    QUERY_0,
    QUERY_TOKS,
    QUERY_VEC,
    QWEIGHT,
    SCORE,
)
from .lists import Floats, Ints


@dataclass(frozen=True, slots=True)
class Requests:
    """The distinct requests behind some candidates.

    Attributes:
        frame: What the engine is asked; the qid of request 7 is ``"7"``.
        asked: The request of each candidate; where queries are asked apart, of each row.
    """

    frame: pd.DataFrame
    asked: list[int]

    @classmethod
    def of_candidates(cls, candidates: pd.DataFrame, columns: Sequence[str] = ()) -> Requests:
        """One request a candidate; one of several queries is for a fusion to make one again."""
        if candidates[QCAND].is_unique:
            return cls.of_rows(candidates, columns)
        rows: dict[str, list[int]] = {}
        for row, name in enumerate(candidates[QCAND].tolist()):
            rows.setdefault(name, []).append(row)
        forms = _forms(candidates, [*columns, *([QWEIGHT] if QWEIGHT in candidates else [])])
        asked, first = _numbered([tuple([forms[row] for row in its]) for its in rows.values()])
        each = list(rows.values())
        groups = [(number, each[at]) for number, at in enumerate(first)]
        kept = [row for _, its in groups for row in its]
        frame = _what_engines_read(candidates, columns).iloc[kept].reset_index(drop=True)
        frame[QID] = [f"{number}~{i + 1}" for number, its in groups for i in range(len(its))]
        frame[QGROUP] = [str(number) for number, its in groups for _ in its]
        for column, known in ((QGROUP_QUERY, QUERY_0), (QWEIGHT, QWEIGHT)):
            if known in candidates.columns:
                frame[column] = candidates[known].iloc[kept].tolist()
        return cls(frame, asked)

    @classmethod
    def of_rows(cls, candidates: pd.DataFrame, columns: Sequence[str] = ()) -> Requests:
        """One request a row."""
        asked, kept = _numbered(_forms(candidates, columns))
        frame = _what_engines_read(candidates, columns).iloc[kept].reset_index(drop=True)
        frame[QID] = [str(i) for i in range(len(kept))]
        return cls(frame, asked)

    def some(self, numbers: Sequence[int]) -> pd.DataFrame:
        """Return what the engine is asked for some of the requests."""
        if QGROUP not in self.frame.columns:
            return self.frame.iloc[list(numbers)].reset_index(drop=True)
        names = {str(number) for number in numbers}
        return self.frame[self.frame[QGROUP].isin(names)].reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class Rankings:
    """Ranked documents, request after request, best first.

    Attributes:
        request: The request of each row, rising.
        docnos: The documents.
        scores: Their scores, falling within a request.
        results: The rows as the engine gave them, in this order.
    """

    request: Ints
    docnos: npt.NDArray[np.object_]
    scores: Floats
    results: pd.DataFrame

    def reaches(self, depth: int) -> npt.NDArray[np.bool_]:
        """Say which rows are among the best ``depth`` of their request, or tie with the last."""
        starts, ends = _runs(self.request)
        scores = self.scores.astype(np.float32)  # trec_eval's precision
        last = scores[np.minimum(starts + depth, ends) - 1]
        kept: npt.NDArray[np.bool_] = scores >= np.repeat(last, ends - starts)
        return kept


def spans(request: Ints) -> list[tuple[int, int, int]]:
    """Return each request with results, and where its rows begin and end."""
    starts, ends = _runs(request)
    return list(zip(request[starts].tolist(), starts.tolist(), ends.tolist(), strict=True))


def ranked(engine: pt.Transformer, results: pd.DataFrame) -> Rankings:
    """Return an engine's answer to some requests as rankings.

    Raises:
        ValueError: If the answer is something else than a ranking of each query.
    """
    missing = [column for column in (QID, DOCNO, SCORE) if column not in results.columns]
    if missing:
        raise ValueError(
            f"a reward's engine should give qid, docno and score, but {engine!r} gives "
            f"{list(results.columns)}"
        )
    codes, qids = pd.factorize(results[QID])
    try:
        request = np.asarray(qids, dtype=object).astype(np.int64)[codes]
    except ValueError:  # the name of one of several queries, such as 7~1
        raise ValueError(
            "candidates of several queries need an engine that makes one ranking of them, such "
            f"as bm25 >> RRF(); {engine!r} keeps them apart"
        ) from None
    scores = results[SCORE].to_numpy(dtype=np.float64)
    same = request[1:] == request[:-1]
    if np.any(request[1:] < request[:-1]) or np.any(scores[1:][same] > scores[:-1][same]):
        order = np.lexsort((-scores, request))
        results, request, scores = results.iloc[order], request[order], scores[order]
    return Rankings(request, results[DOCNO].to_numpy(dtype=object), scores, results)


def cut(engine: pt.Transformer, depth: int) -> pt.Transformer | None:
    """Return an engine that retrieves no deeper than ``depth``; None if it has no such way."""
    shallow = (engine % depth).compile()
    last = shallow[-1] if hasattr(shallow, "__getitem__") and len(shallow) else shallow
    return None if type(last).__name__ == "RankCutoff" else shallow


# -- helpers --------------------------------------------------------------------------------


def _runs(request: Ints) -> tuple[Ints, Ints]:
    """Return where the rows of each request begin and end."""
    starts = np.flatnonzero(np.diff(request, prepend=-1))
    return starts, np.append(starts, len(request))[1:]


def _numbered(forms: Sequence[Hashable]) -> tuple[list[int], list[int]]:
    """Number forms, equal ones alike, and say where each number first stands."""
    number: dict[Hashable, int] = {}
    numbers = [number.setdefault(form, len(number)) for form in forms]
    return numbers, np.unique(numbers, return_index=True)[1].tolist()


def _what_engines_read(candidates: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    known = [c for c in (QUERY, QUERY_TOKS, QUERY_VEC) if c in candidates.columns]
    missing = [column for column in columns if column not in candidates.columns]
    if missing:
        raise ValueError(
            f"columns= names {missing}, which are not among {list(candidates.columns)}"
        )
    return candidates[[QID, *known, *(c for c in columns if c not in known)]]


def _forms(candidates: pd.DataFrame, columns: Sequence[str]) -> list[Hashable]:
    """Return for each row all that the engine reads, in a form that can be compared."""
    read = [c for c in (QUERY, QUERY_TOKS, QUERY_VEC, *columns) if c in candidates.columns]
    if len(read) == 1:
        return candidates[QUERY].tolist()  # type: ignore[no-any-return]
    values = [[_hashable(v) for v in candidates[c].tolist()] for c in read[1:]]
    return list(zip(candidates[QUERY].tolist(), *values, strict=True))


def _hashable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return frozenset((key, _hashable(inner)) for key, inner in value.items())
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, (list, tuple)):
        return tuple(map(_hashable, value))
    return None if value != value else value  # NaN is missing
