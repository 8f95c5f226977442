"""The first results of each query, however they are ranked."""

from __future__ import annotations

import pandas as pd
import pytest

from pyterrier_rewrite.rankings.lists import top

RESULTS = pd.DataFrame(
    [["q1", "a", 1, 2.0], ["q2", "b", 0, 1.0], ["q1", "c", 0, 3.0], ["q1", "d", 2, 3.0]],
    columns=["qid", "docno", "rank", "score"],
)


@pytest.mark.parametrize(
    ("columns", "first", "second"),
    [
        (["qid", "docno", "rank", "score"], "c", "a"),  # the rank decides
        (["qid", "docno", "score"], "c", "d"),  # of equals the earlier
        (["qid", "docno"], "a", "c"),  # as they stand
    ],
)
def test_the_best_results_of_each_query(columns, first, second):
    best = top(RESULTS[columns], 2)
    assert best.loc[best["qid"] == "q1", "docno"].tolist() == [first, second]
    assert best.loc[best["qid"] == "q2", "docno"].tolist() == ["b"]
    assert list(best.columns) == columns


def test_of_no_results_there_are_none():
    assert top(RESULTS.iloc[:0], 3).empty
