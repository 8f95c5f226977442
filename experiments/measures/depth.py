"""Effectiveness by depth: turn by turn, and over conversations as well as over turns."""

from __future__ import annotations

from typing import Final

import pandas as pd

from pyterrier_rewrite.columns import QCONVERSATION, QID, QTURN

DEPTH_MEASURE: Final = "nDCG@3"
"""The measure of the curves, beside an experiment's own: what TREC CAsT reports."""


def is_conversational(topics: pd.DataFrame) -> bool:
    """Say whether topics tell which turn of which conversation they are."""
    return all(c in topics.columns and topics[c].notna().all() for c in (QCONVERSATION, QTURN))


def by_depth(perquery: pd.DataFrame, topics: pd.DataFrame) -> pd.DataFrame:
    """Return means by turn number, over all turns, and over conversations.

    The mean over conversations is the mean of each conversation's mean: a long conversation
    counts as much as a short one.

    Args:
        perquery: ``name``, ``qid``, ``measure``, ``value``.
        topics: ``qid``, ``qconversation``, ``qturn``.

    Returns:
        ``name``; ``over``: ``turn`` (one row a turn number), ``turns`` or ``conversations``;
        ``turn``: the turn number, missing in the other rows; ``count``: how many turns, or
        conversations, the mean is over; and a column a measure. Systems in their order.

    Example:
        >>> topics = pd.DataFrame({"qid": ["1", "2", "3"], "qconversation": ["a", "a", "b"],
        ...     "qturn": [1, 2, 1]})
        >>> values = pd.DataFrame({"name": "raw", "qid": ["1", "2", "3"], "measure": "nDCG@3",
        ...     "value": [1.0, 0.0, 1.0]})
        >>> by_depth(values, topics).round(2)
          name           over  turn  count  nDCG@3
        0  raw           turn     1      2    1.00
        1  raw           turn     2      1    0.00
        2  raw          turns  <NA>      3    0.67
        3  raw  conversations  <NA>      2    0.75
    """
    wide = perquery.pivot(index=["name", QID], columns="measure", values="value").reset_index()
    measures = list(dict.fromkeys(perquery["measure"]))
    wide = wide.merge(topics[[QID, QCONVERSATION, QTURN]], on=QID)
    parts = []
    for name in dict.fromkeys(perquery["name"]):
        its = wide[wide["name"] == name]
        turns = its.groupby(QTURN)[measures]
        conversations = its.groupby(QCONVERSATION)[measures].mean()
        curve = (
            turns.mean().reset_index(names="turn").assign(over="turn", count=turns.size().values)
        )
        means = pd.DataFrame([its[measures].mean(), conversations.mean()]).assign(
            over=["turns", "conversations"], count=[len(its), len(conversations)]
        )
        parts.append(pd.concat([curve, means]).assign(name=name))
    out = pd.concat(parts, ignore_index=True)[["name", "over", "turn", "count", *measures]]
    return out.astype({"turn": "Int64"})
