"""The frame that rewards read: candidates, their groups, and the originals beside them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from pyterrier_rewrite.columns import (
    QCAND,
    QGEN,
    QGROUP,
    QGROUP_QUERY,
    QID,
    QSTATUS,
    QUERY,
    QUERY_0,
    QUERY_FORMS,
    QUERY_TOKS,
    QWEIGHT,
)


def candidate_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with every column that says which candidate a row is of.

    A frame without ``qcand`` is a rewriter's output: the queries of a ``qgroup``, or else each
    query, are one candidate. Without ``query_0`` the text before a split stands in.

    Raises:
        ValueError: If a column is missing, a qid occurs twice, a query is not a text, or a
            candidate is in two groups.
    """
    if not {QID, QUERY} <= set(frame.columns):
        raise ValueError(
            f"a frame of candidates needs the columns qid and query, found {list(frame.columns)}"
        )
    frame = frame.reset_index(drop=True)
    if QGROUP not in frame.columns:
        frame[QGROUP] = frame[QID]
    if QCAND not in frame.columns:
        frame[QCAND] = frame[QGROUP]
    if QUERY_0 not in frame.columns and QGROUP_QUERY in frame.columns:
        frame[QUERY_0] = frame[QGROUP_QUERY]
    if not frame[QID].is_unique:
        twice = frame[QID][frame[QID].duplicated()].iloc[0]
        raise ValueError(f"every row should have a qid of its own, found {twice!r} twice")
    for qid, text in zip(frame[QID].tolist(), frame[QUERY].tolist(), strict=True):
        if not isinstance(text, str):
            raise ValueError(f"the query of row {qid!r} should be a text (str), found {text!r}")
    if not frame[QCAND].is_unique:
        pairs = frame[[QCAND, QGROUP]].drop_duplicates()
        if not pairs[QCAND].is_unique:
            torn = pairs[QCAND][pairs[QCAND].duplicated()].iloc[0]
            raise ValueError(f"candidate {torn!r} is in two groups; name every candidate anew")
    return frame


def groups_of(frame: pd.DataFrame) -> dict[str, str]:
    """Return the group of each candidate, in the order of the frame."""
    return dict(zip(frame[QCAND].tolist(), frame[QGROUP].tolist(), strict=True))


def with_originals(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Add the original query of each group as a candidate of its own.

    Returns:
        The longer frame, and the name of the original's candidate for each group.

    Raises:
        ValueError: If the frame does not hold the original queries.
    """
    if QUERY_0 not in frame.columns:
        raise ValueError(
            "to compare with the original query a frame of candidates needs its text in query_0, "
            f"found {list(frame.columns)}"
        )
    originals = frame.drop_duplicates(QGROUP).reset_index(drop=True)
    gone = [c for c in (*QUERY_FORMS, QWEIGHT, QSTATUS, QGEN) if c in originals.columns]
    originals = originals.drop(columns=gone)
    taken = {*frame[QCAND].tolist(), *frame[QID].tolist()}
    names = []
    for group in originals[QGROUP].tolist():
        name = f"{group}~0"
        while name in taken:
            name += "~0"
        names.append(name)
    originals[QID] = originals[QCAND] = names
    originals[QUERY] = originals[QUERY_0]
    if QGEN in frame.columns:
        originals[QGEN] = pd.Series([[text] for text in originals[QUERY]], dtype=object)
    both = pd.concat([frame, originals], ignore_index=True)
    return both, dict(zip(originals[QGROUP].tolist(), names, strict=True))


def row_texts(frame: pd.DataFrame) -> list[str]:
    """Return what each row says to the engine: its weighted terms, or else its text."""
    texts: list[str] = frame[QUERY].tolist()
    if QUERY_TOKS not in frame.columns:
        return texts
    toks = frame[QUERY_TOKS].tolist()
    return [" ".join(t) if isinstance(t, Mapping) else q for q, t in zip(texts, toks, strict=True)]
