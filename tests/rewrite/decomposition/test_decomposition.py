"""Several queries from one: call patterns, parsing, and the fusion behind, by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.decomposition.query_intents import clusters
from pyterrier_rewrite.parsing import Marked
from pyterrier_rewrite.pipelines import RRF, EntropyFusion
from pyterrier_rewrite.testing import FakeLLM, sample_results
from tests.support.prompts import below_note

TOPICS = pd.DataFrame({"qid": ["1"], "query": ["loveseat {x}"]})


class Engine(pt.Transformer):
    """Answers each query text with a ranking: ``{"sofa": {"d1": 3.0}}``."""

    def __init__(self, rankings):
        self.rankings = rankings

    def transform(self, inp):
        pt.validate.query_frame(inp, ["query"], context=self)
        found = [
            row | {"docno": docno, "score": score}
            for row in inp.to_dict("records")
            for docno, score in self.rankings[row["query"]].items()
        ]
        return pt.model.add_ranks(pd.DataFrame(found, columns=[*inp.columns, "docno", "score"]))


def only_call(llm: FakeLLM, shots: int = 0, *, documents: bool = False):
    ((prompts, sampling),) = llm.calls
    prompts = list(map(below_note, prompts)) if documents else prompts
    roles = ["user", "assistant"] * shots + ["user"]
    assert all([m["role"] for m in prompt] == roles for prompt in prompts)
    return [prompt[-1]["content"] for prompt in prompts], sampling


# -- call patterns -----------------------------------------------------------------------------

ONE_REQUEST = {
    "MultiQuery": (pr.MultiQuery, "Query: {}"),
    "StepBack": (pr.StepBack, "Question: {}\nBroader question:"),
    "StepBack zero-shot": (
        lambda llm: pr.StepBack(llm, prompt="step-back/zero-shot"),
        "Question: {}\nBroader question:",
    ),
    "Q2EDecomposition": (pr.Q2EDecomposition, "Query: {}"),
    "RewriteRetrieveRead": (pr.RewriteRetrieveRead, "Question: {}\nSearch queries:"),
    "RewriteRetrieveRead zero-shot": (
        lambda llm: pr.RewriteRetrieveRead(llm, prompt="rewrite-retrieve-read/zero-shot"),
        "Question: {}\nSearch queries:",
    ),
    "ToolQueries": (pr.ToolQueries, "Request: {}\nTools:"),
}


SHOTS = {"StepBack": 4, "RewriteRetrieveRead": 4}


@pytest.mark.parametrize("name", ONE_REQUEST)
def test_one_greedy_request_a_query(name):
    make, end = ONE_REQUEST[name]
    llm = FakeLLM("1. first\n2. second")
    topics = pd.DataFrame({"qid": ["1", "2"], "query": ["loveseat {x}", "lamp"]})
    out = make(llm)(topics)
    texts, sampling = only_call(llm, SHOTS.get(name, 0))
    assert len(texts) == 2
    assert texts[0].endswith(end.format("loveseat {x}"))
    assert texts[1].endswith(end.format("lamp"))
    assert (sampling.n, sampling.temperature) == (1, 0.0)
    assert sum(usage["requests"] for usage in out["qusage"]) == 2


@pytest.mark.parametrize("name", SHOTS)
def test_few_shot_prompts_show_examples_and_zero_shot_ones_none(name):
    for variant, shots in ((name, SHOTS[name]), (f"{name} zero-shot", 0)):
        llm = FakeLLM("x")
        ONE_REQUEST[variant][0](llm)(TOPICS)
        only_call(llm, shots)
        asked = [m["content"] for m in llm.prompts[0] if m["role"] == "user"]
        assert [text.count("Question: ") for text in asked] == [1] * (shots + 1)


# -- what comes out ----------------------------------------------------------------------------


def test_multi_query_asks_for_a_number_of_rewordings_and_takes_no_more():
    llm = FakeLLM("\n".join(f"{i}. wording {i}" for i in range(1, 9)))
    out = pr.MultiQuery(llm, count=3)(TOPICS)
    assert "Write 3 search queries" in llm.prompts[0][0]["content"]
    assert out["query"].tolist() == ["loveseat {x}", "wording 1", "wording 2", "wording 3"]
    assert out["qid"].tolist() == ["1~1", "1~2", "1~3", "1~4"]
    assert set(out["qgroup"]) == {"1"}
    assert [usage["requests"] for usage in out["qusage"]] == [1, 0, 0, 0]


def test_counts_are_checked():
    for make, frame in ((pr.MultiQuery, TOPICS), (pr.QueryIntents, sample_results())):
        with pytest.raises(ValueError, match="count should be at least 1, found 0"):
            make(FakeLLM("x"), count=0)(frame)


def test_step_back_takes_one_broader_question():
    out = pr.StepBack(FakeLLM("Broader question: how does cold act\nIt helps to know."))(TOPICS)
    assert out["query"].tolist() == ["loveseat {x}", "how does cold act"]


def test_an_event_has_six_sides():
    llm = FakeLLM("\n".join(f"{i}. side {i}" for i in range(1, 8)))
    out = pr.Q2EDecomposition(llm, include_original=False)(TOPICS)
    assert out["query"].tolist() == [f"side {i}" for i in range(1, 7)]
    asked = [f"\n{i}. " in llm.prompts[0][0]["content"] for i in range(1, 8)]
    assert asked == [True] * 6 + [False]


def test_tools_are_added_to_the_request_or_searched_alone():
    llm = FakeLLM("- Forecasts weather.\n- Finds a place.")
    assert pr.ToolQueries(llm)(TOPICS)["query"].tolist() == [
        "loveseat {x} Forecasts weather. Finds a place."
    ]
    several = pr.ToolQueries(llm, formulation=pr.Several())(TOPICS)
    assert several["query"].tolist() == ["Forecasts weather.", "Finds a place."]


@pytest.mark.parametrize(
    ("generation", "queries"),
    [
        ("Kafka birthplace; Trial author **", ["Kafka birthplace", "Trial author"]),
        ("Kafka birthplace;Trial author", ["Kafka birthplace", "Trial author"]),
        ("one ** two; three **", ["one"]),
        ("**Search queries:** one; two **", ["one", "two"]),
        ("<think>a; b ** c</think>\none;\ntwo **\nI hope", ["one", "two"]),
        ("one; one; **", ["one"]),
        ("**", []),
        ("I'm sorry, but I cannot answer that.", []),
    ],
)
def test_searches_between_markers(generation, queries):
    assert Marked()(generation) == queries


# -- instructions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("tart", "Find it. [SEP] loveseat {x}"),
        ("e5", "Instruct: Find it. Query: loveseat {x}"),
        ("plain", "Find it. loveseat {x}"),
        ("<{instruction}> <{query}>", "<Find it.> <loveseat {x}>"),
    ],
)
def test_instruction_forms(form, text):
    assert pr.InstructionPrefix("Find it.", form=form)(TOPICS)["query"][0] == text


def test_what_is_put_into_a_form_is_no_form():
    out = pr.InstructionPrefix("{query}", form="plain")(TOPICS)
    assert out["query"][0] == "{query} loveseat {x}"


def test_an_encoder_gets_the_exact_form_and_the_text_stays():
    asked = []

    class Encoder:
        def encode(self, texts):
            asked.append(texts)
            return np.array([[float(len(text))] for text in texts])

    topics = pd.DataFrame(
        {"qid": ["1", "2", "3"], "query": ["a", "b", "c"], "qwho": ["I am a nurse.", "", np.nan]}
    )
    rewriter = pr.InstructionPrefix(instruction_from="qwho", form="e5", encoder=Encoder())
    out = rewriter(topics)
    assert asked == [["Instruct: I am a nurse.\nQuery: a"]]
    assert out["query"].tolist() == ["a", "b", "c"]
    assert out["query_vec"].tolist() == [[32.0], None, None]
    assert out["qstatus"].tolist() == ["ok"] + ["skipped: no instruction"] * 2


def test_queries_without_a_background_take_the_instruction():
    topics = TOPICS.assign(qwho=[None])
    rewriter = pr.InstructionPrefix("Find it.", instruction_from="qwho", form="plain")
    assert rewriter(topics)["query"][0] == "Find it. loveseat {x}"


@pytest.mark.parametrize(
    ("rewriter", "message"),
    [
        (pr.InstructionPrefix("x", form="tort"), "form should be one of tart, e5, plain"),
        (pr.InstructionPrefix("x", form="{query} {instruction}"), "form should be one of"),
        (pr.InstructionPrefix(instruction_from="qno"), "names the column 'qno'"),
    ],
)
def test_instruction_mistakes(rewriter, message):
    with pytest.raises(ValueError, match=message):
        rewriter(TOPICS)


# -- intents -----------------------------------------------------------------------------------


def test_clusters_by_average_linkage_of_cosines():
    # rows 0 and 3 point one way, 1 and 4 another, 2 a third; their lengths do not matter
    vectors = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [9, 1, 0], [0, 5, 1]], dtype=float)
    assert clusters(vectors, 3) == [[0, 3], [1, 4], [2]]
    assert clusters(vectors, 1) == [[0, 1, 2, 3, 4]]
    assert clusters(vectors, 9) == [[0], [1], [2], [3], [4]]
    assert clusters(vectors[:1], 3) == [[0]]
    assert len(clusters(np.zeros((3, 2)), 2)) == 1


def test_clusters_do_not_chain():
    # directions at 0, 30, 62 and 100 degrees: 62 is nearer to 30 (.152) than to 100 (.212), but
    # to 0 and 30 on average (.341) it is not
    angles = np.radians([0, 30, 62, 100])
    vectors = np.column_stack([np.cos(angles), np.sin(angles)])
    assert clusters(vectors, 2) == [[0, 1], [2, 3]]


def test_one_request_a_cluster_with_its_documents_only():
    results = pd.DataFrame(
        {
            "qid": ["1"] * 3 + ["2"],
            "query": ["jaguar"] * 3 + ["bees"],
            "docno": ["a", "b", "c", "d"],
            "text": ["fast cars", "wild cats", "cars drive fast", "honey"],
            "score": [3.0, 2.0, 1.0, 1.0],
            "rank": [0, 1, 2, 0],
        }
    )
    llm = FakeLLM(["speed of the car", "life of the cat", "honey bees"])
    out = pr.QueryIntents(llm, count=2)(results)
    texts, sampling = only_call(llm, documents=True)
    holds = [[word in text for word in ("fast cars", "drive", "cats", "honey")] for text in texts]
    assert holds == [
        [True, True, False, False],
        [False, False, True, False],
        [False, False, False, True],
    ]
    assert ['"jaguar"' in text for text in texts] == [True, True, False]
    assert '"bees"' in texts[2]
    assert (sampling.n, sampling.temperature) == (1, 0.0)
    assert out["query"].tolist() == ["speed of the car", "life of the cat", "honey bees"]
    assert out["qgroup"].tolist() == ["1", "1", "2"]
    assert [usage["requests"] for usage in out["qusage"]] == [2, 0, 1]


def test_twenty_documents_and_equal_intents_once():
    rows = [("1", "q", f"d{i}", f"w{i}", -i, i) for i in range(30)]
    columns = ["qid", "query", "docno", "text", "score", "rank"]
    llm = FakeLLM("the same sofa")
    out = pr.QueryIntents(llm, count=25)(pd.DataFrame(rows, columns=columns))
    assert len(llm.prompts) == 20
    assert out["query"].tolist() == ["the same sofa"]


# -- fusion ------------------------------------------------------------------------------------


def test_rag_fusion_by_hand():
    engine = Engine(
        {"loveseat {x}": {"a": 9.0, "b": 8.0}, "sofa": {"b": 2.0}, "couch": {"c": 5.0, "b": 4.0}}
    )
    found = (pr.MultiQuery(FakeLLM("sofa\ncouch")) >> engine >> RRF())(TOPICS)
    # b: second, first, second; c: first; a: first
    assert found["docno"].tolist() == ["b", "a", "c"]
    assert found["score"].tolist() == pytest.approx([1 / 62 + 1 / 61 + 1 / 62, 1 / 61, 1 / 61])
    assert set(found["qid"]) == {"1"}
    assert set(found["query"]) == {"loveseat {x}"}


def entropy_scores(*rankings, **settings):
    systems = [Engine({"loveseat {x}": ranking}) for ranking in rankings]
    found = EntropyFusion(*systems, **settings)(TOPICS)
    return dict(zip(found["docno"], found["score"], strict=True))


def test_entropy_weights_by_hand():
    # shares ¾ and ¼ of a list against ½ and ½ of another; three documents in all
    steep = 1 - (0.75 * log(4 / 3) + 0.25 * log(4)) / log(3)
    flat = 1 - log(2) / log(3)
    w_steep, w_flat = steep / (steep + flat), flat / (steep + flat)
    assert (w_steep, w_flat) == pytest.approx((0.56945, 0.43055), abs=1e-5)
    # min-max: a 1 and b 0 in the first, both 1 in the second
    found = entropy_scores({"a": 3.0, "b": 1.0}, {"c": 1.0, "a": 1.0})
    assert found == pytest.approx({"a": 1.0, "c": w_flat, "b": 0.0})
    weighted = entropy_scores({"a": 3.0, "b": 1.0}, {"c": 1.0, "a": 1.0}, weights=[2, 1])
    assert weighted == pytest.approx({"a": 2 * w_steep + w_flat, "c": w_flat, "b": 0.0})


def test_a_ranking_that_is_flat_over_all_candidates_counts_nothing():
    found = entropy_scores({"a": 3.0, "b": 1.0}, {"b": 7.0, "a": 7.0})
    assert found == pytest.approx({"a": 1.0, "b": 0.0})


def test_where_all_are_flat_all_count_the_same():
    assert entropy_scores({"a": 2.0, "b": 2.0}, {"a": 5.0, "b": 5.0}) == {"a": 1.0, "b": 1.0}


def test_the_scale_of_scores_does_not_matter():
    one = entropy_scores({"a": 3.0, "b": 1.0}, {"c": 1.0, "a": 1.5})
    assert one == pytest.approx(entropy_scores({"a": 300.0, "b": 100.0}, {"c": 0.1, "a": 0.15}))


def test_negative_scores_are_shifted():
    # 3, 1, -1 become 4, 2, 0: shares ⅔ and ⅓; against ¾ and ¼
    one = 1 - (2 / 3 * log(3 / 2) + 1 / 3 * log(3)) / log(3)
    other = 1 - (0.75 * log(4 / 3) + 0.25 * log(4)) / log(3)
    found = entropy_scores({"a": 3.0, "b": 1.0, "c": -1.0}, {"c": 3.0, "a": 1.0})
    share = one / (one + other)
    assert found == pytest.approx({"a": share, "b": share / 2, "c": 1 - share})


def test_a_decomposition_is_fused_by_entropy():
    engine = Engine({"loveseat {x}": {"a": 5.0, "b": 5.0}, "rain": {"b": 9.0, "a": 1.0}})
    pipeline = pr.Q2EDecomposition(FakeLLM("1. rain")) >> engine >> EntropyFusion()
    found = pipeline(TOPICS)
    assert found["docno"].tolist() == ["b", "a"]
    assert found["score"].tolist() == pytest.approx([1.0, 0.0])
    assert found["qid"].tolist() == ["1", "1"]


def test_a_single_document_is_certain():
    assert entropy_scores({"a": 2.0}) == {"a": 1.0}
    assert entropy_scores({}, {"a": 2.0}) == {"a": 1.0}
