from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite import (
    FakeLLM,
    GenQR,
    LLMRewriter,
    MultiQuery,
    Prompt,
    Query2Doc,
    RepeatTerms,
    RewriteRetrieveRead,
)
from pyterrier_rewrite.text.analysis import EnglishAnalyzer
from pyterrier_rewrite.text.typical import typical_terms
from pyterrier_rewrite.training import TrainingError
from pyterrier_rewrite.training.data.warm_start import (
    distant_supervision,
    join_pairs,
    pseudo_judgements,
    typical_targets,
)

TEXTS = {
    "d1": "A sofa in anthracite by Grunhild",
    "d2": "Anthracite sofas by Grunhild",
    "d3": "A sofa in ivory by Tolvane",
    "d4": "A carafe in ivory by Tolvane",
}


@dataclass
class Documents:
    found: dict[str, str] = field(default_factory=lambda: TEXTS)

    def texts(self, docnos: Iterable[str]) -> dict[str, str]:
        return {docno: self.found[docno] for docno in docnos if docno in self.found}


@dataclass
class Statistics:
    analyzer: EnglishAnalyzer = field(default_factory=EnglishAnalyzer)
    num_docs: int = 4
    num_tokens: int = 20

    def document_frequencies(self, stems: Iterable[str]) -> dict[str, int]:
        held = [{self.analyzer.stem(t) for t in self.analyzer.terms(x)} for x in TEXTS.values()]
        counts = {stem: sum(stem in h for h in held) for stem in stems}
        return {stem: n for stem, n in counts.items() if n}

    def collection_frequencies(self, stems: Iterable[str]) -> dict[str, int]:
        return self.document_frequencies(stems)


@dataclass
class Worth:
    """Each term of a query is worth something; scores are read off the weighted terms."""

    of: dict[str, float]
    seen: list[int] = field(default_factory=list)
    silent: tuple[str, ...] = ()

    def score(self, candidates: pd.DataFrame) -> dict[str, float | None]:
        self.seen.append(len(candidates))
        return {
            name: None if group in self.silent else sum(self.of.get(t, 0.0) for t in toks)
            for name, group, toks in zip(
                candidates["qcand"], candidates["qgroup"], candidates["query_toks"], strict=True
            )
        }


TOPICS = pd.DataFrame(
    [
        {"qid": "a", "query": "dark grey couch", "note": "x"},
        {"qid": "b", "query": "cream couch", "note": "y"},
    ]
)
QRELS = pd.DataFrame(
    [("a", "d1", 2), ("a", "d2", 2), ("a", "d3", 1), ("a", "d4", 0), ("b", "d3", 1)],
    columns=["qid", "docno", "label"],
)
PLAIN = Prompt("test/plain", 1, (("user", "{query}"),), ("query",))


def rewriter() -> LLMRewriter:
    return LLMRewriter(FakeLLM("never asked"), prompt=PLAIN, formulation=RepeatTerms(1.0))


def supervise(reward: Worth, **options: object) -> pd.DataFrame:
    return distant_supervision(
        rewriter(),
        TOPICS,
        QRELS,
        reward,
        texts=Documents(),
        statistics=Statistics(),
        verbose=False,
        **options,  # type: ignore[arg-type]
    )


def test_typical_terms_are_ordered_by_their_contrast() -> None:
    ranked = typical_terms(QRELS, texts=Documents(), statistics=Statistics())
    # a: d1 and d2 only; anthracite and Grunhild in both and in 2 of 4: log 2; sofa: log 4/3
    assert ranked["a"] == ["anthracite", "grunhild", "sofa"]
    # b: d3; ivory and Tolvane in 2 of 4, sofa in 3 of 4
    assert ranked["b"] == ["ivory", "tolvane", "sofa"]


def test_rare_terms_of_the_best_documents_are_left_out() -> None:
    one_more = pd.concat([QRELS, pd.DataFrame([{"qid": "a", "docno": "d4", "label": 2}])])
    shares = {"min_share": 0.5}
    ranked = typical_terms(one_more, texts=Documents(), statistics=Statistics(), **shares)
    # ivory is in one of three: out; contrasts 2/3 log 4/3 for both that stay, sofa 2/3 log 8/9 < 0
    assert ranked["a"] == ["anthracite", "grunhild"]
    assert math.isclose(2 / 3 * math.log(2 / 3 * 4 / 2), 0.1918, abs_tol=1e-4)


def test_target_is_put_together_greedily() -> None:
    reward = Worth({"anthracite": 0.3, "sofa": 0.5, "ivory": 0.2, "grunhild": 0.01})
    out = supervise(reward)
    assert out["target"].tolist() == ["sofa anthracite", "sofa ivory"]
    assert out["score"].tolist() == pytest.approx([0.8, 0.7])
    assert out["note"].tolist() == ["x", "y"]
    # the bare queries; every term; every other term; for none of the rest there is a gain
    assert reward.seen == [2, 6, 4, 2]


