"""The contract of a rewriter: for every exported class, and for what happens on failure."""

from __future__ import annotations

from functools import partial
from random import random
from typing import Annotated

import pandas as pd
import pyterrier as pt
import pytest
from annotated_types import Ge, Le

import pyterrier_rewrite as pr
from pyterrier_rewrite.around import Around
from pyterrier_rewrite.experiments.build.names import rewriters
from pyterrier_rewrite.testing import (
    FakeEngine,
    FakeLLM,
    check_rewriter,
    sample_results,
    sample_topics,
)
from pyterrier_rewrite.value import ValueTransformer
from tests.support.encoders import Letters
from tests.support.paths import ROOT


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
        return [
            pr.Rewritten([pr.NewQuery(f"{q.upper()} NOW{self.mark}")]) for q in queries["query"]
        ]


PAST = pr.ExamplePool(
    {"qid": f"t{i}", "query": query, "terms": "linen seat"}
    for i, query in enumerate(["red sofa", "a couch for two", "bees"])
)


class Unless(Around):
    """Leaves queries with a word alone: a rewriter around a rewriter, in a few lines."""

    def __init__(self, word: str, rewriter: pr.Rewriter) -> None:
        self.word = word
        self.rewriter = rewriter

    def skip(self, queries: pd.DataFrame) -> list[str | None]:
        said = [self.word if self.word in query else None for query in queries["query"]]
        return [mine or its for mine, its in zip(said, super().skip(queries), strict=True)]


GIVEN = {
    "bm25": Engine,
    "feedback": lambda: FEEDBACK,
    "llm": llm,
    "model": lambda: "loaded at the first history",
    "path": lambda: ROOT / "tests" / "support" / "rewrites.jsonl",
    "pool": lambda: PAST,
    "reward": Shortest,
    "rewriter": lambda: pr.Query2Doc(llm(), seed=1),
    "statistics": Counts,
}
"""What a rewriter gets for an argument that it cannot do without, by the argument's name."""

SPECIAL = {
    "EventExpansion": lambda: {"feedback": NEWS},
    "InstructionPrefix": lambda: {"instruction": "Find a product."},
    "LLM4CS": lambda: {"llm": FakeLLM("Rewrite: a sofa\nResponse: A couch.")},
    "LLMRewriter": lambda: {"prompt": PLAIN},
    "RewriteRetrieveRead": lambda: {"llm": FakeLLM("sofa; couch **")},
    "ThinkQE": lambda: {"fb_docs": 1},
}
"""What else a class needs to do something with the sample queries."""


def build(cls: type[pr.Rewriter], **arguments) -> pr.Rewriter:
    """Build any rewriter from the names of its arguments; a new method needs no recipe."""
    given = dict(SPECIAL[cls.__name__]() if cls.__name__ in SPECIAL else {}, **arguments)
    for name, parameter in cls.parameters().items():
        if name == "seed":
            given.setdefault(name, 1)
        elif name not in given and parameter.default is parameter.empty:
            given[name] = GIVEN[name]()
    return cls(**given)


REWRITERS = {name: partial(build, cls) for name, cls in rewriters().items()}
REWRITERS |= {
    f"{name} feedback": partial(make, feedback=FEEDBACK)
    for name, make in REWRITERS.items()
    if make().fb_docs > 0 and make().feedback is None
}
"""Every rewriter that is exported, and those that read documents with a pipeline as well."""

