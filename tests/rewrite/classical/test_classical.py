"""The classical rewriters: every formula with numbers worked out by hand."""

from __future__ import annotations

import json
import math
import pickle
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd
import pyterrier as pt
import pytest
from ir_measures import AP

from pyterrier_rewrite.classical import KL, RM3, Bo1, Rocchio
from pyterrier_rewrite.protocols import Analyzer, CollectionStatistics
from pyterrier_rewrite.testing import check_rewriter, sample_results
from pyterrier_rewrite.text.analysis import EnglishAnalyzer
from tests.support.paths import DATA

ALL = pytest.mark.parametrize("method", [RM3, Rocchio, Bo1, KL])


@dataclass
class Statistics:
    """Counts set by hand."""

    df: dict[str, int] = field(default_factory=dict)
    cf: dict[str, int] = field(default_factory=dict)
    num_docs: int = 100
    num_tokens: int = 1000
    analyzer: Analyzer = EnglishAnalyzer()

    def document_frequencies(self, stems: Iterable[str]) -> dict[str, int]:
        return {stem: self.df[stem] for stem in stems if stem in self.df}

    def collection_frequencies(self, stems: Iterable[str]) -> dict[str, int]:
        return {stem: self.cf[stem] for stem in stems if stem in self.cf}


WORDS = dict.fromkeys("wing lift drag flow stall".split(), 5)


def statistics(**changes: object) -> Statistics:
    settings = {"df": WORDS, "cf": WORDS, **changes}
    return Statistics(**settings)  # type: ignore[arg-type]


def results(query: str, *texts: object, scores: Iterable[object] = (), qid: str = "1"):
    frame = pd.DataFrame(
        {
            "qid": qid,
            "query": query,
            "docno": [f"{qid}.{i}" for i in range(len(texts))],
            "text": pd.Series(texts, dtype=object),
            "rank": range(len(texts)),
        }
    )
    scores = list(scores)
    return frame.assign(score=scores) if scores else frame


def terms(rewriter: pt.Transformer, frame: pd.DataFrame) -> dict[str, float]:
    return rewriter(frame).iloc[0]["query_toks"]


def near(expected: dict[str, float]):
    return pytest.approx(expected, abs=1e-9)


# Terms by document: lift 2, drag 1, wing 1 of 4; drag 2, flow 2 of 4; wing 1, stall 1 of 2.
TEXTS = ("lift lifts drag wing", "drag drag flow flow", "wings stall")
SCORES = (6.0, 3.0, 1.0)  # shares .6, .3, .1


# -- RM3 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("original_weight", "expected"),
    [
        # P(lift|R) = .6 * 2/4                = .30  of the best three, .8:  .375
        # P(drag|R) = .6 * 1/4 + .3 * 2/4     = .30                          .375
        # P(wing|R) = .6 * 1/4 + .1 * 1/2     = .20                          .25
        # P(flow|R) = .3 * 2/4 = .15 and P(stall|R) = .1 * 1/2 = .05: left out
        # P(wing|q) = P(lift|q) = .5
        (0.5, {"wing": 0.25 + 0.125, "lift": 0.25 + 0.1875, "drag": 0.1875}),
        (0.8, {"wing": 0.4 + 0.05, "lift": 0.4 + 0.075, "drag": 0.075}),
        (0.0, {"wing": 0.25, "lift": 0.375, "drag": 0.375}),
        (1.0, {"wing": 0.5, "lift": 0.5}),
    ],
)
def test_rm3_interpolates_the_relevance_model_with_the_query(original_weight, expected):
    rm3 = RM3(statistics(), fb_terms=3, original_weight=original_weight)
    assert terms(rm3, results("wing lift", *TEXTS, scores=SCORES)) == near(expected)


def test_rm3_counts_repeated_query_terms():
    # P(wing|q) = 2/3, P(lift|q) = 1/3
    rm3 = RM3(statistics(), fb_terms=3, original_weight=0.9)
    expected = {"wing": 0.6 + 0.025, "lift": 0.3 + 0.0375, "drag": 0.0375}
    assert terms(rm3, results("wing lift wing", *TEXTS, scores=SCORES)) == near(expected)


