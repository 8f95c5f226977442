"""SearchFeedback: exact against pt.Experiment, and how it asks."""

from __future__ import annotations

import ir_measures
import numpy as np
import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite.experiments.collections import load_collection
from pyterrier_rewrite.experiments.shop import Shop
from pyterrier_rewrite.pipelines import RRF, PisaIndex
from pyterrier_rewrite.rewards import (
    SearchFeedback,
)
from pyterrier_rewrite.testing import FakeEngine
from tests.support.candidates import frame, values
from tests.support.paths import DATA

DOCS = [f"d{i:02}" for i in range(50)]


# -- SearchFeedback is pt.Experiment ------------------------------------------------------------

MEASURES = [
    "nDCG@10",
    "nDCG",
    "AP",
    "AP@100",
    "RR@10",
    "RR",
    "P@5",
    "R@20",
    "R@1000",
    "Success@1",
    "Bpref",
    "Rprec",
    "nDCG(judged_only=True)@10",
    "RBP(p=0.8)",
    "Judged@10",
]
COLLECTIONS = ["shop", "vaswani", "cranfield"]


@pytest.fixture(scope="module", params=COLLECTIONS)
def collection(request, tmp_path_factory):
    """An index, the rewrites to score and the judgements."""
    name = request.param
    if name == "shop":
        dataset = Shop(2000)
        topics, qrels = dataset.get_topics("dev"), dataset.get_qrels("dev")
    else:
        if not (DATA / name).is_dir():
            pytest.skip(f"{name} is not at hand")
        dataset = load_collection({"beir": str(DATA / name)})
        topics, qrels = dataset.get_topics(), dataset.get_qrels()
    index = PisaIndex.build(
        tmp_path_factory.mktemp(name) / "index", dataset.get_corpus_iter(), verbose=False
    )
    texts = [" ".join(text.split()[-3:]) for text in topics["query"]]
    texts[0] = "xyzzy"  # finds nothing
    topics = topics.assign(query_0=topics["query"], query=texts)
    return index, topics[["qid", "query", "query_0"]], qrels


def reported(pipeline, topics, qrels, measure) -> dict[str, float]:
    measure = ir_measures.parse_measure(measure)
    out = pt.Experiment([pipeline], topics, qrels, [measure], names=["s"], perquery=True)
    values = dict(zip(out["qid"], out["value"], strict=True))
    return {qid: values[qid] for qid in topics["qid"] if qid in values}


@pytest.mark.parametrize("measure", MEASURES)
def test_search_feedback_is_what_an_experiment_reports(collection, measure):
    index, topics, qrels = collection
    engine = index.bm25()
    try:
        ir_measures.evaluator([ir_measures.parse_measure(measure)], {"q": {"d": 1}})
    except ValueError:
        pytest.skip(f"no provider for {measure} is installed")
    expected = reported(engine, topics, qrels, measure)
    found = SearchFeedback(engine, qrels, measure).score(topics)
    assert found == pytest.approx(expected, abs=1e-9)


def test_search_feedback_of_fused_queries_is_what_an_experiment_reports(collection):
    index, topics, qrels = collection
    pipeline = index.bm25(num_results=50) >> RRF()
    split = pd.concat(
        [
            topics.assign(qid=topics["qid"] + "~1", qgroup=topics["qid"]),
            topics.assign(qid=topics["qid"] + "~2", qgroup=topics["qid"], query=topics["query_0"]),
        ]
    )
    split["qgroup_query"] = split["query_0"]
    split["qweight"] = [1.0, 0.5] * len(topics)
    out = pipeline(split)
    expected = reported(pt.Transformer.from_df(out), topics, qrels, "nDCG@10")
    found = SearchFeedback(pipeline, qrels, "nDCG@10").score(split)
    assert found == pytest.approx(expected, abs=1e-9)


def test_search_feedback_of_weighted_terms_is_what_an_experiment_reports(collection):
    index, topics, qrels = collection
    toks = [
        {word.lower(): 1.0 + i for i, word in enumerate(text.split())} for text in topics["query"]
    ]
    topics = topics.assign(query_toks=toks)
    expected = reported(index.bm25(), topics, qrels, "nDCG@10")
    found = SearchFeedback(index.bm25(), qrels, "nDCG@10").score(topics)
    assert found == pytest.approx(expected, abs=1e-9)


def test_many_candidates_a_query_are_scored_as_alone(collection):
    index, topics, qrels = collection
    reward = SearchFeedback(index.bm25(), qrels, "nDCG@10")
    topics = topics.head(20)
    alone = {f"{q}~1": mark for q, mark in reward.score(topics).items()}
    originals = topics.assign(query=topics["query_0"])
    alone |= {f"{q}~2": mark for q, mark in reward.score(originals).items()}
    both = pd.concat([topics.assign(n="1"), originals.assign(n="2")])
    both["qgroup"] = both["qid"]
    both["qid"] = both["qcand"] = both["qid"] + "~" + both["n"]
    assert reward.score(both) == pytest.approx(alone, abs=1e-12)