REWRITERS |= {
    "own": lambda: Shout(),
    "sampling": lambda: pr.LLMRewriter(llm(), prompt=PLAIN, temperature=1.0),
    "several": lambda: pr.LLMRewriter(
        llm(), prompt=PLAIN, parser=pr.Queries(), formulation=pr.Several()
    ),
    "several and original": lambda: pr.LLMRewriter(
        llm(), prompt=PLAIN, parser=pr.Queries(), formulation=pr.Several(), include_original=True
    ),
    "documents": lambda: pr.LLMRewriter(llm(), prompt=WITH_DOCUMENTS, fb_docs=2),
    "documents feedback": lambda: pr.LLMRewriter(
        llm(), prompt=WITH_DOCUMENTS, fb_docs=2, feedback=FEEDBACK
    ),
    "failing": lambda: pr.Query2Doc(FakeLLM(["fine", ""]), seed=1),
    "unless": lambda: Unless("bees", pr.Query2Doc(llm(), seed=1)),
    "BestOf several": lambda: pr.BestOf(
        pr.MultiQuery(llm(), temperature=0.7, seed=1), Shortest(), n=2
    ),
    "BestOf or original": lambda: pr.BestOf(
        pr.Query2Doc(llm(), seed=1), Shortest(), n=2, or_original=True
    ),
    "GenQRFusion terms": lambda: pr.GenQRFusion(
        llm(), seed=1, formulation=pr.Several(formulation=pr.RepeatTerms(5))
    ),
    "HyDE dense": lambda: pr.HyDE(llm(), formulation=pr.MeanVector(Letters("aeo")), seed=1),
    "InstructionPrefix dense": lambda: pr.InstructionPrefix("Find it.", encoder=Letters("aeo")),
    "InstructionPrefix of a column": lambda: pr.InstructionPrefix(instruction_from="split"),
    "IntentDescription column": lambda: pr.IntentDescription(llm(), formulation=pr.Keep()),
    "LLM4CS RTR": lambda: pr.LLM4CS(FakeLLM("Rewrite: a sofa"), seed=1, mode="RTR"),
    "LLM4CS dense": lambda: pr.LLM4CS(
        FakeLLM("Rewrite: a sofa\nResponse: A couch."), seed=1, encoder=Letters("aeo")
    ),
    "LLM4CS terms": lambda: pr.LLM4CS(
        FakeLLM("Rewrite: a sofa"), seed=1, mode="REW", formulation=pr.RepeatTerms(1)
    ),
    "MILL encoder": lambda: pr.MILL(llm(), feedback=FEEDBACK, encoder=pr.TermVectors(), seed=1),
    "MultiQuery alone": lambda: pr.MultiQuery(llm(), include_original=False),
    "Query2Doc dense": lambda: pr.Query2Doc(llm(), formulation=pr.Join(), seed=1),
    "Query2Doc few-shot": lambda: pr.Query2Doc(llm(), prompt="query2doc/few-shot", seed=1),
    "Query2Doc terms": lambda: pr.Query2Doc(llm(), formulation=pr.RepeatTerms(5), seed=1),
    "QueryIntents encoder": lambda: pr.QueryIntents(
        llm(), count=2, feedback=FEEDBACK, encoder=pr.TermVectors()
    ),
    "SimulatedAnswer of a column": lambda: pr.SimulatedAnswer(llm(), need="query"),
    "ThinkQE terms": lambda: pr.ThinkQE(
        llm(), feedback=FEEDBACK, fb_docs=1, formulation=pr.RepeatTerms(5), seed=1
    ),
    "TurnByTurn dense": lambda: pr.TurnByTurn(
        pr.LimitHistory(turns=2)
        >> pr.LLM4CS(FakeLLM("Rewrite: a sofa"), mode="REW", seed=1, encoder=Letters("aeo"))
    ),
    "TurnByTurn terms": lambda: pr.TurnByTurn(
        pr.DialogueQuery(llm(), formulation=pr.RepeatTerms(2))
    ),
}


@pytest.mark.parametrize("name", REWRITERS)
def test_contract(name):
    check_rewriter(REWRITERS[name]())


def test_contract_of_rewrites_from_a_column():
    check_rewriter(pr.FromColumn("qrewrite"), sample_topics().assign(qrewrite="sofa"))


def test_every_exported_rewriter_is_checked():
    exported = {
        name
        for name, value in vars(pr).items()
        if isinstance(value, type) and issubclass(value, pr.Rewriter) and value is not pr.Rewriter
    }
    checked = {type(make()).__name__ for make in REWRITERS.values()}
    assert exported <= checked, (
        f"{sorted(exported - checked)} cannot be made from GIVEN: add to SPECIAL"
    )