def test_rm3_takes_the_most_frequent_terms_of_each_document():
    # two terms a document: lift 2/3, drag 1/3; drag 1/2, flow 1/2; wing 1/2, stall 1/2
    # lift = .6 * 2/3 = .4, drag = .6 * 1/3 + .3 * 1/2 = .35, the rest is less
    rm3 = RM3(statistics(), fb_terms=2, original_weight=0)
    expected = {"lift": 0.4 / 0.75, "drag": 0.35 / 0.75}
    assert terms(rm3, results("wing", *TEXTS, scores=SCORES)) == near(expected)


@pytest.mark.parametrize(
    "scores", [(), (-1.0, -2.0, -3.0), (0.0, 0.0, 0.0), (9.0, 1.0, -1.0), (9.0, 1.0, math.nan)]
)
def test_rm3_weighs_documents_the_same_when_scores_cannot_be_shared_out(scores):
    # a third each: drag = 1/4 + 2/4, wing = 1/4 + 1/2, lift = 2/4 (before flow and stall)
    rm3 = RM3(statistics(), fb_terms=3, original_weight=0)
    expected = {"drag": 0.375, "wing": 0.375, "lift": 0.25}
    assert terms(rm3, results("wing", *TEXTS, scores=scores)) == near(expected)


def test_rm3_does_not_depend_on_the_scale_of_scores():
    rm3 = RM3(statistics())
    small = terms(rm3, results("wing", *TEXTS, scores=SCORES))
    large = terms(rm3, results("wing", *TEXTS, scores=[1000 * s for s in SCORES]))
    assert large == near(small)


@pytest.mark.parametrize(("df", "expands"), [(10, True), (11, False)])
def test_rm3_leaves_out_terms_of_more_than_a_tenth_of_the_collection(df, expands):
    rm3 = RM3(statistics(df={**WORDS, "drag": df}))
    assert ("drag" in terms(rm3, results("wing", *TEXTS, scores=SCORES))) is expands
    assert "drag" in terms(RM3(rm3.statistics, max_df=1), results("wing", *TEXTS))


# -- Rocchio ----------------------------------------------------------------------------------

# idf: lift log(1000/10) = 2 log 10, drag log(1000/100) = log 10, so 2 to 1
TWO_TO_ONE = Statistics(df={"lift": 10, "drag": 100, "wing": 1000}, num_docs=1000)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        # "lift drag" is (2, 1) / √5, "drag" is (0, 1); the centre (1/√5, (1/√5 + 1) / 2)
        ({}, {"lift": 1 + 0.75 / 5**0.5, "drag": 0.75 * (1 / 5**0.5 + 1) / 2}),
        ({"alpha": 2, "beta": 1}, {"lift": 2 + 1 / 5**0.5, "drag": (1 / 5**0.5 + 1) / 2}),
        # the query's own term stays when the best term is another
        ({"fb_terms": 1}, {"lift": 1 + 0.75 / 5**0.5, "drag": 0.75 * (1 / 5**0.5 + 1) / 2}),
        ({"beta": 0}, {"lift": 1.0}),
    ],
)
def test_rocchio_adds_the_centre_of_the_documents(settings, expected):
    rocchio = Rocchio(TWO_TO_ONE, **settings)
    assert terms(rocchio, results("lift", "lift drag", "drag")) == near(expected)


def test_rocchio_dampens_term_frequencies_by_logarithm():
    # lift (1 + ln 3) * 1 where it is twice in idf: (2, 1 + ln 3) scaled to length one
    length = math.hypot(2, 1 + math.log(3))
    rocchio = Rocchio(TWO_TO_ONE, alpha=0, beta=1)
    expected = {"lift": 2 / length, "drag": (1 + math.log(3)) / length}
    assert terms(rocchio, results("lift", "lift drag drag drag")) == near(expected)


def test_rocchio_scales_the_query_to_length_one():
    # (3, 4) / 5, and a document of nothing but a term that is everywhere and weighs nothing
    rocchio = Rocchio(TWO_TO_ONE, alpha=10, beta=1)
    frame = results("lift drag drag lift drag drag lift", "lift wing")
    assert terms(rocchio, frame) == near({"lift": 10 * 3 / 5 + 1, "drag": 10 * 4 / 5})


