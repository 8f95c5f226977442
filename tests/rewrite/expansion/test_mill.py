"""MILL: mutual verification, with cosines worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.testing import FakeLLM, sample_results
from pyterrier_rewrite.text.similarity import TermVectors, cosines, encode_groups

VECTORS = {
    "alpha": (1.0, 0.0),
    "beta": (0.0, 10.0),  # ten times as long as the others: a dot product would prefer it
    "gamma": (0.6, 0.8),
    "delta": (1.0, 0.0),
    "epsilon": (0.8, 0.6),
    "zeta": (0.0, 1.0),
}


class Table:
    """Encodes texts by a table, and counts the calls."""

    def __init__(self):
        self.calls = 0

    def encode(self, texts):
        self.calls += 1
        return np.array([VECTORS[text] for text in texts])


def results(*texts: str, qids: tuple[str, ...] = ("1",)) -> pd.DataFrame:
    rows = [
        {"qid": qid, "query": "q", "docno": f"d{i}", "text": text, "score": -i, "rank": i}
        for qid in qids
        for i, text in enumerate(texts)
    ]
    return pd.DataFrame(rows)


def test_mutual_verification():
    # cosines        delta  epsilon  zeta | sum
    #   alpha         1       .8      0   | 1.8
    #   beta          0       .6      1   | 1.6
    #   gamma         .6      .96     .8  | 2.36
    #   sum           1.6     2.36    1.8
    # By the maximum, alpha and beta would stay; by the kept generations alone, delta not zeta.
    llm = FakeLLM(["alpha", "beta", "gamma"])
    mill = pr.MILL(llm, n=3, keep=2, keep_docs=2, encoder=Table(), formulation=pr.Repeat(1))
    out = mill(results("delta", "epsilon", "zeta"))
    assert out["query"][0] == "q gamma alpha epsilon zeta"


def test_as_published_five_of_each_and_three_are_kept():
    llm = FakeLLM([f"g{i} common" for i in range(5)])
    texts = [f"t{i} common" for i in range(7)]
    out = pr.MILL(llm)(results(*texts))
    words = out["query"][0].split()
    assert words[:5] == ["q"] * 5
    assert words[5:] == "g0 common g1 common g2 common t0 common t1 common t2 common".split()


def test_one_request_a_query_which_shows_no_document():
    llm = FakeLLM("a sofa")
    feedback = pt.Transformer.from_df(sample_results().drop(columns=["query", "split"]))
    topics = pd.DataFrame({"qid": ["q1", "q2"], "query": ["red couch", "bees"]})
    out = pr.MILL(llm, feedback=feedback)(topics)
    ((prompts, sampling),) = llm.calls
    assert [[m["role"] for m in prompt] for prompt in prompts] == [["user"], ["user"]]
    assert prompts[0][0]["content"].endswith("Query: red couch")
    assert not any("honey" in prompt[0]["content"].lower() for prompt in prompts)
    assert (sampling.n, sampling.temperature) == (5, 0.7)
    assert [usage["requests"] for usage in out["qusage"]] == [1, 1]


def test_sub_queries_and_passages_are_one_generation():
    llm = FakeLLM("1. what is a sofa\nA seat for two.\n2. what is a couch\nA sofa.")
    out = pr.MILL(llm, n=1, keep_docs=0, formulation=pr.Repeat(1))(results("seat"))
    assert out["query"][0] == "q what is a sofa A seat for two. what is a couch A sofa."


def test_documents_alone_are_verified_by_nothing():
    with pytest.warns(pr.RewriteWarning):
        out = pr.MILL(FakeLLM("..."))(results("delta"))
    assert out["query"][0] == "q"
    assert out["qstatus"][0].startswith("failed")


def test_documents_are_cut_to_their_budget():
    out = pr.MILL(FakeLLM("word"), doc_tokens=3, formulation=pr.Repeat(1))(results("word " * 100))
    assert out["query"][0] == "q" + " word" * 3 + " word word"


def test_many_queries_are_encoded_together():
    encoder = Table()
    qids = tuple(f"{i:03}" for i in range(65))
    llm = FakeLLM(["alpha", "beta"])
    pr.MILL(llm, n=2, encoder=encoder)(results("delta", qids=qids))
    assert encoder.calls == 2  # 64 queries, and one more


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"keep": 0}, "keep should be at least 1, found 0"),
        ({"keep_docs": -1}, "keep_docs should be 0 or more, found -1"),
    ],
)
def test_numbers_to_keep_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        pr.MILL(FakeLLM("x"), **settings)(results("delta"))


def test_generations_and_documents_are_encoded_as_documents():
    told = []

    class Index(Table):
        def encode(self, texts, *, documents=False):
            told.append(documents)
            return super().encode(texts)

    pr.MILL(FakeLLM("alpha"), n=1, encoder=Index())(results("delta"))
    assert told == [True]


def test_term_vectors_count_stems_without_stop_words():
    # sofa twice: 1 + ln 2; the texts share one stem of two and one
    vectors = TermVectors().encode(["the red sofa and sofas", "a sofa", "!"])
    assert vectors.tolist() == [[1.0, pytest.approx(1 + np.log(2))], [0.0, 1.0], [0.0, 0.0]]
    length = np.hypot(1, 1 + np.log(2))
    found = cosines(vectors, vectors)
    assert found[0, 1] == pytest.approx((1 + np.log(2)) / length)
    assert found[2].tolist() == [0, 0, 0]


def test_groups_are_split_again():
    groups = [["alpha"], [], ["beta", "gamma"]]
    assert [len(vectors) for vectors in encode_groups(groups, Table())] == [1, 0, 2]