def test_no_model_is_asked_about_a_query_that_is_left_alone():
    model = llm()
    out = Unless("bees", pr.Query2Doc(model, seed=1))(sample_topics())
    assert out["qstatus"].tolist() == ["ok", "skipped: bees", "ok"]
    assert len(model.prompts) == 2
    assert out["query"][1] == sample_topics()["query"][1]


def test_where_all_are_left_alone_neither_model_nor_engine_is_asked():
    model, engine = llm(), FakeEngine({"d": "a sofa"})
    rewriter = Unless("sofa", pr.LameR(model, feedback=engine >> engine.text()))
    out = rewriter(pd.DataFrame({"qid": ["1", "2"], "query": ["red sofa", "sofa bed"]}))
    assert set(out["qstatus"]) == {"skipped: sofa"}
    assert model.calls == []
    assert engine.calls == []


class Counted(pr.Rewriter):
    """Needs a column, and adds one."""

    needs = ("qdraft",)
    adds = ("qwords",)

    def skip(self, queries: pd.DataFrame) -> list[str | None]:
        return [None if draft else "no draft" for draft in queries["qdraft"]]

    def rewrite(self, queries: pd.DataFrame) -> list[pr.Rewritten]:
        return [
            pr.Rewritten([pr.NewQuery(draft)], columns={"qwords": len(draft.split())})
            for draft in queries["qdraft"]
        ]


def test_columns_that_are_needed_and_added():
    check_rewriter(Counted())
    topics = sample_topics().assign(qdraft=["a sofa", "", "shoes"])
    out = Counted()(topics)
    assert out["qwords"].tolist() == [2, None, 1]
    assert Counted()(topics.assign(qwords=7))["qwords"].tolist() == [2, 7, 1]
    for frame in (topics.iloc[:0], topics):
        assert list(Unless("bees", Counted())(frame).columns) == list(out.columns)
    with pytest.raises(pt.validate.InputValidationError, match="qdraft"):
        Counted()(sample_topics())


def test_a_column_that_is_not_named_is_an_error():
    class Silent(Counted):
        adds = ()

    with pytest.raises(RuntimeError, match="qwords"):
        Silent()(sample_topics().assign(qdraft="a sofa"))


def test_a_skip_of_the_wrong_length_is_an_error():
    class Short(Shout):
        def skip(self, queries: pd.DataFrame) -> list[str | None]:
            return []

    with pytest.raises(RuntimeError, match="0 reasons for 3 queries"):
        Short()(sample_topics())


def test_ids_that_are_numbers_find_their_documents():
    topics = sample_topics().assign(qid=[1, 2, 3])
    found = pt.Transformer.from_df(
        sample_results().drop(columns=["query", "split"]).replace({"q1": "1", "q2": "2", "q3": "3"})
    )
    out = pr.LameR(llm(), feedback=found)(topics)
    assert out["qid"].tolist() == [1, 2, 3]
    assert set(out["qstatus"]) == {"ok"}
    assert pr.MultiQuery(llm())(topics)["qgroup"].unique().tolist() == [1, 2, 3]


def test_rows_with_one_id_are_rewritten_each_for_itself_or_refused():
    twice = sample_topics().assign(qid="q1")
    assert Shout()(twice)["query"].tolist() == [f"{q.upper()} NOW!" for q in twice["query"]]
    for rewriter in (pr.MultiQuery(llm()), pr.LameR(llm(), feedback=FEEDBACK)):
        with pytest.raises(ValueError, match="found 'q1' twice"):
            rewriter(twice)


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
        (lambda out: out.assign(query=out["query_0"]), "qstatus does not say why"),
        (lambda out: out.assign(qstatus="skipped: tired"), "its text was changed"),
        (
            lambda out: out.assign(**{c: "x" for c in out.columns if c == "query_1"}),
            "query_1 is not the query_0",
        ),
        (
            lambda out: out.drop(columns="query_1", errors="ignore"),
            "query_1 is missing",
        ),
        (lambda out: out.assign(qid=out["qid"].map(str)), "should stay numbers"),
        (lambda out: out.assign(query=[f"x{random()}" for _ in out["qid"]]), "another .'query'"),
        (
            lambda out: out.assign(query_0=out["query_0"].groupby(out["qid"]).transform("first")),
            "rows with one qid",
        ),
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


