from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pandas as pd
import pytest

from pyterrier_rewrite.text.analysis import EnglishAnalyzer
from pyterrier_rewrite.text.typical import typical_terms
from pyterrier_rewrite.training import typical_targets

TEXTS = {
    "d1": "red sofa velvet",
    "d2": "sofa velvet oak",
    "d3": "desk oak drawer",
    "d4": "lamp",
}
QRELS = pd.DataFrame(
    [("1", "d1", 1), ("1", "d2", 1), ("1", "d3", 0), ("2", "d4", 0)],
    columns=["qid", "docno", "label"],
)
TOPICS = pd.DataFrame([("1", "couch", "x"), ("2", "light", "y")], columns=["qid", "query", "kind"])


class Texts:
    """Documents, and their counts."""

    analyzer = EnglishAnalyzer()
    num_docs = len(TEXTS)
    num_tokens = 10

    def texts(self, docnos: Any) -> dict[str, str]:
        return {docno: TEXTS[docno] for docno in docnos if docno in TEXTS}

    def document_frequencies(self, stems: Any) -> dict[str, int]:
        counts = Counter(self.analyzer.stem(t) for text in TEXTS.values() for t in text.split())
        return {stem: counts[stem] for stem in stems if stem in counts}

    collection_frequencies = document_frequencies


INDEX: dict[str, Any] = {"texts": Texts(), "statistics": Texts()}


def test_typical_terms_by_hand() -> None:
    ranked = typical_terms(QRELS, **INDEX, min_share=0.5)
    worth = {
        "sofa": math.log(4 / 2),
        "velvet": math.log(4 / 2),
        "red": 0.5 * math.log(0.5 * 4),
        "oak": 0.5 * math.log(0.5 * 4 / 2),  # 0: as frequent as anywhere
    }
    assert worth["sofa"] > worth["red"] > worth["oak"] == 0
    assert ranked == {"1": ["sofa", "velvet", "red"]}


def test_targets_are_drawn_from_the_typical_terms_in_their_order() -> None:
    found = typical_targets(TOPICS, QRELS, **INDEX, draws=30, terms=2)
    assert found["qid"].unique().tolist() == ["1"]  # 2 has no relevant document
    assert found["kind"].unique().tolist() == ["x"]
    assert len(found) == 30
    assert set(found["target"]) == {"sofa velvet", "sofa red", "velvet red"}
    assert found.equals(typical_targets(TOPICS, QRELS, **INDEX, draws=30, terms=2))
    assert not found.equals(typical_targets(TOPICS, QRELS, **INDEX, draws=30, terms=2, seed=1))
    first = typical_targets(TOPICS, QRELS, **INDEX, draws=9, terms=5, candidates=1)
    assert set(first["target"]) == {"sofa"}


@pytest.mark.parametrize("name", ["draws", "terms", "candidates", "documents"])
def test_numbers_out_of_range(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        typical_targets(TOPICS, QRELS, **INDEX, **{name: 0})


def test_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match="min_share"):
        typical_targets(TOPICS, QRELS, **INDEX, min_share=2)
    with pytest.raises(ValueError, match="none of the topics has a relevant document"):
        typical_targets(TOPICS.iloc[1:], QRELS, **INDEX)
