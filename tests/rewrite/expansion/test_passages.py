"""MuGI and QA-Expand: passages from what the model knows."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.testing import FakeLLM

TOPICS = pd.DataFrame({"qid": ["1", "2"], "query": ["couch", "shoes"]})


def test_mugi_samples_five_passages():
    llm = FakeLLM("A sofa.")
    out = pr.MuGI(llm)(TOPICS)
    ((prompts, sampling),) = llm.calls
    assert [[m["role"] for m in prompt] for prompt in prompts] == [["system", "user"]] * 2
    assert prompts[1][1]["content"].endswith("Query: shoes")
    assert (sampling.n, sampling.temperature, sampling.max_tokens) == (5, 1.0, 1024)
    assert len(out["qgen"][0]) == 5


@pytest.mark.parametrize(
    ("passage", "repeats"),
    [
        ("a" * 7, 1),  # two passages and a space: 15 characters, ⌊15 ÷ (4 × 5)⌋ = 0, never 0
        ("a" * 19, 1),  # 39 characters, ⌊39 ÷ 20⌋ = 1
        ("a" * 20, 2),  # 41 characters, ⌊41 ÷ 20⌋ = 2
        ("a" * 50, 5),  # 101 characters, ⌊101 ÷ 20⌋ = 5
    ],
)
def test_mugi_repeats_the_query_by_the_length_of_the_passages(passage, repeats):
    new = pr.MuGI(FakeLLM(passage), n=2).search("couch")["query"][0]
    assert new == " ".join(["couch"] * repeats + [passage, passage])


def test_mugi_with_another_beta():
    # 101 characters, ⌊101 ÷ (6 × 5)⌋ = 3
    rewriter = pr.MuGI(FakeLLM("a" * 50), n=2, formulation=pr.AdaptiveRepeat(6))
    assert rewriter.search("couch")["query"][0].split().count("couch") == 3


def qa(questions='["q1?", "q2?", "q3?"]', answers='["a1", "a2", "a3"]', kept='["a1", "a3"]'):
    def reply(prompt, sample):
        text = prompt[0]["content"]
        return answers if "Questions:" in text else kept if "Passages:" in text else questions

    return FakeLLM(reply)


def test_qa_expand_asks_answers_and_filters():
    llm = qa()
    out = pr.QAExpand(llm).search("couch")
    assert [len(prompts) for prompts, _ in llm.calls] == [1, 1, 1]
    assert all((s.n, s.temperature) == (1, 0.0) for _, s in llm.calls)
    assert all([m["role"] for m in prompt] == ["user"] for prompt in llm.prompts)
    first, second, third = [prompt[0]["content"] for prompt in llm.prompts]
    assert "3 different questions" in first
    assert first.endswith("Query: couch")
    assert second.endswith('Questions: ["q1?", "q2?", "q3?"]')
    assert third.endswith('Query: couch\nPassages: ["a1", "a2", "a3"]')
    assert out["query"][0] == "couch couch couch a1 a3"
    assert out["qusage"][0]["requests"] == 3
    assert out["qgen"][0] == ['["q1?", "q2?", "q3?"]', '["a1", "a2", "a3"]', '["a1", "a3"]']


def test_qa_expand_keeps_to_the_number_of_questions():
    llm = qa(questions=json.dumps([f"q{i}?" for i in range(9)]))
    pr.QAExpand(llm, questions=2).search("couch")
    assert 'Questions: ["q0?", "q1?"]' in llm.prompts[1][0]["content"]
    assert "2 different questions" in llm.prompts[0][0]["content"]


def test_qa_expand_skips_a_query_without_a_useful_answer():
    out = pr.QAExpand(qa(kept="[]")).search("couch")
    assert out[["query", "qstatus"]].values.tolist() == [["couch", "skipped: no answer is useful"]]


def test_qa_expand_stops_where_a_step_brings_nothing():
    def reply(prompt, sample):
        text = prompt[0]["content"]
        if "shoes" in text:
            raise TimeoutError("too slow")
        return '["sofa"]'

    llm = FakeLLM(reply)
    with pytest.warns(pr.RewriteWarning, match="1 of 2"):
        out = pr.QAExpand(llm)(TOPICS)
    assert [len(prompts) for prompts, _ in llm.calls] == [2, 1, 1]
    assert out["query"].tolist() == ["couch couch couch sofa", "shoes"]
    assert out["qstatus"].tolist() == ["ok", "failed: TimeoutError: too slow"]
    assert [usage["requests"] for usage in out["qusage"]] == [3, 1]


def test_qa_expand_reads_plain_lists():
    llm = qa("1. what?\n2. who?", "- a sofa\n- a settee", "Here are the useful ones:\n1. a sofa")
    assert pr.QAExpand(llm).search("couch")["query"][0] == "couch couch couch a sofa"


def test_qa_expand_with_questions_in_quotes_and_braces():
    llm = qa(questions='["what is \\"{query}\\"?"]')
    pr.QAExpand(llm).search('{answers} "x"')
    assert llm.prompts[0][0]["content"].endswith('Query: {answers} "x"')
    assert llm.prompts[1][0]["content"].endswith('Questions: ["what is \\"{query}\\"?"]')


def test_qa_expand_needs_a_question():
    with pytest.raises(ValueError, match="questions should be at least 1, found 0"):
        pr.QAExpand(qa(), questions=0).search("couch")


def test_a_model_that_can_is_held_to_lists():
    llm = FakeLLM('["sofa"]', constrains=True)
    pr.QAExpand(llm).search("couch")
    assert [list(sampling.schema["properties"]) for _, sampling in llm.calls] == [["items"]] * 3
