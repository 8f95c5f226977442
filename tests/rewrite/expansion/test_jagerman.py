"""The eight prompts of Jagerman et al.: what is asked, and what becomes of the answer."""

from __future__ import annotations

import pandas as pd
import pyterrier as pt
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.expansion.jagerman import ReasonedText
from pyterrier_rewrite.testing import FakeLLM, sample_results
from tests.support.prompts import below_note

WITHOUT_DOCUMENTS = [pr.Q2D, pr.Q2DZS, pr.Q2E, pr.Q2EZS, pr.CoT]
WITH_DOCUMENTS = [pr.Q2DPRF, pr.Q2EPRF, pr.CoTPRF]
FEW_SHOT = [pr.Q2D, pr.Q2E]
KEYWORDS = [pr.Q2E, pr.Q2EZS, pr.Q2EPRF]


def results(count=5):
    return pd.DataFrame(
        [
            {"qid": "1", "query": "couch", "docno": f"d{rank}", "text": f"text {rank}."}
            | {"rank": rank, "score": 9.0 - rank}
            for rank in range(count)
        ]
    )


def asked(cls):
    llm = FakeLLM("sofa, settee")
    frame = results() if cls in WITH_DOCUMENTS else results(1)[["qid", "query"]]
    out = cls(llm)(frame)
    ((prompts, sampling),) = llm.calls
    (turns,) = map(below_note, prompts) if cls in WITH_DOCUMENTS else prompts
    shots = 4 if cls in FEW_SHOT else 0
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * shots + ["user"]
    return "\n\n".join(turn["content"] for turn in turns), sampling, out


@pytest.mark.parametrize("cls", [*WITHOUT_DOCUMENTS, *WITH_DOCUMENTS])
def test_one_greedy_generation_a_query(cls):
    text, sampling, _ = asked(cls)
    assert (sampling.n, sampling.temperature) == (1, 0.0)
    assert text.count("Query: couch") == 1


@pytest.mark.parametrize(
    ("cls", "examples"),
    [(pr.Q2D, 4), (pr.Q2DZS, 0), (pr.Q2E, 4), (pr.Q2EZS, 0), (pr.CoT, 0)]
    + [(cls, 0) for cls in WITH_DOCUMENTS],
)
def test_examples(cls, examples):
    text, _, _ = asked(cls)
    assert text.count("Query: ") == examples + 1
    assert text.index("Query: couch") == text.rindex("Query: "), "the query under test is last"


@pytest.mark.parametrize("cls", WITH_DOCUMENTS)
def test_the_top_three_documents_are_shown_before_the_query(cls):
    text, _, _ = asked(cls)
    shown = [text.index(f"text {rank}.") for rank in range(3)]
    assert [*shown, text.index("Query: couch")] == sorted([*shown, text.index("Query: couch")])
    assert "text 3." not in text


@pytest.mark.parametrize("cls", [*WITHOUT_DOCUMENTS, *WITH_DOCUMENTS])
def test_the_query_weighs_five_times_the_expansion(cls):
    _, _, out = asked(cls)
    expansion = "sofa settee" if cls in KEYWORDS else "sofa, settee"
    assert out["query"].tolist() == [f"couch couch couch couch couch {expansion}"]


def test_own_examples():
    llm = FakeLLM("sofa")
    pr.Q2E(llm, examples=[{"query": "car", "keywords": "auto"}]).search("couch")
    asks, *turns = llm.prompts[0]
    assert asks["role"] == "user"
    assert asks["content"].startswith("List keywords")
    assert asks["content"].endswith("\n\nQuery: car\nKeywords:")
    assert turns == [
        {"role": "assistant", "content": "auto"},
        {"role": "user", "content": "Query: couch\nKeywords:"},
    ]


def test_keywords_and_reasons_are_asked_for_by_their_methods():
    assert all("keywords" in asked(cls)[0] for cls in KEYWORDS)
    assert all("reasons" in asked(cls)[0] for cls in (pr.CoT, pr.CoTPRF))


def test_reasons_come_before_the_answer_in_the_prompt():
    text, _, _ = asked(pr.CoT)
    assert text.index("reasons") < text.index("before you give the answer")


@pytest.mark.parametrize(
    ("generation", "parts"),
    [
        ("**Rationale:** Bees store nectar.\n\n**Answer:** honey", ["Bees store nectar. honey"]),
        ("### Step 1\nBees eat.\n### Answer\nHoney.", ["Bees eat. Honey."]),
        ("Bees eat.\nReasoning: it is winter.\nHoney.", ["Bees eat. it is winter. Honey."]),
        ("Reasons for bees to dance", ["Reasons for bees to dance"]),
        ("<think>hm</think>Answer: honey", ["honey"]),
        ("I'm sorry, but I can't help with that.", []),
    ],
)
def test_reasons_are_kept_and_their_headings_are_not(generation, parts):
    assert ReasonedText()(generation) == parts


def test_a_query_without_documents_is_skipped():
    found = pt.Transformer.from_df(sample_results().drop(columns=["query", "split"]))
    topics = pd.DataFrame({"qid": ["q1", "none"], "query": ["couch", "xyz"]})
    out = pr.Q2DPRF(FakeLLM("sofa"), feedback=found)(topics)
    assert out["qstatus"].tolist() == ["ok", "skipped: no feedback documents"]
    assert out["query"][1] == "xyz"
