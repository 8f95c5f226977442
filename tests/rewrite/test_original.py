"""Original undoes every rewrite, in queries and results, and says so."""

from __future__ import annotations

import pandas as pd
import pyterrier as pt
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.testing import FakeLLM, sample_results, sample_topics

TERMS = pr.Query2Doc(FakeLLM("a couch"), formulation=pr.RepeatTerms(5))
TEXT = pr.Query2Doc(FakeLLM("a seat"))
UNDONE = "skipped: rewrite undone"


@pytest.mark.parametrize("rewriters", [TEXT, TERMS, TEXT >> TERMS, TERMS >> TEXT])
def test_it_undoes_whatever_was_rewritten(rewriters):
    out = (rewriters >> pr.Original())(sample_topics())
    assert out["query"].tolist() == sample_topics()["query"].tolist()
    assert not {"query_0", "query_1", "query_toks"} & set(out.columns)
    assert set(out["qstatus"]) == {UNDONE}


def test_cost_and_generations_stay():
    rewritten = TEXT(sample_topics())
    out = pr.Original()(rewritten)
    assert out["qgen"].tolist() == rewritten["qgen"].tolist()
    assert out["qusage"].tolist() == rewritten["qusage"].tolist()


def test_a_frame_that_was_never_rewritten_is_handed_through():
    for frame in (sample_topics(), sample_results(), sample_topics().iloc[:0]):
        pd.testing.assert_frame_equal(pr.Original()(frame), frame)


def test_a_second_time_there_is_nothing_to_undo():
    once = pr.Original()(TEXT(sample_topics()))
    pd.testing.assert_frame_equal(pr.Original()(once), once)


def test_a_status_that_says_why_nothing_was_rewritten_stays():
    topics = sample_topics().assign(qrewrite=["sofa", None, "shoes"])
    out = (pr.FromColumn() >> pr.Original())(topics)
    assert out["qstatus"].tolist() == [UNDONE, "skipped: no qrewrite", UNDONE]


def test_results_keep_their_documents():
    rewritten = TEXT(sample_topics())
    documents = sample_results().drop(columns=["query", "split"])
    results = rewritten.merge(documents, on="qid")
    out = pr.Original()(results)
    assert out["query"].tolist() == results["query_0"].tolist()
    assert out[["docno", "score", "text"]].equals(results[["docno", "score", "text"]])


def test_a_split_query_stays_as_many_rows_of_its_group():
    several = pr.MultiQuery(FakeLLM("sofa\ncouch\nsettee"), include_original=False)
    split = several(sample_topics().iloc[:1])
    out = pr.Original()(split)
    assert len(out) == len(split) > 1
    assert out["qid"].tolist() == split["qid"].tolist()
    assert set(out["query"]) == {"red couch for two"}
    assert set(out["qgroup"]) == {"q1"}


def test_rows_that_were_rewritten_more_often_than_others():
    both = pd.concat(
        [TEXT(sample_topics().iloc[:1]), (TEXT >> TERMS)(sample_topics().iloc[1:])],
        ignore_index=True,
    )
    assert pr.Original()(both)["query"].tolist() == sample_topics()["query"].tolist()


@pytest.mark.parametrize("rows", [0, 1, 3])
@pytest.mark.parametrize("rewriter", [TEXT, TERMS])
def test_inspection_tells_the_truth(rewriter, rows):
    frame = rewriter(sample_topics().iloc[:rows])
    out = pr.Original()(frame)
    assert pt.inspect.transformer_outputs(pr.Original(), list(frame.columns)) == list(out.columns)


def test_without_a_query_it_says_what_is_missing():
    with pytest.raises(pt.validate.InputValidationError, match="query"):
        pr.Original()(sample_topics().drop(columns=["query"]))
