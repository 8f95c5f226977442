"""A small index of PISA, and frames to ask it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from pyterrier_rewrite.pipelines import PisaIndex

DOCS: list[dict[str, Any]] = [
    {"docno": "d1", "title": "Cats", "text": "the cat sat on the mat", "brand": "felix"},
    {"docno": "d2", "title": "Dogs", "text": "a dog chased the cat and the dog ran away"},
    {
        "docno": "dé3",
        "title": "",
        "text": "dogs, running.\nRunning\x00 fast \ud800!",
        "size": {"w": 1},
    },
    {"docno": "d4", "text": ""},
    {"docno": "d5", "title": None, "text": "birds sing; a bird sang"},
    {"docno": "d6", "title": "birds", "text": "sing a bird sang"},
]


def build(path: Path, corpus: object = DOCS, **settings: Any) -> PisaIndex:
    return PisaIndex.build(path, corpus, verbose=False, **settings)


def frame(*queries: str, **columns: list[Any]) -> pd.DataFrame:
    qids = [f"q{i}" for i in range(len(queries))]
    # as objects, because a lone surrogate does not go into a pandas string column
    texts = pd.Series(queries, dtype=object)
    return pd.DataFrame({"qid": qids, "query": texts, **columns})


def scores(results: pd.DataFrame, qid: str = "q0") -> dict[str, float]:
    rows = results[results["qid"] == qid]
    return dict(zip(rows["docno"], rows["score"], strict=True))