# -- how SearchFeedback asks --------------------------------------------------------------------


def test_an_engine_is_asked_once_for_each_distinct_query_and_no_deeper_than_needed():
    engine = FakeEngine(reply={"a": DOCS, "b": DOCS[::-1]})
    candidates = pd.concat([frame("a", "b", "a"), frame("b", "a", group="r")])
    reward = SearchFeedback(engine, {"q": {"d00": 1}, "r": {"d49": 1}}, "RR@10")
    assert values(reward, candidates) == [1, 0, 1, 1, 0]
    ((asked, depth),) = engine.calls
    assert asked["query"].tolist() == ["a", "b"]
    assert depth <= 15


def test_a_measure_without_a_cutoff_looks_all_the_way_down():
    engine = FakeEngine(reply={"a": DOCS})
    assert values(SearchFeedback(engine, {"q": {"d49": 1}}, "RR"), frame("a")) == [1 / 50]
    assert [depth for _, depth in engine.calls] == [1000]


@pytest.mark.parametrize("ties", [2, 12, 40])
def test_documents_that_tie_across_the_cutoff_are_all_seen(ties):
    """trec_eval ranks them by docno, last first, however deep they are."""

    scores = {
        docno: 991.0 if 9 <= rank < 9 + ties else 1000.0 - rank for rank, docno in enumerate(DOCS)
    }
    engine = FakeEngine(reply=scores)
    last = DOCS[9 + ties - 1]
    reward = SearchFeedback(engine, {"q": {last: 1}}, "P@10")
    assert values(reward, frame("a")) == [0.1]
    topics = pd.DataFrame([{"qid": "q", "query": "a"}])
    qrels = pd.DataFrame([["q", last, 1]], columns=["qid", "docno", "label"])
    assert reported(engine, topics, qrels, "P@10") == {"q": 0.1}


def test_an_engine_that_cannot_be_cut_is_asked_once():
    asked = []

    def find(inp):
        asked.append(len(inp))
        return FakeEngine(reply={"a": DOCS}).transform(inp)

    engine = pt.apply.generic(find)
    assert values(SearchFeedback(engine, {"q": {"d00": 1}}, "RR@10"), frame("a", "b")) == [1, 0]
    assert asked == [2]


def test_queries_with_the_same_text_but_other_terms_are_distinct():
    engine = FakeEngine(reply={"x": DOCS})
    toks = [{"a": 1.0}, {"a": 2.0}, {"a": 1.0}]
    candidates = frame("x", "x", "x").assign(query_toks=toks)
    SearchFeedback(engine, {"q": {"d00": 1}}, "RR@10").score(candidates)
    assert [asked["query_toks"].tolist() for asked, _ in engine.calls] == [[{"a": 1.0}, {"a": 2.0}]]


def test_vectors_are_told_apart():
    engine = FakeEngine(reply={"x": DOCS})
    vectors = [np.array([1.0, 0]), np.array([0, 1.0]), np.array([1.0, 0])]
    candidates = frame("x", "x", "x").assign(query_vec=vectors)
    SearchFeedback(engine, {"q": {"d00": 1}}, "RR@10").score(candidates)
    assert [asked["query"].tolist() for asked, _ in engine.calls] == [["x", "x"]]


def test_an_engine_may_read_other_columns():
    class Original(FakeEngine):
        def transform(self, inp):
            return super().transform(inp.assign(query=inp["query_0"]))

    engine = Original(reply={"o": ["d1"], "p": ["d2"]})
    candidates = pd.concat([frame("a"), frame("a", group="r", original="p")])
    qrels = {"q": {"d1": 1}, "r": {"d2": 1}}
    reward = SearchFeedback(engine, qrels, "RR", columns=["query_0"])
    assert values(reward, candidates) == [1, 1]
    with pytest.raises(ValueError, match=r"columns= names \['nope'\]"):
        SearchFeedback(engine, qrels, "RR", columns=["nope"]).score(candidates)


def test_a_candidate_of_several_queries_needs_a_fusion():
    engine = FakeEngine(reply={"a": ["d1", "d2"], "b": ["d3", "d2"]})
    candidates = frame("a", "b").assign(qcand="c")
    qrels = {"q": {"d2": 1}}
    # d2 has 1/62 twice, d1 and d3 1/61 once
    assert SearchFeedback(engine >> RRF(), qrels, "RR").score(candidates) == {"c": 1.0}
    with pytest.raises(ValueError, match=r"bm25 >> RRF\(\)"):
        SearchFeedback(engine, qrels, "RR").score(candidates)


def test_one_and_several_queries_in_a_batch():
    engine = FakeEngine(reply={"a": ["d1", "d2"], "b": ["d3", "d2"]}) >> RRF()
    candidates = frame("a", "b", "a", "a", "b").assign(qcand=["c", "c", "d", "e", "e"])
    reward = SearchFeedback(engine, {"q": {"d2": 1}}, "RR")
    assert reward.score(candidates) == {"c": 1.0, "d": 0.5, "e": 1.0}
