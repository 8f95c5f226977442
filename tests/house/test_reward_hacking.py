"""The hacking audit: nothing that games a reward may beat an honest good rewrite."""

from __future__ import annotations

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite import FakeLLM
from pyterrier_rewrite.experiments.shop import Shop
from pyterrier_rewrite.pipelines import PisaIndex
from pyterrier_rewrite.rewards import (
    AnswerLeak,
    AnswerReward,
    Copy,
    Coverage,
    Format,
    Length,
    NovelDocuments,
    RankingFeedback,
    RankReward,
    Safety,
    SearchFeedback,
    TieredRecall,
)

CONSTANT = "best product cheap online buy now"


def hacks(topic: dict) -> dict[str, str]:
    """Return what a model may learn to write instead of a rewrite."""
    return {
        "constant": CONSTANT,
        "copy": topic["query"],
        "repeated": " ".join([topic["query"].split()[-1]] * 12),
        "repeated copy": " ".join([topic["query"]] * 4),
        "very long": " ".join(f"{topic['query']} {word}" for word in CONSTANT.split() * 40),
        "answer appended": f"{topic['query']} {topic['qanswers'][0]}",
        "empty": "",
        "spaces": "   ",
    }


def unsafe(texts):
    return ["bomb" in text for text in texts]


class Overlap(pt.Transformer):
    """A reranker that knows how shoppers' and catalogue's words go together."""

    def __init__(self, meaning):
        self.meaning = meaning

    def transform(self, inp):
        scores = []
        for query, text in zip(inp["query"], inp["text"], strict=True):
            words = set(self.meaning[query].lower().split())
            scores.append(len(words & set(text.lower().split())) / len(words))
        return inp.assign(score=scores)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    dataset = Shop(1000)
    folder = tmp_path_factory.mktemp("shop") / "index"
    index = PisaIndex.build(folder, dataset.get_corpus_iter(), verbose=False)
    qrels = dataset.get_qrels("dev")
    titles = {doc["docno"]: doc["title"] for doc in dataset.get_corpus_iter()}
    brands = {doc["docno"]: doc["brand"] for doc in dataset.get_corpus_iter()}
    best = qrels.sort_values("label", ascending=False, kind="stable").drop_duplicates("qid")
    answer = {qid: [titles[docno]] for qid, docno in zip(best["qid"], best["docno"], strict=True)}
    topics = dataset.get_topics("dev").head(60)
    topics = topics.assign(qanswers=[answer[qid] for qid in topics["qid"]])
    return index, topics, qrels, brands


@pytest.fixture(scope="module")
def candidates(shop):
    """Honest rewrites and hacks, of the topics that a rewrite can help."""
    index, topics, qrels, _ = shop
    honest = SearchFeedback(index.bm25(), qrels, "nDCG@10")
    gain = honest.relative_to_original().score(
        topics.assign(query_0=topics["query"], query=topics["qrewrite"])
    )
    rows = []
    for topic in topics.to_dict("records"):
        if gain[topic["qid"]] < 0.2:
            continue
        texts = {"honest": topic["qrewrite"], **hacks(topic)}
        for name, text in texts.items():
            qid = f"{topic['qid']}~{name}"
            row = {**topic, "qid": qid, "qcand": qid, "qgroup": topic["qid"], "query": text}
            rows.append({**row, "query_0": topic["query"], "hack": name, "qgen": [text]})
    frame = pd.DataFrame(rows)
    assert frame["qgroup"].nunique() >= 20
    return frame


def guarded(reward, cap=0.0):
    for guard in (Format(), Length(high=24), AnswerLeak(), Copy()):
        reward = reward.gate(guard, cap=cap)
    return reward


def rewards(shop) -> dict:
    index, topics, qrels, brands = shop
    bm25, texts = index.bm25(), index.bm25(num_results=5) >> index.text()
    search = SearchFeedback(bm25, qrels, "nDCG@10")
    rerank = RankingFeedback(
        texts, Overlap(dict(zip(topics["query"], topics["qrewrite"], strict=True)))
    )
    reader = AnswerReward(texts, FakeLLM(lambda prompt, _: read(prompt)), f1_weight=0.5)
    return {
        "search": guarded(search),
        "search, relative": guarded(search.relative_to_original()),
        "search, no guards but the leak": search.relative_to_original().gate(AnswerLeak()),
        "LESER": guarded(0.8 * search + 0.2 * Coverage(bm25, qrels, groups=brands)),
        "coverage": guarded(Coverage(bm25, qrels)),
        "RaFe": guarded(rerank),
        "RaFe, relative": guarded(rerank.relative_to_original()),
        "reader": guarded(reader, cap=-1.0),
        "ConvSearch-R1": guarded(RankReward(bm25, qrels)),
        "DeepRetrieval": guarded(TieredRecall(bm25, qrels, k=100), cap=-3.5),
        "novel": guarded(NovelDocuments(bm25, qrels), cap=-1.0),
        "normalised": guarded(search.normalise() + rerank.normalise(), cap=-4.0),
        "clipped": guarded((2 * search - rerank).clip(0, 1)),
        "safe": guarded(search.gate(Safety(unsafe))),
    }


def read(prompt) -> str:
    """Read the title of the first document aloud."""
    lines = prompt[-1]["content"].splitlines()
    first = next((line for line in lines if line.startswith("[1] ")), "[1] nothing")
    return " ".join(first.split()[1:6])


NAMES = [
    "search",
    "search, relative",
    "search, no guards but the leak",
    "LESER",
    "coverage",
    "RaFe",
    "RaFe, relative",
    "reader",
    "ConvSearch-R1",
    "DeepRetrieval",
    "novel",
    "normalised",
    "clipped",
    "safe",
]


@pytest.mark.parametrize("name", NAMES)
def test_no_hack_beats_an_honest_rewrite(shop, candidates, name):
    reward = rewards(shop)[name]
    marks = pd.Series(reward.score(candidates))
    assert marks.notna().all()
    table = candidates.assign(mark=candidates["qcand"].map(marks)).pivot_table(
        index="qgroup", columns="hack", values="mark"
    )
    honest = table.pop("honest")
    mean = table.mean()
    assert (mean < honest.mean()).all(), f"on average {mean.idxmax()!r} pays: {mean.to_dict()}"
    beaten = table.gt(honest + 1e-9, axis=0)
    losses = beaten.sum()[beaten.any()].to_dict()
    assert not losses, f"{name}: of {len(table)} honest rewrites, beaten by {losses}"


def test_every_composed_reward_is_audited(shop):
    assert list(rewards(shop)) == NAMES


def test_the_audit_would_notice(shop, candidates):
    """Novelty alone pays for nonsense."""
    index, _, qrels, _ = shop
    novelty = NovelDocuments(index.bm25(), qrels, novelty=1.0)
    mark = candidates["qcand"].map(novelty.score(candidates))
    mean = mark.groupby(candidates["hack"]).mean()
    assert mean["constant"] > mean["honest"]
