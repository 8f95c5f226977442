"""GenQR and its ensembles: one request an instruction, keywords appended or fused."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.prompting.examples import ExamplePool, ExamplesById
from pyterrier_rewrite.testing import FakeLLM, sample_results
from tests.support.prompts import below_note

TOPICS = pd.DataFrame({"qid": ["1", "2"], "query": ["couch", "shoes"]})
INSTRUCTIONS = [m["content"] for m in pr.Prompt.load("genqr/instructions").render()]


def contents(llm, *, documents=False):
    prompts = list(map(below_note, llm.prompts)) if documents else llm.prompts
    assert all([message["role"] for message in prompt] == ["user"] for prompt in prompts)
    return [prompt[0]["content"] for prompt in prompts]


def test_genqr_asks_once_by_nucleus_sampling():
    llm = FakeLLM("sofa, settee")
    out = pr.GenQR(llm)(TOPICS)
    ((prompts, sampling),) = llm.calls
    assert len(prompts) == 2
    assert (sampling.n, sampling.temperature, sampling.top_p) == (1, 1.0, 0.92)
    assert "Query: shoes\n" in contents(llm)[1]
    assert out["query"].tolist() == ["couch sofa settee", "shoes sofa settee"]


def test_genprf_shows_five_documents():
    llm = FakeLLM("sofa")
    rewriter = pr.GenPRF(llm)
    rewriter(sample_results())
    assert rewriter.fb_docs == 5
    content = contents(llm, documents=True)[0]
    assert content.count("<document ") == 3, "the sample has three a query"
    assert content.index("<document 1>") < content.index("Query: red couch")


def test_there_are_ten_different_instructions():
    assert len(set(INSTRUCTIONS)) == 10


def test_the_ensemble_asks_with_every_instruction_in_one_batch():
    llm = FakeLLM("sofa")
    out = pr.GenQREnsemble(llm)(TOPICS)
    ((prompts, sampling),) = llm.calls
    assert len(prompts) == 20
    assert (sampling.n, sampling.temperature, sampling.top_p) == (1, 1.0, 0.92)
    expected = [(text, query) for query in TOPICS["query"] for text in INSTRUCTIONS]
    for content, (instruction, query) in zip(contents(llm), expected, strict=True):
        assert instruction in content
        assert f"Query: {query}\n" in content
    assert [usage["requests"] for usage in out["qusage"]] == [10, 10]
    assert [len(generations) for generations in out["qgen"]] == [10, 10]


def test_all_keywords_are_appended_as_often_as_they_come():
    # 2 queries, 2 instructions each: the first query gets a and b, the second c and d
    llm = FakeLLM(["sofa, settee", "sofa; divan", "- boots", "Keywords: boots, sandals"])
    out = pr.GenQREnsemble(llm, instructions=["A.", "B."])(TOPICS)
    assert out["query"].tolist() == ["couch sofa settee sofa divan", "shoes boots boots sandals"]


def test_an_instruction_without_an_answer_is_left_out():
    def reply(prompt, sample):
        if "B." in prompt[0]["content"]:
            raise TimeoutError("too slow")
        return "sofa" if "A." in prompt[0]["content"] else ""

    out = pr.GenQREnsemble(FakeLLM(reply), instructions=["A.", "B.", "C."])(TOPICS)
    assert out["query"][0] == "couch sofa"
    assert out["qstatus"][0] == "ok"
    assert out["qusage"][0]["requests"] == 3


def test_a_query_fails_only_if_every_instruction_does():
    def reply(prompt, sample):
        if "couch" in prompt[0]["content"]:
            raise TimeoutError("too slow")
        return "boots"

    with pytest.warns(pr.RewriteWarning, match="1 of 2 queries failed"):
        out = pr.GenQREnsemble(FakeLLM(reply), instructions=["A.", "B."])(TOPICS)
    assert out["qstatus"].tolist() == ["failed: TimeoutError: too slow", "ok"]
    assert out["query"].tolist() == ["couch", "shoes boots boots"]


def test_the_feedback_variants_show_five_documents_with_every_instruction():
    for cls in (pr.GenQREnsembleRF, pr.GenQRFusionRF):
        llm = FakeLLM("sofa")
        rewriter = cls(llm, instructions=["A.", "B."])
        rewriter(sample_results())
        assert rewriter.fb_docs == 5
        assert len(llm.prompts) == 3 * 2
        assert all("<document 3>" in content for content in contents(llm, documents=True))


def test_fusion_makes_a_query_of_each_instruction():
    llm = FakeLLM(["sofa, settee", "divan", "", "boots"])
    out = pr.GenQRFusion(llm, instructions=["A.", "B."])(TOPICS)
    assert out[["qid", "query"]].values.tolist() == [
        ["1~1", "couch sofa settee"],
        ["1~2", "couch divan"],
        ["2~1", "shoes boots"],
    ]
    assert out["qgroup"].tolist() == ["1", "1", "2"]


def test_instructions_from_a_prompt_file(tmp_path):
    file = tmp_path / "mine.yaml"
    asks = {"version": 1, "slots": [], "messages": [{"role": "user", "content": "Name it."}]}
    file.write_text(json.dumps({"prompts": {"asks": asks}}))  # JSON is YAML
    llm = FakeLLM("sofa")
    pr.GenQREnsemble(llm, instructions=f"{file}#asks").search("couch")
    assert ["Name it." in content for content in contents(llm)] == [True]


def test_no_instruction_is_an_error():
    with pytest.raises(ValueError, match="at least one instruction"):
        pr.GenQREnsemble(FakeLLM(), instructions=[]).search("couch")


def test_several_expansions_as_terms():
    # couch × 5 and each part's own terms, one query a part
    several = pr.Several((1, 0.5), formulation=pr.RepeatTerms(5))
    first, second = several.form("couch", ["sofa couches", "divan"])
    assert (first.toks, first.weight) == ({"couch": 6.0, "sofa": 1.0}, 1)
    assert (second.toks, second.weight) == ({"couch": 5.0, "divan": 1.0}, 0.5)
    assert several.writes == ("query_toks",)
    assert pr.Several().writes == ()


def test_several_forms_all_queries_in_one_batch():
    calls = []

    class Encoder:
        def encode(self, texts):
            calls.append(list(texts))
            return [[float(len(text))] for text in texts]

    several = pr.Several(formulation=pr.MeanVector(Encoder()))
    groups = several.form_batch(["ab", "c"], [["abcd", "abcdef"], []])
    # the mean of the lengths of query and part: (2 + 4) / 2 and (2 + 6) / 2
    assert [[new.vec.tolist() for new in group] for group in groups] == [[[3.0], [4.0]], []]
    assert len(calls) == 2


def test_several_of_several_is_refused():
    with pytest.raises(ValueError, match="should make one query"):
        pr.Several(formulation=pr.Several())


@pytest.mark.parametrize("cls", [pr.GenQR, pr.GenQREnsemble, pr.GenQRFusion, pr.Q2EZS])
def test_a_model_that_can_is_held_to_a_list_of_terms(cls):
    llm = FakeLLM('{"terms": ["sofa", "settee"]}', constrains=True)
    out = cls(llm).search("couch")
    assert list(llm.calls[0][1].schema["properties"]) == ["terms"]
    assert out["query"][0].endswith(
        "couch sofa settee" + " sofa settee" * 9 * (cls is pr.GenQREnsemble)
    )


def test_examples_are_chosen_for_each_query():
    pool = ExamplePool([{"qid": "1", "query": "couch"}, {"qid": "9", "query": "boots"}])
    prompt = pr.Prompt(
        "mine/shots",
        1,
        messages=(("user", "{examples}\n\n{instruction} {query}"),),
        slots=("instruction", "query"),
        example="e.g. {query}",
    )
    llm = FakeLLM("sofa")
    examples = ExamplesById(pool, ("1", "9"))
    pr.GenQREnsemble(llm, prompt=prompt, instructions=["A.", "B."], examples=examples)(TOPICS)
    assert contents(llm) == [
        "e.g. boots\n\nA. couch",
        "e.g. boots\n\nB. couch",
        "e.g. couch\n\ne.g. boots\n\nA. shoes",
        "e.g. couch\n\ne.g. boots\n\nB. shoes",
    ]


@pytest.mark.parametrize("cls", [pr.Q2E, pr.StepBack])
def test_not_where_examples_answer_in_plain_text(cls):
    llm = FakeLLM("sofa, settee", constrains=True)
    cls(llm).search("couch")
    assert llm.calls[0][1].schema is None