def test_rocchio_keeps_the_query_when_every_term_is_everywhere():
    assert terms(Rocchio(TWO_TO_ONE), results("lift", "wing")) == {"lift": 1.0}


def test_rocchio_moves_away_from_documents_judged_not_relevant():
    frame = results("lift drag", "lift", "drag").assign(label=[1, 0])
    away = Rocchio(TWO_TO_ONE, gamma=0.25)
    side = 1 / 2**0.5
    assert terms(away, frame) == near({"lift": side + 0.75, "drag": side - 0.25})
    ignored = Rocchio(TWO_TO_ONE)
    assert terms(ignored, frame) == near({"lift": side + 0.75, "drag": side})
    far = Rocchio(TWO_TO_ONE, gamma=1)
    assert terms(far, frame) == near({"lift": side + 0.75})


# -- Bo1 and KL -------------------------------------------------------------------------------


def test_bo1():
    # N = 21, so the means are: lift 21/21 = 1, drag 7/21 = 1/3, wing 3/21 = 1/7
    # frequencies in the feedback: lift 3, drag 3, wing 2; flow is in one document only
    lift = 3 * math.log2(2) + math.log2(2)  # 4
    drag = 3 * math.log2(4) + math.log2(4 / 3)  # 6.415, the best
    wing = 2 * math.log2(8) + math.log2(8 / 7)  # 6.193
    bound = 3 * math.log2(8) + math.log2(8 / 7)  # 3 occurrences of a term with mean 3/21
    frame = results("wing lift lift", "lift lift drag wing", "lift drag drag flow", "wings")
    bo1 = Bo1(Statistics(cf={"lift": 21, "drag": 7, "wing": 3, "flow": 1}, num_docs=21))
    expected = {"wing": 0.5 + wing / bound, "lift": 1 + lift / bound, "drag": drag / bound}
    assert terms(bo1, frame) == near(expected)


def test_a_query_term_of_one_document_is_weighted_too():
    # lift 2 * log2(2) + log2(2) = 3 is the best; wing 1 * log2(4) + log2(4/3)
    bound = 2 * math.log2(23 / 2) + math.log2(23 / 21)
    bo1 = Bo1(Statistics(cf={"lift": 21, "wing": 7}, num_docs=21))
    expected = {"wing": 1 + (2 + math.log2(4 / 3)) / bound, "lift": 3 / bound}
    assert terms(bo1, results("wing", "wing lift", "lift")) == near(expected)


def test_kl():
    # 8 terms in the feedback, 1024 in the collection
    # lift 3/8 * log2((3/8) / (48/1024)) = 3/8 * 3, the best; drag 3/8 * log2((3/8) / (96/1024))
    # = 3/8 * 2; wing is likelier in the collection: 0; flow is in one document only
    # bound: 3/8 * log2((3/8) / (3/1024)) = 3/8 * 7
    counts = {"lift": 48, "drag": 96, "wing": 512, "flow": 1}
    kl = KL(Statistics(cf=counts, num_tokens=1024))
    frame = results("wing", "lift lift drag wing", "lift drag drag flow")
    assert terms(kl, frame) == near({"wing": 1.0, "lift": 3 / 7, "drag": 2 / 7})


def test_kl_counts_every_term_in_the_length_of_the_feedback():
    # "x" may not expand, but makes 4 of 4 terms: bound 2/4 * log2((2/4) / (2/1024))
    kl = KL(Statistics(cf={"lift": 32}, num_tokens=1024))
    assert terms(kl, results("wing", "lift lift x x")) == near(
        {"wing": 1.0, "lift": math.log2((2 / 4) / (32 / 1024)) / math.log2((2 / 4) / (2 / 1024))}
    )


@pytest.mark.parametrize("method", [Bo1, KL])
def test_a_long_query_gets_as_many_terms_as_it_has(method):
    new = terms(method(statistics(), fb_terms=1), results("one two three", "lift drag flow stall"))
    assert len(new) == 3 + 3


