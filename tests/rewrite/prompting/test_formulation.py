"""Formulations, with the numbers worked out by hand, and Query2Doc's call pattern."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.testing import FakeLLM
from pyterrier_rewrite.text.analysis import EnglishAnalyzer, count_terms


def text(formulation, query, *parts):
    (new,) = formulation.form(query, parts)
    return new.text


def test_texts():
    assert text(pr.Replace(), "q", "a", "b") == "a b"
    assert text(pr.Repeat(3), "q", "a b") == "q q q a b"
    assert text(pr.Join(), "q", "a b") == "q [SEP] a b"
    assert text(pr.Interleave(), "q", "a b", "c") == "q a b q c"
    assert [q.text for q in pr.Several().form("q", ["a", "b"])] == ["a", "b"]


@pytest.mark.parametrize(
    ("beta", "query", "parts", "times"),
    [
        (5, "abcd", ["x" * 39], 1),  # 39 / 20 = 1.95
        (5, "abcd", ["x" * 40], 2),  # 40 / 20 = 2
        (5, "abcd", ["x" * 20, "y" * 19], 2),  # 20 + 1 + 19 = 40
        (4, "abcd", ["x" * 48], 3),
        (2.5, "abcd", ["x" * 39], 3),  # 39 / 10 = 3.9
        (5, "a long query", ["short"], 1),  # ⌊5 / 60⌋ = 0, but never 0
        (5, "q", [""], 1),
    ],
)
def test_adaptive_repeat_counts_characters_and_never_loses_the_query(beta, query, parts, times):
    expected = " ".join([query] * times + parts)
    assert text(pr.AdaptiveRepeat(beta), query, *parts) == expected


def test_weighted_terms_mix_the_two_shares():
    # query: red, shoe, each .4 / 2; parts: shoes, blue, shoes (no "the"), each .6 / 3
    (new,) = pr.WeightedTerms(0.4).form("red shoe", ["the shoes", "blue shoes"])
    assert new.toks == pytest.approx({"red": 0.2, "shoe": 0.2 + 0.2 + 0.2, "blue": 0.2})
    assert new.text == "red shoe"


@pytest.mark.parametrize(
    ("share", "query", "part", "weights"),
    [
        (1.0, "red shoe", "blue", {"red": 0.5, "shoe": 0.5}),
        (0.3, "the", "blue shoe", {"blue": 0.5, "shoe": 0.5}),  # nothing to weigh in the query
        (0.3, "red", "of the", {"red": 1.0}),
        (1.0, "to be", "blue", {"to": 0.5, "be": 0.5}),  # its stop words are better than nothing
        (0.5, "to", "be", {"to": 0.5, "be": 0.5}),
    ],
)
def test_weighted_terms_always_sum_to_one(share, query, part, weights):
    (new,) = pr.WeightedTerms(share).form(query, [part])
    assert new.toks == pytest.approx(weights)


def test_as_terms_counts_what_the_other_writes():
    (new,) = pr.AsTerms(pr.AdaptiveRepeat(2)).form("sofa", ["couches couch", "red"])
    # ⌊17 / 8⌋ = 2 times the query
    assert new.toks == {"sofa": 2.0, "couches": 2.0, "red": 1.0}
    assert new.text == "sofa"


def test_several_weighs_the_parts_in_order():
    formed = pr.Several((0.9, 0.5)).form("q", ["a", "b", "c"])
    assert [(q.text, q.weight) for q in formed] == [("a", 0.9), ("b", 0.5), ("c", 0.5)]


def test_weights_reach_the_frame_and_the_original_weighs_one():
    plain = pr.Prompt("test/plain", 1, (("user", "{query}"),), ("query",))
    rewriter = pr.LLMRewriter(
        FakeLLM("sofa\ncouch"),
        prompt=plain,
        parser=pr.Queries(),
        formulation=pr.Several((0.5,)),
        include_original=True,
    )
    assert rewriter.search("settee")["qweight"].tolist() == [1.0, 0.5, 0.5]


class Lengths:
    """Encodes a text by its length; documents get a mark."""

    def __init__(self):
        self.calls = []

    def encode(self, texts, *, documents=False):
        self.calls.append((list(texts), documents))
        return np.array([[len(text), float(documents)] for text in texts])


def test_mean_vector_is_the_mean_of_the_query_and_all_parts():
    encoder = Lengths()
    parts = [["abcde", "ab"], [], ["abcdef"]]
    formed = pr.MeanVector(encoder).form_batch(["ab", "x", "abcd"], parts)
    # (2 + 5 + 2) / 3 = 3, two of three are documents; (4 + 6) / 2 = 5, one of two
    assert formed[0][0].vec == pytest.approx([3.0, 2 / 3])
    assert formed[1] == []
    assert formed[2][0].vec == pytest.approx([5.0, 0.5])
    assert [new.text for (new,) in (formed[0], formed[2])] == ["ab", "abcd"]
    # one call for all queries, one for all parts
    assert encoder.calls == [(["ab", "abcd"], False), (["abcde", "ab", "abcdef"], True)]


def test_mean_vector_gives_each_query_its_own_parts():
    formed = pr.MeanVector(Lengths()).form_batch(["a", "a"], [["b", "bb", "bbb"], ["cccccc"]])
    # (1 + 1 + 2 + 3) / 4 and (1 + 6) / 2
    assert [new.vec[0] for (new,) in formed] == [1.75, 3.5]


def test_mean_vector_takes_any_encoder():
    class Plain:
        def encode(self, texts):
            return [[len(text)] for text in texts]

    (new,) = pr.MeanVector(Plain()).form("ab", ["abcd"])
    assert new.vec == pytest.approx([3.0])


def test_a_failed_query_gets_its_own_vector():
    rewriter = pr.Query2Doc(FakeLLM(["abcd", ""]), formulation=pr.MeanVector(Lengths()))
    topics = pd.DataFrame({"qid": ["1", "2"], "query": ["ab", "abcdef"]})
    with pytest.warns(pr.RewriteWarning):
        out = rewriter(topics)
    assert [list(vector) for vector in out["query_vec"]] == [[3.0, 0.5], [6.0, 0.0]]


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    pytest.importorskip("pyterrier_pisa")
    from pyterrier_rewrite.pipelines import PisaIndex

    draw = random.Random(3)
    words = "sofa sofas couch red blue running runs shoe shoes 3 2024 the of also U.S.A. bee's"
    documents = [
        {"docno": f"d{i}", "text": " ".join(draw.choices(words.split(), k=draw.randint(3, 30)))}
        for i in range(80)
    ]
    return PisaIndex.build(
        tmp_path_factory.mktemp("index") / "x.pisa", documents, name="x", verbose=False
    )


PARTS = [
    ("red sofa", ["the sofas also come in blue, or red", "a running shoe of 2024"]),
    ("the of also", ["couch"]),  # stop words, and something to search for beside them
    ("The U.S.A.'s bee's 3 shoes", ["Runs! (shoes) 3 3", "the"]),
    ("running", ["running runs run couch's"]),
]


@pytest.mark.parametrize(
    "formulation",
    [pr.Replace(), pr.Repeat(5), pr.AdaptiveRepeat(2), pr.Interleave()],
    ids=lambda formulation: type(formulation).__name__,
)
@pytest.mark.parametrize(("query", "parts"), PARTS)
def test_text_and_terms_rank_alike(index, formulation, query, parts):
    in_terms = [pr.AsTerms(formulation, index.analyzer)]
    if isinstance(formulation, pr.Repeat):
        in_terms.append(pr.RepeatTerms(formulation.n, index.analyzer))
    expected = ranking(index, formulation, query, parts)
    assert len(expected) > 5
    for terms in in_terms:
        assert ranking(index, terms, query, parts) == pytest.approx(expected, rel=1e-4)


def ranking(index, formulation, query, parts):
    (new,) = formulation.form(query, parts)
    row = {"qid": "1", "query": new.text} | ({"query_toks": new.toks} if new.toks else {})
    found = index.bm25(num_results=80)(pd.DataFrame([row]))
    return dict(zip(found["docno"], found["score"], strict=True))


def test_terms_follow_the_engines_stop_words(index):
    # "also" is a stop word of the engine, and none of the plain English list
    (ours,) = pr.RepeatTerms(1).form("also", ["sofa"])
    (engines,) = pr.RepeatTerms(1, index.analyzer).form("also", ["sofa"])
    assert (set(ours.toks), set(engines.toks)) == ({"also", "sofa"}, {"sofa"})


def test_repeat_terms_counts_stems_under_the_querys_own_form():
    # query: shoe 1, red 1, each times 5; parts: shoes 2 (one stem with shoe), blue 1, no "the"
    (new,) = pr.RepeatTerms(5).form("red shoe", ["the shoes", "blue shoes"])
    assert new.toks == {"red": 5.0, "shoe": 5.0 + 2.0, "blue": 1.0}
    assert new.text == "red shoe"


@pytest.mark.parametrize("parts", [["couch"], ["couch", "sofa", "couch"]])
def test_a_query_that_weighs_per_part_keeps_its_share(parts):
    # the query's share is 2·2 words of it for each word of a part, however many parts there are
    (new,) = pr.RepeatTerms(2, per_part=True).form("red shoe", parts)
    own = new.toks["red"] + new.toks["shoe"]
    assert new.toks["red"] == 2.0 * len(parts)
    assert own / sum(new.toks.values()) == pytest.approx(4 / 5)


@pytest.mark.parametrize(
    ("query", "counts"),
    [
        ("Running runs, and run", {"running": 3.0}),
        ("to be or not to be", {"to": 2.0, "be": 2.0, "or": 1.0, "not": 1.0}),
        ("???", {"???": 1.0}),
    ],
)
def test_count_terms_never_gives_nothing(query, counts):
    assert count_terms(query, EnglishAnalyzer()) == counts


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pr.AdaptiveRepeat(0), "beta should be over 0"),
        (lambda: pr.WeightedTerms(0), "original_weight should be over 0"),
        (lambda: pr.WeightedTerms(1.1), "at most 1, found 1.1"),
        (lambda: pr.Several(()), "weights should be positive"),
        (lambda: pr.Several((1, 0)), "weights should be positive"),
        (lambda: pr.AsTerms(pr.Several()), "should make one text"),
        (lambda: pr.AsTerms(pr.RepeatTerms()), "should make one text"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("make", [lambda: pr.Repeat(0), lambda: pr.RepeatTerms(0)])
def test_a_lost_query_is_refused(make):
    with pytest.raises(ValueError, match="the query would be lost"):
        make()


def test_no_parts_no_query():
    assert pr.Repeat(5).form_batch(["a", "b"], [["x"], []])[1] == []


def test_query2doc_asks_once_a_query_as_published():
    llm = FakeLLM("Passage: A sofa.")
    topics = pd.DataFrame({"qid": ["1", "2"], "query": ["couch", "settee"]})
    out = pr.Query2Doc(llm)(topics)
    ((prompts, sampling),) = llm.calls
    assert [p[0]["role"] for p in prompts] == ["user", "user"]
    assert "Query: settee\n" in prompts[1][0]["content"]
    assert (sampling.n, sampling.temperature, sampling.max_tokens) == (1, 1.0, 128)
    assert out["query"][0] == "couch couch couch couch couch A sofa."
    assert out["qgen"][0] == ["Passage: A sofa."]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n": 0}, "n should be at least 1"),
        ({"temperature": -1}, "temperature should be 0 or more"),
        ({"top_p": 0}, "top_p should be over 0 and at most 1"),
        ({"max_tokens": 0}, "max_tokens should be at least 1"),
    ],
)
def test_sampling_is_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        pr.Query2Doc(FakeLLM(), **settings).search("x")


def test_identical_repeatable_requests_are_sent_once():
    llm = FakeLLM("new")
    topics = pd.DataFrame({"qid": ["1", "2", "3"], "query": ["a", "b", "a"]})
    out = pr.Query2Doc(llm, seed=1)(topics)
    assert len(llm.prompts) == 2
    assert [usage["cached"] for usage in out["qusage"]] == [0, 0, 1]
    pr.Query2Doc(llm)(topics)
    assert len(llm.prompts) == 2 + 3
