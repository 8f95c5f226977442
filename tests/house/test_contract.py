"""The contract of a rewriter: for every exported class, and for what happens on failure."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.testing import FakeLLM, check_rewriter, sample_results, sample_topics
from pyterrier_rewrite.value import ValueTransformer


class Counts:
    """The counts of a collection in which no word is special."""

    analyzer = pr.EnglishAnalyzer()
    num_docs = 1000
    num_tokens = 10_000

    def document_frequencies(self, stems):
        return dict.fromkeys(stems, 5)

    def collection_frequencies(self, stems):
        return dict.fromkeys(stems, 7)

    def __eq__(self, other):
        return isinstance(other, Counts)

    __hash__ = None


class Shortest:
    """A reward that needs no judgements."""

    def score(self, candidates):
        lengths = candidates.groupby("qcand")["query"].agg(lambda texts: -len(" ".join(texts)))
        return lengths.astype(float).to_dict()

    def __eq__(self, other):
        return isinstance(other, Shortest)

    __hash__ = None


PLAIN = pr.Prompt("test/plain", 1, (("user", "Rewrite: {query}"),), ("query",))
WITH_DOCUMENTS = pr.Prompt(
    "test/documents", 1, (("user", "{documents}\n\n{query}"),), ("query", "documents")
)
FEEDBACK = pt.Transformer.from_df(sample_results().drop(columns=["query", "split"]))
NEWS = pt.Transformer.from_df(
    sample_results().drop(columns=["query", "split"]).assign(date="2024-05-03")
)


def llm() -> FakeLLM:
    return FakeLLM("a sofa is a couch\nfor two or three people")


class Letters:
    """Encodes a text as its counts of three letters."""

    def encode(self, texts):
        return np.array([[text.count(letter) for letter in "aeo"] for text in texts], dtype=float)


class Engine(ValueTransformer):
    """Finds one document for everything."""

    def transform(self, inp):
        pt.validate.query_frame(inp, ["query"], context=self)
        return inp.assign(docno="d", score=5.0, rank=0)


class Shout(pr.Rewriter):
    """The smallest rewriter."""

    def __init__(self, mark: str = "!") -> None:
        self.mark = mark

    def rewrite(self, queries: pd.DataFrame) -> list[pr.Rewritten]:
        return [pr.Rewritten([pr.NewQuery(q.upper() + self.mark)]) for q in queries["query"]]


REWRITERS = {
    "own": lambda: Shout(),
    "llm": lambda: pr.LLMRewriter(llm(), prompt=PLAIN),
    "sampling": lambda: pr.LLMRewriter(llm(), prompt=PLAIN, temperature=1.0),
    "several": lambda: pr.LLMRewriter(
        llm(), prompt=PLAIN, parser=pr.Queries(), formulation=pr.Several()
    ),
    "several and original": lambda: pr.LLMRewriter(
        llm(), prompt=PLAIN, parser=pr.Queries(), formulation=pr.Several(), include_original=True
    ),
    "documents": lambda: pr.LLMRewriter(llm(), prompt=WITH_DOCUMENTS, fb_docs=2),
    "feedback": lambda: pr.LLMRewriter(llm(), prompt=WITH_DOCUMENTS, fb_docs=2, feedback=FEEDBACK),
    "Query2Doc": lambda: pr.Query2Doc(llm(), seed=1),
    "Query2Doc few-shot": lambda: pr.Query2Doc(llm(), prompt="query2doc/few-shot", seed=1),
    "Query2Doc terms": lambda: pr.Query2Doc(llm(), formulation=pr.RepeatTerms(5), seed=1),
    "Query2Doc dense": lambda: pr.Query2Doc(llm(), formulation=pr.Join(), seed=1),
    "HyDE": lambda: pr.HyDE(llm(), seed=1),
    "HyDE dense": lambda: pr.HyDE(llm(), formulation=pr.MeanVector(Letters()), seed=1),
    "MILL": lambda: pr.MILL(llm(), seed=1),
    "MILL feedback": lambda: pr.MILL(llm(), feedback=FEEDBACK, encoder=pr.TermVectors(), seed=1),
    "ThinkQE": lambda: pr.ThinkQE(llm(), feedback=FEEDBACK, fb_docs=1, seed=1),
    "ThinkQE terms": lambda: pr.ThinkQE(
        llm(), feedback=FEEDBACK, fb_docs=1, formulation=pr.RepeatTerms(5), seed=1
    ),
    "QueryIntents": lambda: pr.QueryIntents(llm(), count=2),
    "QueryIntents feedback": lambda: pr.QueryIntents(
        llm(), count=2, feedback=FEEDBACK, encoder=pr.TermVectors()
    ),
    "InstructionPrefix dense": lambda: pr.InstructionPrefix("Find it.", encoder=pr.TermVectors()),
    "MultiQuery": lambda: pr.MultiQuery(llm(), count=2),
    "MultiQuery alone": lambda: pr.MultiQuery(llm(), include_original=False),
    "Q2EDecomposition": lambda: pr.Q2EDecomposition(llm()),
    "StepBack": lambda: pr.StepBack(llm()),
    "RewriteRetrieveRead": lambda: pr.RewriteRetrieveRead(FakeLLM("sofa; couch **")),
    "ToolQueries": lambda: pr.ToolQueries(llm()),
    "InstructionPrefix": lambda: pr.InstructionPrefix("Find a product."),
    "InstructionPrefix of a column": lambda: pr.InstructionPrefix(instruction_from="split"),
    "HQE": lambda: pr.HQE(Engine()),
    "QuReTeC": lambda: pr.QuReTeC("loaded at the first history"),
    "Seq2SeqRewriter": lambda: pr.Seq2SeqRewriter("loaded at the first history"),
    "failing": lambda: pr.Query2Doc(FakeLLM(["fine", ""]), seed=1),
}


PAST = pr.ExamplePool(
    {"qid": f"t{i}", "query": query, "terms": "linen seat"}
    for i, query in enumerate(["red sofa", "a couch for two", "bees"])
)
REWRITERS["PastQueries"] = lambda: pr.PastQueries(Counts(), PAST)
REWRITERS["BestOf"] = lambda: pr.BestOf(pr.Query2Doc(llm(), seed=1), Shortest(), n=2)
for _classical in (pr.RM3, pr.Rocchio, pr.Bo1, pr.KL):
    REWRITERS[_classical.__name__] = lambda cls=_classical: cls(Counts())
    REWRITERS[f"{_classical.__name__} feedback"] = lambda cls=_classical: cls(
        Counts(), feedback=FEEDBACK
    )


for _plain in (pr.Q2D, pr.Q2DZS, pr.Q2E, pr.Q2EZS, pr.CoT, pr.GenQR, pr.GenQREnsemble, pr.MuGI):
    REWRITERS[_plain.__name__] = lambda cls=_plain: cls(llm(), seed=1)

for _with_documents in (
    pr.Q2DPRF,
    pr.Q2EPRF,
    pr.CoTPRF,
    pr.GenPRF,
    pr.GenQREnsembleRF,
    pr.GenQRFusionRF,
    pr.LameR,
    pr.CSQE,
    pr.IntentDescription,
):
    REWRITERS[_with_documents.__name__] = lambda cls=_with_documents: cls(llm(), seed=1)
    REWRITERS[f"{_with_documents.__name__} feedback"] = lambda cls=_with_documents: cls(
        llm(), seed=1, feedback=FEEDBACK
    )

REWRITERS |= {
    "GenQRFusion": lambda: pr.GenQRFusion(llm(), seed=1),
    "GenQRFusion terms": lambda: pr.GenQRFusion(
        llm(), seed=1, formulation=pr.Several(formulation=pr.RepeatTerms(5))
    ),
    "QAExpand": lambda: pr.QAExpand(llm(), seed=1),
    "IntentDescription column": lambda: pr.IntentDescription(llm(), formulation=pr.Keep()),
    "EventExpansion feedback": lambda: pr.EventExpansion(llm(), feedback=NEWS),
}


REWRITERS |= {
    "AppendFirstTurn": pr.AppendFirstTurn,
    "AppendHistory": pr.AppendHistory,
    "AskClarification": lambda: pr.AskClarification(llm()),
    "CHIQ": lambda: pr.CHIQ(llm()),
    "DialogueQuery": lambda: pr.DialogueQuery(llm()),
    "DisambiguateQuestion": lambda: pr.DisambiguateQuestion(llm()),
    "FeedbackRewriter": lambda: pr.FeedbackRewriter(llm()),
    "LLM4CS": lambda: pr.LLM4CS(FakeLLM("Rewrite: a sofa\nResponse: A couch."), seed=1),
    "LLM4CS dense": lambda: pr.LLM4CS(
        FakeLLM("Rewrite: a sofa\nResponse: A couch."), seed=1, encoder=Letters()
    ),
    "LLM4CS RTR": lambda: pr.LLM4CS(FakeLLM("Rewrite: a sofa"), seed=1, mode="RTR"),
    "LLM4CS terms": lambda: pr.LLM4CS(
        FakeLLM("Rewrite: a sofa"), seed=1, mode="REW", formulation=pr.RepeatTerms(1)
    ),
    "MQ4CS": lambda: pr.MQ4CS(llm()),
    "PseudoResponse": lambda: pr.PseudoResponse(llm()),
    "ExpandResponse": lambda: pr.ExpandResponse(llm()),
    "SimulatedAnswer": lambda: pr.SimulatedAnswer(llm(), need="query"),
    "SimulatedComment": lambda: pr.SimulatedComment(llm(), need="query"),
    "SimulatedComment feedback": lambda: pr.SimulatedComment(
        llm(), need="query", feedback=FEEDBACK
    ),
    "SuggestQueries": lambda: pr.SuggestQueries(llm()),
    "SummarizeHistory": lambda: pr.SummarizeHistory(llm()),
    "SwitchTopic": lambda: pr.SwitchTopic(llm()),
    "TurnByTurn": lambda: pr.TurnByTurn(pr.DialogueQuery(llm())),
    "TurnByTurn dense": lambda: pr.TurnByTurn(
        pr.LimitHistory(turns=2)
        >> pr.LLM4CS(FakeLLM("Rewrite: a sofa"), mode="REW", seed=1, encoder=Letters())
    ),
    "TurnByTurn terms": lambda: pr.TurnByTurn(
        pr.DialogueQuery(llm(), formulation=pr.RepeatTerms(2))
    ),
}


@pytest.mark.parametrize("name", REWRITERS)
def test_contract(name):
    check_rewriter(REWRITERS[name]())


def test_contract_of_rewrites_from_a_file(tmp_path):
    file = tmp_path / "rewrites.jsonl"
    file.write_text(json.dumps({"_id": "q1", "text": "sofa"}) + "\n")
    check_rewriter(pr.FromFile(file))


def test_contract_of_rewrites_from_a_column():
    check_rewriter(pr.FromColumn("qrewrite"), sample_topics().assign(qrewrite="sofa"))


def test_every_exported_rewriter_is_checked():
    exported = {
        name
        for name, value in vars(pr).items()
        if isinstance(value, type) and issubclass(value, pr.Rewriter) and value is not pr.Rewriter
    }
    checked = {type(make()).__name__ for make in REWRITERS.values()} | {"FromFile", "FromColumn"}
    assert exported <= checked, f"add {sorted(exported - checked)} to REWRITERS"


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda out: out.iloc[1:], "lost, added or moved"),
        (lambda out: out.assign(query=""), "is empty"),
        (lambda out: out.assign(query="a  b"), "is not safe"),
        (lambda out: out.assign(query_0="x"), "query_0 is not the query before"),
        (lambda out: out.assign(qstatus="fine"), "qstatus"),
        (lambda out: out.assign(qusage=[{}] * len(out)), "qusage"),
        (lambda out: out.drop(columns=["split"], errors="ignore"), "columns were lost"),
        (lambda out: out.set_index(out.index + 1), "the index should be"),
        (lambda out: out.assign(query_toks=[{"a": 1.0}] * len(out)), "stale"),
    ],
)
def test_check_rewriter_notices(break_it, message):
    class Broken(Shout):
        def transform(self, inp):
            return break_it(super().transform(inp))

    with pytest.raises(AssertionError, match=message):
        check_rewriter(Broken())


def test_check_rewriter_notices_a_stateful_input():
    class Meddling(Shout):
        def transform(self, inp):
            out = super().transform(inp)
            inp["query"] = "changed"
            return out

    with pytest.raises(AssertionError):
        check_rewriter(Meddling())