@pytest.mark.parametrize("method", [Bo1, KL])
def test_feedback_from_elsewhere_may_hold_a_term_more_often_than_the_collection(method):
    new = terms(method(statistics(num_tokens=8)), results("wing", "lift " * 20))
    assert new == near({"wing": 1.0, "lift": 1.0})


# -- what they share --------------------------------------------------------------------------


def test_the_toy_statistics_keep_the_protocol():
    assert isinstance(statistics(), CollectionStatistics)


@ALL
def test_the_query_keeps_its_text_and_its_own_forms(method):
    frame = results("Wings lifting", "wing lift drag drags", "drags lifted")
    out = method(statistics())(frame)
    assert list(out["query"]) == ["Wings lifting"]
    assert list(out["query_0"]) == ["Wings lifting"]
    # drags, twice, rather than drag, once
    assert set(out["query_toks"][0]) == {"wings", "lifting", "drags"}


@ALL
def test_stop_words_and_odd_terms_do_not_expand(method):
    odd = ("x", "a" * 21, "unknown", "wing-like")
    known = dict.fromkeys(map(EnglishAnalyzer().stem, [*WORDS, *odd, "the"]), 5)
    del known["unknown"]

    class Words(EnglishAnalyzer):
        def terms(self, text: str) -> list[str]:
            return [word for word in text.lower().split() if word != "the"]

    stats = Statistics(df=known, cf=known, analyzer=Words())
    text = " ".join(("the", "drag", *odd))
    assert set(terms(method(stats), results("wing", text, text))) == {"wing", "drag"}


@ALL
def test_other_scripts_expand(method):
    known = {"крыло": 5}
    out = terms(method(Statistics(df=known, cf=known)), results("самолёт", "крыло", "крыло"))
    assert set(out) == {"самолёт", "крыло"}


@ALL
@pytest.mark.parametrize("empty", [None, math.nan, "", "  ", "the of and"])
def test_documents_without_text_count_for_nothing(method, empty):
    rewriter = method(statistics())
    with_empty = terms(rewriter, results("wing", "lift drag", empty, "drag"))
    assert with_empty == near(terms(rewriter, results("wing", "lift drag", "drag")))


@ALL
@pytest.mark.parametrize("text", ["", None, "unknown words", "the of and"])
def test_a_query_whose_documents_give_nothing_keeps_its_terms(method, text):
    out = method(statistics())(results("Wings and wing", text)).iloc[0]
    assert out["query_toks"] == {"wings": 2.0}
    assert out["qstatus"] == "skipped: no terms in the feedback documents"


@ALL
def test_queries_are_independent(method):
    rewriter = method(statistics())
    one = results("wing", "lift drag", "drag lift flow", qid="1")
    two = results("flow", "stall stall drag", "drag stall wing", qid="2")
    both = rewriter(pd.concat([one, two], ignore_index=True))
    assert list(both["qid"]) == ["1", "2"]
    assert both["query_toks"][0] == terms(rewriter, one)
    assert both["query_toks"][1] == terms(rewriter, two)


@ALL
def test_only_the_best_documents_are_used(method):
    frame = results("wing", "lift", "lift drag", "flow", scores=(3.0, 2.0, 1.0))
    new = terms(method(statistics(), fb_docs=1), frame.iloc[::-1])
    assert set(new) == {"wing", "lift"}


@ALL
def test_the_best_terms_are_used(method):
    frame = results("stall", "lift lift lift drag drag flow", "lift lift lift drag drag flow")
    assert set(terms(method(statistics(), fb_terms=2), frame)) == {"stall", "lift", "drag"}


@ALL
def test_a_feedback_pipeline_takes_queries_without_results_along(method):
    found = results("wing", "lift drag", "drag", scores=(2.0, 1.0))
    feedback = pt.Transformer.from_df(found.drop(columns="query"))
    queries = pd.DataFrame({"qid": ["1", "2"], "query": ["wing", "lost wings"]})
    out = method(statistics(), feedback=feedback)(queries)
    assert "drag" in out["query_toks"][0]
    assert out["query_toks"][1] == {"lost": 1.0, "wings": 1.0}
    assert list(out["qstatus"]) == ["ok", "skipped: no feedback documents"]


