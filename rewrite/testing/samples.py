"""Small frames: queries, results, and queries that have broken things before."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..columns import DOCNO, QID, QUERY, TEXT


def sample_topics() -> pd.DataFrame:
    """Return a small query frame with a column that no rewriter knows."""
    return pd.DataFrame(
        {
            QID: ["q1", "q2", "q3"],
            QUERY: ["red couch for two", "how do bees live", "waterproof shoes"],
            "split": ["test", "test", "test"],
        }
    )


def sample_results() -> pd.DataFrame:
    """Return a small result frame with texts, for rewriters that use feedback."""
    texts = [
        "A red two-seater sofa of linen, a small couch for a studio.",
        "Honey bees live in colonies; worker bees live for six weeks.",
        "Waterproof hiking shoes with a rubber sole keep feet dry.",
    ]
    rows = []
    for number, topic in enumerate(sample_topics().to_dict("records")):
        for rank in range(3):
            text = texts[(number + rank) % 3]
            scores: dict[str, Any] = {"score": 9.0 - rank, "rank": rank}
            rows.append({**topic, DOCNO: f"d{number}{rank}", TEXT: text, **scores})
    return pd.DataFrame(rows)


def hostile_queries() -> pd.DataFrame:
    """Return queries that have broken search engines and templates before."""
    texts = [
        "",
        "   ",
        "nul \x00 inside",
        "tabs\tand\nlines\r\n",
        "lone \ud800 surrogate",
        "{query} {0} %s ${x} {{",
        "quotes \" ' ` and <b>markup</b>",
        "title:shoes^2 #1(a b) +must -not",
        "!!! ??? ...",
        "the who and to be or not to be",
        "沙发 диван أريكة sofá",
        "word " * 20_000,
        "x" * 50_000,
    ]
    # as objects: pandas' own text type cannot hold a lone surrogate, files and requests can
    column = pd.Series(texts, dtype=object)
    return pd.DataFrame({QID: [f"h{i}" for i in range(len(texts))], QUERY: column})
