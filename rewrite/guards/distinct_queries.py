"""Guard: the same query more than once in a group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyterrier as pt

from ..columns import QGROUP, QUERY, QUERY_TOKS, QUERY_VEC, QUSAGE
from ..rewritten import objects
from ..text.pool import words_in
from ..usage import add_usage
from ..value import ValueTransformer


class DistinctQueries(ValueTransformer):
    r"""Takes out queries that a group holds already, so that no fusion counts one twice.

    Two queries are the same if their words are, whatever the case and the punctuation, and so
    are their weighted terms. The first of them stays, with its weight; rows with a dense vector
    all stay. A frame without groups is handed through.

    Input columns: ``qid``, ``query``, and ``qgroup`` as rewriters leave it that make several
    queries from one.

    Output columns: the same; the rows that stay, in their order. What the others cost is added
    to the group's first ``qusage``.

    Example:
        >>> from pyterrier_rewrite import DistinctQueries, FakeLLM, LLMRewriter, Prompt
        >>> from pyterrier_rewrite import Queries, Several
        >>> plain = Prompt("mine/plain", 1, (("user", "Vary: {query}"),), ("query",))
        >>> vary = LLMRewriter(FakeLLM("couch\nCouch!"), prompt=plain,
        ...     parser=Queries(), formulation=Several(), include_original=True)
        >>> (vary >> DistinctQueries()).search("sofa")["query"].tolist()
        ['sofa', 'couch']
    """

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Take out what is there already; see the class."""
        pt.validate.query_frame(inp, extra_columns=[QUERY], context=self)
        out = inp.reset_index(drop=True)
        if QGROUP not in out.columns:
            return out
        records = enumerate(out.to_dict("records"))
        twice = objects([(its[QGROUP], _what(its, row)) for row, its in records]).duplicated()
        if QUSAGE in out.columns:
            usage: list[Any] = out[QUSAGE].tolist()
            first: dict[Any, int] = {}  # the first row of each group
            for row, group in enumerate(out[QGROUP]):
                start = first.setdefault(group, row)
                if twice[row]:
                    usage[start] = add_usage(usage[start], usage[row])
            out[QUSAGE] = objects(usage)
        return out[~twice].reset_index(drop=True)


def _what(record: Mapping[str, Any], row: int) -> object:
    """Return what makes a query the same as another."""
    vector, toks = record.get(QUERY_VEC), record.get(QUERY_TOKS)
    if vector is not None and not isinstance(vector, float):
        return row
    terms = frozenset(toks.items()) if isinstance(toks, Mapping) else None
    return words_in(record[QUERY]), terms