@pytest.mark.parametrize(
    ("method", "target", "joined"),
    [
        (GenQR, "sofa, anthracite", "sofa, anthracite, sofa, ivory"),
        (MultiQuery, "sofa\nanthracite", "sofa\nanthracite\nsofa\nivory"),
        (RewriteRetrieveRead, "sofa; anthracite **", "sofa; anthracite; sofa; ivory **"),
        (Query2Doc, "sofa anthracite", "sofa anthracite sofa ivory"),
    ],
)
def test_targets_are_written_as_the_prompt_asks_for_them(
    method: type[LLMRewriter], target: str, joined: str
) -> None:
    method_on_terms = method(FakeLLM("never asked"), formulation=RepeatTerms(1.0))
    reward = Worth({"anthracite": 0.3, "sofa": 0.5, "ivory": 0.2})
    index: Any = {"texts": Documents(), "statistics": Statistics()}
    found = distant_supervision(method_on_terms, TOPICS, QRELS, reward, verbose=False, **index)
    assert found["target"][0] == target
    assert found["score"].tolist() == pytest.approx([0.8, 0.7])
    both = join_pairs(found, count=20, rewriter=method_on_terms)
    assert joined in both["target"].tolist()
    drawn = typical_targets(TOPICS, QRELS, rewriter=method_on_terms, terms=2, **index)["target"]
    read = [method_on_terms.parser(text) for text in drawn]
    assert {len(parts) for parts in read} == {1 if method is Query2Doc else 2}


def test_number_of_terms_is_bounded() -> None:
    reward = Worth({"anthracite": 0.3, "sofa": 0.5, "ivory": 0.2})
    assert supervise(reward, terms=1)["target"].tolist() == ["sofa", "sofa"]
    assert supervise(reward, candidates=1)["target"].tolist() == ["anthracite", "ivory"]


def test_topics_without_gain_verdict_or_documents_are_missing() -> None:
    assert supervise(Worth({}))["qid"].tolist() == []
    reward = Worth({"sofa": 0.5}, silent=("b",))
    assert supervise(reward)["qid"].tolist() == ["a"]
    more = pd.DataFrame([{"qid": "c", "query": "unjudged", "note": "z"}])
    out = distant_supervision(
        rewriter(),
        pd.concat([TOPICS, more]),
        QRELS,
        Worth({"sofa": 0.5}),
        texts=Documents(),
        statistics=Statistics(),
        verbose=False,
    )
    assert out["qid"].tolist() == ["a", "b"]


def test_says_what_does_not_belong_together() -> None:
    with pytest.raises(ValueError, match="belong together"):
        typical_terms(QRELS, texts=Documents({}), statistics=Statistics())
    with pytest.raises(TrainingError, match=r"the queries \['a', 'b'\]"):
        supervise(Worth({"sofa": math.nan}))


@pytest.mark.parametrize(
    "wrong", [{"documents": 0}, {"candidates": 0}, {"terms": 0}, {"min_share": 2}, {"min_gain": -1}]
)
def test_checks_its_numbers(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        supervise(Worth({}), **wrong)


def test_other_formulations_find_other_targets() -> None:
    class Few(Worth):
        """Terms are worth something beside the query's only if it weighs less than 1."""

        def score(self, candidates: pd.DataFrame) -> dict[str, float | None]:
            few = candidates["query_toks"].map(lambda toks: toks["couch"] < 1 or "sofa" in toks)
            marks = super().score(candidates)
            return {name: (marks[name] or 0.0) * ok for name, ok in zip(marks, few, strict=True)}

    worth = {"anthracite": 0.3, "ivory": 0.3, "sofa": 0.1}
    alone = supervise(Few(worth))
    assert alone["target"].tolist() == ["sofa anthracite", "sofa ivory"]
    both = supervise(Few(worth), formulations=[RepeatTerms(1.0), RepeatTerms(0.3)])
    assert both["target"].tolist() == [*alone["target"], "anthracite sofa", "ivory sofa"]
    once = supervise(Few(worth), formulations=[RepeatTerms(1.0), RepeatTerms(1.0)])
    assert once.equals(alone)


def test_joined_pairs_ask_for_both_targets() -> None:
    pairs = TOPICS.assign(target=["anthracite", "ivory"])
    out = join_pairs(pairs, count=50, seed=1)
    assert out.iloc[:2].equals(pairs)
    assert len(out) == 52
    new = {tuple(row) for row in out.iloc[2:][["qid", "query", "target", "note"]].to_numpy()}
    assert len(new) == 4
    assert ("a+b", "dark grey couch cream couch", "anthracite ivory", "x") in new
    assert ("b+a", "cream couch dark grey couch", "ivory anthracite", "y") in new
    assert join_pairs(pairs, count=50, seed=1).equals(out)
    assert join_pairs(pairs.iloc[:0], count=3).empty


def test_pseudo_judgements_are_the_first_documents_of_the_teacher() -> None:
    found = [("q", "c", 1.0), ("q", "a", 3.0), ("q", "b", 2.0), ("r", "b", 1.0)]
    teacher = pt.Transformer.from_df(pd.DataFrame(found, columns=["qid", "docno", "score"]))
    topics = pd.DataFrame([("q", "couch"), ("r", "light"), ("s", "x")], columns=["qid", "query"])
    judged = pseudo_judgements(topics, teacher, documents=2)
    assert set(judged.itertuples(index=False, name=None)) == {
        ("q", "a", 1),
        ("q", "b", 1),
        ("r", "b", 1),
    }
    with pytest.raises(ValueError, match="documents should be at least 1"):
        pseudo_judgements(topics, teacher, documents=0)
