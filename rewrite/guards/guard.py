"""What all guards share: compare a rewrite with its original, and put the original back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyterrier as pt

from ..columns import OK, QSTATUS, QUERY, QUERY_0, QUERY_FORMS, QUERY_TOKS, QUERY_VEC, skipped
from ..rewritten import check_columns, objects
from ..text.safe import safe_text
from ..value import ValueTransformer


class Guard(ValueTransformer):
    """Stands behind a rewriter and puts the original query back where it objects to the rewrite.

    Guards compose: ``rewriter >> KeepEntities() >> SameLanguage() >> bm25``. Each looks at what
    the engine would see, weighted terms if there are any, else the text. Rows that the rewriter
    (or a guard before) skipped or failed are left alone, and so are rows with a dense vector,
    which says nothing about words.

    A guard of your own implements :meth:`objection`.

    Input columns: ``qid``, ``query``, ``query_0``, as any rewriter leaves them.

    Output columns: the same rows and columns in the same order, and ``qstatus``. Where the guard
    objects, ``query`` is the original text, ``qstatus`` says ``skipped: …``, and the other query
    forms are emptied, so that the engine goes by the text. Of several queries from one, each is
    judged by itself; :class:`~pyterrier_rewrite.DistinctQueries` behind it takes out
    originals that came back more than once.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, Guard, Query2Doc
        >>> class NoQuestion(Guard):
        ...     def objection(self, original, rewrite):
        ...         return "a question" if rewrite.endswith("?") else None
        >>> pipeline = Query2Doc(FakeLLM("Which sofa?")) >> NoQuestion()
        >>> pipeline.search("couch")[["query", "qstatus"]].values.tolist()
        [['couch', 'skipped: a question']]
    """

    @abstractmethod
    def objection(self, original: str, rewrite: str) -> str | None:
        """Say in a few words what is wrong with a rewrite; None if nothing is."""

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Put originals back; see the class.

        Raises:
            pt.validate.InputValidationError: If a column is missing: there must be a rewriter
                before a guard.
            ValueError: If a column occurs twice.
        """
        check_columns(inp)
        pt.validate.query_frame(inp, extra_columns=[QUERY, QUERY_0], context=self)
        out = inp.reset_index(drop=True)
        if QSTATUS not in out.columns:
            out[QSTATUS] = OK
        originals: dict[int, object] = {}
        reasons: dict[int, object] = {}
        for row, record in enumerate(out.to_dict("records")):
            original = safe_text(record[QUERY_0])
            if record[QSTATUS] == OK and original and not _is_given(record.get(QUERY_VEC)):
                reason = self.objection(original, seen_by_engine(record))
                if reason is not None:
                    originals[row], reasons[row] = original, skipped(reason)
        if originals:
            forms = [form for form in QUERY_FORMS if form in out.columns]
            changes = dict.fromkeys(forms, dict.fromkeys(originals))
            for column, new in {QUERY: originals, QSTATUS: reasons, **changes}.items():
                out[column] = objects([new.get(row, cell) for row, cell in enumerate(out[column])])
        return out


def seen_by_engine(row: Mapping[str, Any]) -> str:
    """Return what an engine sees of a query, as text: its terms, weights aside, if it has any."""
    toks = row.get(QUERY_TOKS)
    if not isinstance(toks, Mapping):
        return str(row[QUERY])
    return " ".join(toks)


def _is_given(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and value != value)
