"""Few-shot examples: who is chosen, and that the query under test never is."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.testing import FakeLLM, check_rewriter
from tests.support.paths import DATA

POOL = pr.ExamplePool(
    {"qid": f"t{i}", "query": query, "passage": f"passage {i} {{query}}"}
    for i, query in enumerate(
        ["red sofa", "blue sofa bed", "how do bees live", "bees in winter", "hiking shoes"]
    )
)


def topics(*queries, qids=None, **more):
    qids = qids or [f"q{i}" for i in range(len(queries))]
    return pd.DataFrame({"qid": qids, "query": list(queries), **more})


def ids(source, frame):
    return [[example["qid"] for example in its] for its in source.for_queries(frame)]


def test_by_id_keeps_the_order_given():
    assert ids(pr.ExamplesById(POOL, ("t3", "t0")), topics("a", "b")) == [["t3", "t0"]] * 2


def test_by_id_says_what_is_missing():
    with pytest.raises(ValueError, match=r"no example \['x'\]"):
        ids(pr.ExamplesById(POOL, ("x",)), topics("a"))


def test_random_is_the_same_for_every_query_and_every_time():
    first, second = ids(pr.RandomExamples(POOL, 3, seed=5), topics("a", "b"))
    assert first == second == ids(pr.RandomExamples(POOL, 3, seed=5), topics("c"))[0]
    assert len(set(first)) == 3
    others = {tuple(ids(pr.RandomExamples(POOL, 3, seed=s), topics("a"))[0]) for s in range(9)}
    assert len(others) > 1


def test_similar_puts_the_most_alike_last():
    # N 5; df: sofa 2, bee 2, red blue bed live winter hiking shoe 1 ("how do in" are stop words)
    # "bees live": t2 shares bee and live, t3 bee only
    assert ids(pr.SimilarExamples(POOL, 2), topics("live bee")) == [["t3", "t2"]]
    # the rare word counts more: red 1/5 against sofa 2/5
    assert ids(pr.SimilarExamples(POOL, 1), topics("red sofas"))[0] == ["t0"]


def test_tf_idf_by_hand():
    pool = pr.ExamplePool({"qid": c, "query": q} for c, q in [("a", "x y"), ("b", "x"), ("c", "z")])
    from pyterrier_rewrite.text.pool import _tf_idf

    # idf: x log(3/2) = .4055, y and z log 3 = 1.0986; |a| = 1.1711
    # query "x": cosine with a .4055 / 1.1711 = .3462, with b 1, with c 0
    assert _tf_idf(pool)("x") == pytest.approx([0.3462, 1.0, 0.0], abs=1e-4)
    assert _tf_idf(pool)("unknown") == pytest.approx([0, 0, 0])


def test_similar_by_an_encoder_asks_for_the_pool_once():
    class Lengths:
        calls = 0

        def encode(self, texts):
            Lengths.calls += 1
            return np.array([[len(text), 10.0] for text in texts])

    source = pr.SimilarExamples(POOL, 1, encoder=Lengths())
    assert ids(source, topics("x" * 8, "y" * 100)) == [["t0"], ["t2"]]
    assert ids(source, topics("z" * 8)) == [["t0"]]
    assert Lengths.calls == 1 + 3


SOURCES = [
    pr.ExamplesById(POOL, tuple(f"t{i}" for i in range(5))),
    pr.RandomExamples(POOL, 4),
    pr.SimilarExamples(POOL, 4),
]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("frame", "forbidden"),
    [
        (topics("anything", qids=["t1"]), "t1"),
        (topics("RED sofa!"), "t0"),
        (topics("rewritten", query_0=["red sofa"]), "t0"),
        (topics("one aspect", qids=["t1~2"], qgroup=["t1"]), "t1"),
        (topics("one aspect", qgroup=["q"], qgroup_query=["red sofa"]), "t0"),
    ],
)
def test_the_query_under_test_is_never_shown(source, frame, forbidden):
    (chosen,) = ids(source, frame)
    assert forbidden not in chosen
    assert len(chosen) == 4


def test_examples_reach_the_prompt_of_their_query():
    llm = FakeLLM("x")
    source = pr.SimilarExamples(POOL, 1)
    pr.Query2Doc(llm, prompt="query2doc/few-shot", examples=source)(topics("couch red", "bee live"))
    shown = [("red sofa", "passage 0 {query}", "couch red")]
    shown += [("how do bees live", "passage 2 {query}", "bee live")]
    for (asks, *turns), (query, passage, asked) in zip(llm.prompts, shown, strict=True):
        assert asks["role"] == "user"
        assert asks["content"].endswith(f"\n\nQuery: {query}\nPassage:")
        assert asks["content"].count("Query: ") == 1
        assert turns == [
            {"role": "assistant", "content": passage},
            {"role": "user", "content": f"Query: {asked}\nPassage:"},
        ]


@pytest.mark.parametrize("source", SOURCES)
def test_a_rewriter_with_a_source_keeps_the_contract(source):
    check_rewriter(pr.Query2Doc(FakeLLM("x"), prompt="query2doc/few-shot", examples=source, seed=1))


def test_sources_and_pools_are_values():
    again = pr.ExamplePool(POOL.examples)
    assert again == POOL
    assert hash(again) == hash(POOL)
    assert pr.RandomExamples(POOL, 2) == pr.RandomExamples(again, 2)
    assert pr.RandomExamples(POOL, 2) != pr.RandomExamples(POOL, 2, seed=1)
    assert pickle.loads(pickle.dumps(pr.SimilarExamples(POOL))) == pr.SimilarExamples(POOL)
    assert repr(pr.RandomExamples(POOL, 2)).startswith(
        "RandomExamples(pool=ExamplePool(<5 examples, "
    )


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ([], "found none"),
        ([{"qid": "1"}], "needs qid and query"),
        ([{"qid": "1", "query": "a"}] * 2, "'1' more than once"),
    ],
)
def test_a_pool_says_what_it_expects(examples, message):
    with pytest.raises(ValueError, match=message):
        pr.ExamplePool(examples)


def test_a_method_with_one_template_refuses_a_source():
    class Own(pr.Query2Doc):
        def messages(self, queries):
            return [self.template().render(query=query) for query in queries["query"]]

    with pytest.raises(ValueError, match="same examples to every query"):
        Own(FakeLLM(), prompt="query2doc/few-shot", examples=SOURCES[1]).search("x")


class Texts:
    def __init__(self, texts):
        self.known = texts

    def texts(self, docnos):
        return {docno: self.known[docno] for docno in docnos if docno in self.known}


def test_a_pool_from_judgements_takes_the_best_document_and_cuts_it():
    frame = topics("a", "b", "c", "d")
    qrels = pd.DataFrame(
        [("q0", "d1", 1), ("q0", "d2", 2), ("q1", "d1", 0), ("q2", "gone", 1), ("q3", "d3", 1)],
        columns=["qid", "docno", "label"],
    )
    texts = Texts({"d1": "no", "d2": "word " * 50, "d3": "three\x00 words\nhere"})
    pool = pr.ExamplePool.from_judged(frame, qrels, texts, slot="text", max_tokens=5)
    assert sorted(pool.examples, key=lambda e: e["qid"]) == [
        {"qid": "q0", "query": "a", "text": "word word word word"},
        {"qid": "q3", "query": "d", "text": "three words here"},
    ]


@pytest.mark.skipif(not (DATA / "toollens").exists(), reason="no shared data")
def test_examples_of_a_train_split_fit_its_test_queries():
    folder = DATA / "toollens"

    def split(name):
        wanted = pd.read_csv(folder / "qrels" / f"{name}.tsv", sep="\t", dtype=str)["query-id"]
        wanted = set(wanted)
        with (folder / "queries.jsonl").open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        return [(row["_id"], row["text"]) for row in rows if row["_id"] in wanted]

    pool = pr.ExamplePool({"qid": qid, "query": text} for qid, text in split("train")[:2000])
    test = pd.DataFrame(split("dev")[:20], columns=["qid", "query"])
    for its, query in zip(
        pr.SimilarExamples(pool, 3).for_queries(test), test["query"], strict=True
    ):
        assert len(its) == 3
        assert set(its[-1]["query"].lower().split()) & set(query.lower().split())
