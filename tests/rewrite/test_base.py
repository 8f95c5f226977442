"""What the base class does where things go wrong, and the columns it writes."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
from ir_measures import P

import pyterrier_rewrite as pr
from pyterrier_rewrite import reporting
from pyterrier_rewrite.testing import FakeLLM, sample_results, sample_topics
from tests.support.prompts import below_note

PLAIN = pr.Prompt("test/plain", 1, (("user", "Rewrite: {query}"),), ("query",))
DOCUMENTS = pr.Prompt("test/docs", 1, (("user", "{documents}|{query}"),), ("query", "documents"))


def topics(*queries: str) -> pd.DataFrame:
    return pd.DataFrame({"qid": [str(i) for i in range(len(queries))], "query": list(queries)})


def test_failed_queries_keep_their_text_and_say_why():
    def reply(prompt, sample):
        if "bees" in prompt[-1]["content"]:
            raise TimeoutError("no answer in 60 s")
        return "new text"

    rewriter = pr.LLMRewriter(FakeLLM(reply), prompt=PLAIN)
    with pytest.warns(pr.RewriteWarning, match=r"1 of 3 queries failed \(first: query 'q2'"):
        out = rewriter(sample_topics())
    assert out["query"].tolist() == ["new text", "how do bees live", "new text"]
    assert out["qstatus"].tolist() == ["ok", "failed: TimeoutError: no answer in 60 s", "ok"]


@pytest.mark.parametrize("keyword", ["temprature", "cuont"])
def test_an_unknown_argument_is_told_in_the_name_of_the_class(keyword):
    meant = {"temprature": "temperature", "cuont": "count"}[keyword]
    expected = rf"^MultiQuery\(\) got an unexpected argument '{keyword}'; did you mean '{meant}'"
    with pytest.raises(TypeError, match=expected):
        pr.MultiQuery(FakeLLM("x"), **{keyword: 1})


def test_on_error_raise():
    rewriter = pr.LLMRewriter(FakeLLM(""), prompt=PLAIN, on_error="raise")
    with pytest.raises(pr.RewriteError, match="no usable text"):
        rewriter(sample_topics())


class DeadLLM(FakeLLM):
    def stream(self, prompts, sampling):
        raise pr.LLMError("no server at http://127.0.0.1:1/v1; start it")


@pytest.mark.parametrize("on_error", ["keep", "raise"])
def test_a_dead_model_fails_every_query(on_error):
    rewriter = pr.LLMRewriter(DeadLLM(), prompt=PLAIN, on_error=on_error)
    if on_error == "raise":
        with pytest.raises(pr.LLMError, match="no server"):
            rewriter(sample_topics())
        return
    with pytest.warns(pr.RewriteWarning, match="3 of 3"):
        out = rewriter(sample_topics())
    assert out["query"].tolist() == sample_topics()["query"].tolist()
    assert set(out["qstatus"]) == {"failed: no server at http://127.0.0.1:1/v1; start it"}


def test_a_dead_model_is_told_of_once_a_minute(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(reporting.time, "monotonic", lambda: clock[0])
    rewriter = pr.LLMRewriter(DeadLLM(), prompt=PLAIN)
    told = []
    for _ in range(130):
        with warnings.catch_warnings(record=True) as its:
            warnings.simplefilter("always")
            assert rewriter.search("sofa")["qstatus"].str.startswith("failed").all()
        told += [str(warning.message) for warning in its]
        clock[0] += 1
    assert [", as in 59 calls before it" in text for text in told] == [False, True, True]
    assert pickle.loads(pickle.dumps(rewriter)) is not None
    with pytest.warns(pr.RewriteWarning, match="1 of 1"):  # another rewriter is another matter
        pr.LLMRewriter(DeadLLM(), prompt=PLAIN).search("sofa")


def test_each_of_a_few_reasons_is_told_of():
    def reply(prompt, sample):
        raise TimeoutError(prompt[-1]["content"].rpartition(" ")[2])

    rewriter = pr.Query2Doc(FakeLLM(reply), prompt=PLAIN)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for reason in ("late", "dead", "late", "full", "odd", "odd"):
            rewriter.search(f"sofa {reason}")
    reasons = ("late", "dead", "full")
    assert [why in str(its.message) for why, its in zip(reasons, told, strict=True)] == [True] * 3


def test_programming_errors_are_not_swallowed():
    class Broken(pr.Rewriter):
        def rewrite(self, queries):
            raise KeyError("a bug")

    class Short(pr.Rewriter):
        def rewrite(self, queries):
            return []

    with pytest.raises(KeyError, match="a bug"):
        Broken()(sample_topics())
    with pytest.raises(RuntimeError, match="returned 0 outcomes for 3 queries"):
        Short()(sample_topics())


def test_blank_queries_are_never_sent():
    llm = FakeLLM("new")
    out = pr.LLMRewriter(llm, prompt=PLAIN)(topics("", "couch", " \x00 "))
    assert out["query"].tolist() == ["", "new", ""]
    assert out["qstatus"].tolist() == ["skipped: empty query", "ok", "skipped: empty query"]
    assert len(llm.prompts) == 1


def test_generated_text_is_made_safe():
    words = [f"{number}th" for number in range(9_000)]
    llm = FakeLLM("a\x00b\u202e c " + " ".join(words))
    text = pr.LLMRewriter(llm, prompt=PLAIN)(topics("x"))["query"][0]
    assert text.startswith("a b c 0th 1th")
    assert 16_370 < len(text) <= 16_384
    assert text.split()[3:] == words[: len(text.split()) - 3]


def test_terms_of_a_failed_query_are_its_own():
    rewriter = pr.Query2Doc(FakeLLM(""), formulation=pr.RepeatTerms(5))
    with pytest.warns(pr.RewriteWarning):
        out = rewriter(topics("the red shoes and red shoe"))
    assert out["query_toks"][0] == {"red": 2.0, "shoes": 2.0}


def test_feedback_pipeline_is_asked_with_the_clean_query_and_its_top_documents_are_used():
    asked = []

    class Engine(pt.Transformer):
        def transform(self, inp):
            asked.extend(inp["query"])
            rows = [
                {"qid": qid, "query": q, "docno": f"d{i}", "text": f"text {i}", "rank": i}
                for qid, q in zip(inp["qid"], inp["query"], strict=True)
                for i in (2, 0, 1)
                if q != "nothing found"
            ]
            columns = ["qid", "query", "docno", "text", "rank"]
            return pd.DataFrame(rows, columns=columns)

    llm = FakeLLM("new")
    rewriter = pr.LLMRewriter(llm, prompt=DOCUMENTS, fb_docs=2, feedback=Engine())
    out = rewriter(topics("a \x00 couch", "nothing found"))
    assert asked == ["a couch", "nothing found"]
    content = below_note(llm.prompts[0])[0]["content"]
    assert content.endswith("|a couch")
    assert content.index("text 0") < content.index("text 1")
    assert "text 2" not in content
    assert out["query"].tolist() == ["new", "nothing found"]
    assert out["qstatus"].tolist() == ["ok", "skipped: no feedback documents"]


def test_forgotten_feedback_says_what_to_do():
    rewriter = pr.LLMRewriter(FakeLLM(), prompt=DOCUMENTS, fb_docs=2)
    with pytest.raises(KeyError, match="reads feedback documents: give feedback=bm25"):
        rewriter.search("sofa")
    with pytest.raises(TypeError, match=r"feedback should be a pipeline.*found 'bm25'"):
        pr.LLMRewriter(FakeLLM(), prompt=DOCUMENTS, fb_docs=2, feedback="bm25").check()


def test_feedback_without_text_says_what_to_do():
    feedback = pt.Transformer.from_df(sample_results().drop(columns=["text", "query", "split"]))
    rewriter = pr.LLMRewriter(FakeLLM(), prompt=DOCUMENTS, fb_docs=2, feedback=feedback)
    with pytest.raises(ValueError, match=r"no 'text'; end it with the index's text loader"):
        rewriter(sample_topics())


def test_a_dead_feedback_engine_keeps_the_queries():
    class Dead(pt.Transformer):
        def transform(self, inp):
            raise ConnectionRefusedError("engine is down")

    rewriter = pr.LLMRewriter(FakeLLM(), prompt=DOCUMENTS, fb_docs=2, feedback=Dead())
    with pytest.warns(pr.RewriteWarning, match="engine is down"):
        out = rewriter(sample_topics())
    assert out["query"].tolist() == sample_topics()["query"].tolist()


def test_usage_sums_over_a_chain_and_status_tells_of_the_last():
    first = pr.LLMRewriter(FakeLLM("one two three"), prompt=PLAIN)
    second = pr.LLMRewriter(FakeLLM("x"), prompt=PLAIN)
    out = (first >> second)(topics("couch"))
    usage = out["qusage"][0]
    assert usage["requests"] == 2
    assert usage["completion_tokens"] == 3 + 1
    assert out["qgen"][0] == ["x"]
    assert out[["query", "query_0", "query_1"]].values.tolist() == [["x", "one two three", "couch"]]


def several(reply: str, **settings) -> pr.LLMRewriter:
    settings = {"parser": pr.Queries(), "formulation": pr.Several(), **settings}
    return pr.LLMRewriter(FakeLLM(reply), prompt=PLAIN, **settings)


def test_several_queries_nest_under_the_outermost_group():
    out = (several("1. a\n2. b") >> several("- x\n- y"))(topics("couch"))
    assert out["qid"].tolist() == ["0~1~1", "0~1~2", "0~2~1", "0~2~2"]
    assert set(out["qgroup"]) == {"0"}
    assert set(out["qgroup_query"]) == {"couch"}
    assert out["query_0"].tolist() == ["a", "a", "b", "b"]
    # one request at first and one for each of the two queries, however many rows there are
    assert sum(usage["requests"] for usage in out["qusage"]) == 3


def test_include_original_comes_first():
    out = several("1. a\n2. b", include_original=True)(topics("couch"))
    assert out["query"].tolist() == ["couch", "a", "b"]


def test_a_failed_split_is_a_group_of_one():
    with pytest.warns(pr.RewriteWarning):
        out = several("")(topics("couch"))
    assert out[["qid", "qgroup", "query", "qweight"]].values.tolist() == [
        ["0~1", "0", "couch", 1.0]
    ]


def test_weights_are_inherited():
    class Halves(pr.Rewriter):
        several = True

        def rewrite(self, queries):
            new = [pr.NewQuery("a", weight=0.5), pr.NewQuery("b", weight=0.25)]
            return [pr.Rewritten([pr.NewQuery(q.text, weight=q.weight) for q in new])] * len(
                queries
            )

    out = (Halves() >> Halves())(topics("couch"))
    assert out["qweight"].tolist() == [0.25, 0.125, 0.125, 0.0625]


def test_vectors_are_kept_as_arrays():
    class Encode(pr.Rewriter):
        writes = ("query_vec",)

        def rewrite(self, queries):
            return [
                pr.Rewritten([pr.NewQuery(q, vec=np.ones(3) * len(q))]) for q in queries["query"]
            ]

    out = Encode()(topics("ab", "abc"))
    assert out["query_vec"][1].tolist() == [3.0, 3.0, 3.0]


def test_result_frames_become_query_frames():
    rewriter = pr.LLMRewriter(FakeLLM("new"), prompt=DOCUMENTS, fb_docs=1)
    results = sample_results().assign(qhistory=[[]] * 9)
    out = rewriter(results)
    assert "docno" not in out.columns
    assert "qhistory" in out.columns
    assert out["qid"].tolist() == ["q1", "q2", "q3"]


@pytest.mark.parametrize("frame", [sample_results(), sample_topics().drop(columns=["query"])])
def test_wrong_frames_are_refused(frame):
    with pytest.raises(pt.validate.InputValidationError, match="does not match"):
        pr.LLMRewriter(FakeLLM(), prompt=PLAIN)(frame)


def test_equality_follows_what_changes_the_output():
    llm, other = FakeLLM(), FakeLLM()
    base = pr.LLMRewriter(llm, prompt=PLAIN)
    assert base == pr.LLMRewriter(llm, prompt=PLAIN)
    assert base == pr.LLMRewriter(llm, prompt=PLAIN, on_error="raise")
    assert base != pr.LLMRewriter(other, prompt=PLAIN)
    assert base != pr.LLMRewriter(llm, prompt=PLAIN, max_tokens=7)
    sampling = pr.LLMRewriter(llm, prompt=PLAIN, temperature=1.0)
    assert sampling == sampling
    assert sampling != pr.LLMRewriter(llm, prompt=PLAIN, temperature=1.0)


@pytest.mark.parametrize(
    "ask",
    [
        lambda rewriter: rewriter(topics("sofa")),
        lambda rewriter: rewriter.search("sofa"),
        lambda rewriter: (pr.AppendHistory() >> rewriter).transform(topics("sofa")),
    ],
)
def test_a_warning_names_the_line_that_called(ask):
    with pytest.warns(pr.RewriteWarning) as caught:
        ask(pr.Query2Doc(pr.FakeLLM("")))
    assert [warning.filename for warning in caught] == [__file__]


def test_repr_shows_what_differs_from_the_published_method():
    assert repr(pr.Query2Doc(FakeLLM(name="m"), temperature=0.5, seed=3)) == (
        'Query2Doc(FakeLLM("fake:m"), temperature=0.5, seed=3)'
    )


def test_an_experiment_runs_a_shared_rewriter_once():
    llm = FakeLLM("bees")

    def engine(k):
        @pt.apply.generic
        def retrieve(queries):
            return queries.assign(docno="d1", score=float(k), rank=0)

        return retrieve

    systems = [pr.LLMRewriter(llm, prompt=PLAIN) >> engine(k) for k in (1, 2)]
    qrels = pd.DataFrame({"qid": ["q1"], "docno": ["d1"], "label": [1]})
    pt.Experiment(
        systems,
        sample_topics()[["qid", "query"]],
        qrels,
        [P @ 1],
        plan="tree",
        verbose=False,
        validate="ignore",
    )
    assert len(llm.calls) == 1


class Said(pr.Rewriter):
    """Says the same to every query."""

    def __init__(self, *said: str, more: bool = False, include_original: bool = False) -> None:
        self.said = said
        self.more = more
        self.include_original = include_original

    @property
    def several(self) -> bool:
        return self.more

    def rewrite(self, queries):
        return [pr.Rewritten([pr.NewQuery(text) for text in self.said]) for _ in queries["query"]]


@pytest.mark.parametrize(
    ("query", "said", "status"),
    [
        ("red sofa", "red sofa", "skipped: unchanged"),
        ("red sofa", "Red  SOFA?!", "skipped: unchanged"),
        ("red sofa", "red sofa Red sofa", "ok"),
        ("¿red sofa?", '"Red sofa."', "skipped: unchanged"),
        ("red sofa", "red sofas", "ok"),
        ("C tutorial", "C++ tutorial", "ok"),
        ("!!", "??", "ok"),
        ("rotes sofa", "Rotes Sofa", "skipped: unchanged"),
    ],
)
def test_a_rewrite_that_differs_in_case_and_punctuation_is_none(query, said, status):
    row = Said(said).search(query).iloc[0]
    assert row["qstatus"] == status
    assert row["query"] == (said if status == "ok" else query)


@pytest.mark.parametrize(
    ("said", "include_original", "queries", "status"),
    [
        (["blue sofa", "Blue sofas!", "couch"], False, ["blue sofa", "couch"], "ok"),
        (["Red sofas", "couch"], True, ["red sofa", "couch"], "ok"),
        (["Red sofas", "couch"], False, ["Red sofas", "couch"], "ok"),
        (["Red sofas", "red sofa"], True, ["red sofa"], "skipped: unchanged"),
        (["Red sofas", "red sofa"], False, ["red sofa"], "skipped: unchanged"),
    ],
)
def test_queries_of_a_group_are_told_apart_by_an_engine(said, include_original, queries, status):
    out = Said(*said, more=True, include_original=include_original).search("red sofa")
    assert out["query"].tolist() == queries
    assert set(out["qstatus"]) == {status}


@pytest.mark.parametrize(
    ("frame", "error", "message"),
    [
        (pd.DataFrame({"qid": ["1"], "query": ["a"], 5: [1]}), TypeError, "found 5; rename"),
        (
            pd.DataFrame([["1", "a", "b"]], columns=["qid", "query", "query"]),
            ValueError,
            "'query' occurs twice",
        ),
        (pd.DataFrame({"qid": ["1", None], "query": ["a", "b"]}), ValueError, "row 2 of 2 has no"),
        (pd.DataFrame({"qid": [np.nan], "query": ["a"]}), ValueError, "row 1 of 1 has no qid"),
    ],
)
@pytest.mark.parametrize("more", [False, True])
def test_frames_that_are_wrong_are_refused_with_a_remedy(frame, error, message, more):
    with pytest.raises(error, match=message):
        Said("couch", more=more)(frame)


def test_results_of_two_queries_under_one_id_are_refused():
    results = pd.DataFrame({"qid": ["1", "1"], "query": ["a", "b"], "docno": ["x", "y"]})
    results = results.assign(text="couch", score=1.0, rank=0)
    said = Said("couch")
    said.fb_docs = 2
    with pytest.raises(ValueError, match=r"found '1' for 'b' and for another query; number"):
        said(results)
    assert len(said(results.assign(query="a"))) == 1


@pytest.mark.parametrize("method", [pr.Query2Doc, pr.MultiQuery, pr.GenQREnsemble, pr.Q2EPRF])
def test_slices_make_the_rows_of_the_whole_batch(method, monkeypatch):
    rewriter = method(
        FakeLLM(lambda messages, i: f"a sofa of {len(messages[-1]['content'])} seats")
    )
    frame = sample_results() if rewriter.fb_docs else sample_topics()
    whole = rewriter.transform(frame).drop(columns="qusage")
    assert set(whole["qstatus"]) == {"ok"}
    sizes = []
    made = method.rewrite
    monkeypatch.setattr(method, "at_once", 2)
    monkeypatch.setattr(method, "rewrite", lambda self, q: sizes.append(len(q)) or made(self, q))
    sliced = rewriter.transform(frame).drop(columns="qusage")
    pd.testing.assert_frame_equal(sliced, whole)
    assert len(sizes) > 1
    assert max(sizes) == 2


class DiesAtTheThird(pr.Rewriter):
    at_once = 2

    def rewrite(self, queries):
        if "3" in set(queries["qid"]):
            raise pr.RewriteError("the power went")
        return [pr.Rewritten([pr.NewQuery(f"{text} sofa")]) for text in queries["query"]]


def test_a_slice_that_fails_costs_the_others_nothing():
    topics = pd.DataFrame([{"qid": str(i), "query": f"red {i}"} for i in range(1, 6)])
    with pytest.warns(pr.RewriteWarning, match="2 of 5 queries failed"):
        out = DiesAtTheThird()(topics)
    ok, bad = "ok", "failed: the power went"
    assert out["qstatus"].tolist() == [ok, ok, bad, bad, ok]
    assert out["query"].tolist() == ["red 1 sofa", "red 2 sofa", "red 3", "red 4", "red 5 sofa"]


def test_outcomes_can_be_copied_and_pickled():
    outcome = pr.Rewritten([pr.NewQuery("a sofa")])
    assert pickle.loads(pickle.dumps(outcome)) == copy.deepcopy(outcome) == outcome


def test_turns_of_a_conversation_are_not_sliced():
    assert pr.TurnByTurn(pr.DialogueQuery(FakeLLM("x"))).at_once is None
    assert pr.BestOf.at_once is not None