def test_a_document_is_read_once_a_batch():
    read: Counter[str] = Counter()

    class Recording(EnglishAnalyzer):
        def terms(self, text: str) -> list[str]:
            read[text] += 1
            return super().terms(text)

    shared = "lift drag"
    frames = [results(f"query{i}", shared, "drag", qid=str(i)) for i in range(3)]
    RM3(statistics(analyzer=Recording()))(pd.concat(frames))
    assert read[shared] == 1


@ALL
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fb_docs": 0}, "fb_docs should be at least 1, found 0"),
        ({"fb_terms": -1}, "fb_terms should be at least 1, found -1"),
    ],
)
def test_numbers_out_of_range(method, settings, message):
    with pytest.raises(ValueError, match=message):
        method(statistics(), **settings)


def test_weights_out_of_range():
    with pytest.raises(ValueError, match=r"original_weight should be in \[0, 1\], found 1\.5"):
        RM3(statistics(), original_weight=1.5)
    with pytest.raises(ValueError, match=r"max_df should be in \[0, 1\], found 2"):
        RM3(statistics(), max_df=2)
    with pytest.raises(ValueError, match=r"gamma should be 0 or more, found -0\.15"):
        Rocchio(statistics(), gamma=-0.15)


@ALL
@pytest.mark.parametrize("with_feedback", [False, True])
def test_contract(method, with_feedback):
    analyzer, found = EnglishAnalyzer(), sample_results()
    stems = {analyzer.stem(term) for text in found["text"] for term in analyzer.terms(text)}
    counts = dict.fromkeys(stems, 5)
    feedback = pt.Transformer.from_df(found.drop(columns=["query", "split"]))
    check_rewriter(
        method(Statistics(df=counts, cf=counts), feedback=feedback if with_feedback else None)
    )


@ALL
def test_value_semantics(method):
    rewriter = method(statistics(), fb_docs=7)
    assert rewriter == pickle.loads(pickle.dumps(rewriter)) == method(statistics(), fb_docs=7)
    assert rewriter != method(statistics())
    assert repr(rewriter).startswith(f"{method.__name__}(Statistics(")
    assert repr(rewriter).endswith("fb_docs=7)")
    changed = pt.inspect.transformer_apply_attributes(rewriter, fb_terms=4)
    assert (changed.fb_docs, changed.fb_terms) == (7, 4)


# -- a real collection ------------------------------------------------------------------------

CRANFIELD = DATA / "cranfield"


def json_lines(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (CRANFIELD / name).read_text("utf-8").splitlines()]


@pytest.mark.skipif(not CRANFIELD.exists(), reason="the shared collections are not here")
def test_feedback_helps_on_cranfield(tmp_path):
    pipelines = pytest.importorskip("pyterrier_rewrite.pipelines")
    pytest.importorskip("pyterrier_pisa")
    corpus = [{**d, "docno": d["_id"]} for d in json_lines("corpus.jsonl")]
    index = pipelines.PisaIndex.build(tmp_path / "cranfield.pisa", corpus, verbose=False)
    topics = pd.DataFrame(json_lines("queries.jsonl")).rename(
        columns={"_id": "qid", "text": "query"}
    )
    qrels = pd.read_csv(
        CRANFIELD / "qrels" / "test.tsv", sep="\t", dtype={"query-id": str, "corpus-id": str}
    ).rename(columns={"query-id": "qid", "corpus-id": "docno", "score": "label"})

    bm25 = index.bm25(k1=0.9, b=0.4, num_results=200)
    feedback = bm25 % 10 >> index.text()
    methods = [method(index.statistics) for method in (RM3, Rocchio, Bo1, KL)]
    figures = pt.Experiment(
        [bm25, *(feedback >> method >> bm25 for method in methods)],
        topics[["qid", "query"]],
        qrels,
        [AP],
        names=["BM25", "RM3", "Rocchio", "Bo1", "KL"],
        baseline=0,
        plan="tree",
    ).set_index("name")
    assert len(topics) == 225
    assert figures.loc["BM25", "AP"] == pytest.approx(0.305, abs=0.003)
    better = figures.drop(index="BM25")
    assert (better["AP"] > figures.loc["BM25", "AP"] + 0.015).all()
    assert (better["AP p-value"] < 0.05).all()