class Loud(Shout):
    """Takes a number of marks, within a range that it declares."""

    def __init__(self, marks: Annotated[int, Ge(1), Le(9)] = 1) -> None:
        super().__init__("!" * marks)
        self.marks = marks


class Unchecked(Loud):
    def check(self) -> None:
        """Forget to call super().check()."""


class Unstored(Loud):
    def __init__(self, marks: int = 1) -> None:
        super().__init__()
        del self.marks


class Constant(Loud):
    """Takes an argument, and stores another value."""

    def __init__(self, marks: int = 1) -> None:
        super().__init__()
        self.marks = 1


class Chance(Shout):
    """Writes something else every time, and does not say so."""

    def rewrite(self, queries: pd.DataFrame) -> list[pr.Rewritten]:
        return [pr.Rewritten([pr.NewQuery(f"{q} {random()}")]) for q in queries["query"]]


class Numbered(Shout):
    """Depends on what else is asked."""

    def rewrite(self, queries):
        return [
            pr.Rewritten([pr.NewQuery(f"{text.upper()} of {len(queries)}")])
            for text in queries["query"]
        ]


class Counting(Shout):
    """Remembers how often it was called."""

    def rewrite(self, queries: pd.DataFrame) -> list[pr.Rewritten]:
        self.mark += "!"
        return super().rewrite(queries)


class Eager(pr.LLMRewriter):
    """Asks its model before anything is checked."""

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        self.llm.generate([[{"role": "user", "content": "?"}]])
        return super().transform(inp)


class Several(Shout):
    """Makes two queries, and says that it keeps the original."""

    several = True
    include_original = True

    def rewrite(self, queries: pd.DataFrame) -> list[pr.Rewritten]:
        return [
            pr.Rewritten([pr.NewQuery(f"{q} now"), pr.NewQuery(f"{q} later")])
            for q in queries["query"]
        ]


class Forgetful(Several):
    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        out = super().transform(inp)
        return out.assign(query=[f"{query}!" for query in out["query"]])


@pytest.mark.parametrize(
    ("rewriter", "message"),
    [
        (Unchecked(), "marks=0 should be an error"),
        (Unless("x", Unchecked()), "marks=0 should be an error"),
        (Unstored(), "store 'marks' under its own name"),
        (Constant(), "store 'marks' as it is given"),
        (Chance(), "a second call gives another"),
        (Counting(), "a second call gives another"),
        (Numbered(), "has another .* alone than among others"),
        (Eager(llm(), prompt=PLAIN), "before the arguments were checked"),
        (Forgetful(), "include_original should keep the original"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_check_rewriter_notices_a_class_that_is_careless(rewriter, message):
    with pytest.raises(AssertionError, match=message):
        check_rewriter(rewriter)


@pytest.mark.parametrize("rewriter", [Loud(), Several()], ids=lambda value: type(value).__name__)
def test_what_these_forget_makes_the_difference(rewriter):
    check_rewriter(rewriter)


def test_a_function_that_a_test_answers_with_need_not_be_pickled():
    check_rewriter(pr.LLMRewriter(FakeLLM(lambda prompt, sample: "wide couch"), prompt=PLAIN))


def the_query(prompt, sample):
    return prompt[-1]["content"].removeprefix("Rewrite: ")


def test_an_answer_that_is_the_query_itself_is_an_honest_rewrite():
    check_rewriter(pr.LLMRewriter(FakeLLM(the_query), prompt=PLAIN))
