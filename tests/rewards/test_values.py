from __future__ import annotations

import pickle
import subprocess
import sys
from functools import partial

import pandas as pd
import pytest

from pyterrier_rewrite import FakeLLM
from pyterrier_rewrite import rewards as rw
from pyterrier_rewrite.pipelines import CrossEncoderReranker, PisaIndex
from pyterrier_rewrite.protocols import Reward as RewardProtocol
from tests.support.candidates import A, made, rewards

ENGINE = PisaIndex("nowhere").bm25()


def is_unsafe(texts):
    return ["bomb" in text for text in texts]


QRELS = pd.DataFrame([["q", "d", 1]], columns=["qid", "docno", "label"])
GIVEN = {
    "engine": ENGINE,
    "qrels": QRELS,
    "measure": "nDCG@10",
    "reranker": CrossEncoderReranker("m"),
    "reader": FakeLLM("x"),
    "is_unsafe": is_unsafe,
}
PLAIN = {f"plain {name}": partial(made, cls, **GIVEN) for name, cls in rewards().items()}
ALL = PLAIN | {
    "SearchFeedback": lambda: rw.SearchFeedback(ENGINE, QRELS, "nDCG@10"),
    "RankingFeedback": lambda: rw.RankingFeedback(ENGINE, CrossEncoderReranker("m"), num_docs=3),
    "Coverage": lambda: rw.Coverage(ENGINE, QRELS, groups={"d": "Hult"}, rel=2),
    "AnswerReward": lambda: rw.AnswerReward(ENGINE, FakeLLM("x"), f1_weight=0.5),
    "RankReward": lambda: rw.RankReward(ENGINE, QRELS),
    "TieredRecall": lambda: rw.TieredRecall(ENGINE, QRELS, k=50),
    "NovelDocuments": lambda: rw.NovelDocuments(ENGINE, QRELS, novelty=0.1),
    "Format": lambda: rw.Format(pattern=".*"),
    "Length": lambda: rw.Length(low=2),
    "Language": lambda: rw.Language(),
    "Copy": lambda: rw.Copy(),
    "AnswerLeak": lambda: rw.AnswerLeak(),
    "Safety": lambda: rw.Safety(is_unsafe),
    "composition": lambda: (
        (0.5 * rw.Length() + rw.Copy()).gate(rw.Format()).relative_to_original().clip(0, 1)
    ).normalise(),
}


@pytest.mark.parametrize("name", ALL)
def test_rewards_are_values(name):
    reward, again = ALL[name](), ALL[name]()
    loaded = pickle.loads(pickle.dumps(reward))
    assert repr(loaded) == repr(reward)
    assert isinstance(reward, RewardProtocol)
    if isinstance(reward, rw.AnswerReward):  # a fake model is equal only to itself
        return
    assert loaded == reward
    assert reward == again
    assert hash(reward) == hash(again)
    assert repr(reward) == repr(again)
    assert reward != A


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (rw.Length(high=3), rw.Length(high=4)),
        (rw.Length() + rw.Copy(), rw.Length() + 2 * rw.Copy()),
        (rw.Length().gate(rw.Copy()), rw.Length().gate(rw.Copy(), cap=1.0)),
        (
            rw.SearchFeedback(ENGINE, QRELS, "nDCG@10"),
            rw.SearchFeedback(ENGINE, QRELS.assign(label=2), "nDCG@10"),
        ),
        (rw.SearchFeedback(ENGINE, QRELS, "AP"), rw.SearchFeedback(ENGINE, QRELS, "nDCG")),
        (rw.Coverage(ENGINE, QRELS, groups={"d": "a"}), rw.Coverage(ENGINE, QRELS)),
    ],
)
def test_other_arguments_are_another_value(a, b):
    assert a != b
    assert repr(a) != repr(b)


def test_every_reward_is_among_the_values_tested():
    compositions = {"Clipped", "Gated", "Normalised", "Relative", "WeightedSum"}
    bases = {"Guard", "Judgements", "Reward", "RewardWarning"}
    assert {f"plain {name}" for name in set(rw.__all__) - compositions - bases} == set(PLAIN)


def test_importing_rewards_loads_nothing_heavy():
    heavy = ["torch", "transformers", "aiohttp", "py3langid", "pyterrier_pisa"]
    code = f"import sys, pyterrier_rewrite.rewards; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- judgements ---------------------------------------------------------------------------------


def test_judgements_are_equal_by_content():
    names = {"qid": "query_id", "docno": "doc_id", "label": "relevance"}
    same = [QRELS, QRELS.rename(columns=names), {"q": {"d": 1}}, rw.Judgements(QRELS)]
    assert len({repr(rw.Judgements(qrels)) for qrels in same}) == 1
    assert all(rw.Judgements(qrels) == rw.Judgements(QRELS) for qrels in same)
    assert rw.Judgements(QRELS) != rw.Judgements({"q": {"d": 2}})
    assert repr(rw.Judgements(QRELS)).startswith("Judgements(1 of 1 queries, ")
    assert rw.Judgements(QRELS.assign(label=1.0)) == rw.Judgements(QRELS)


@pytest.mark.parametrize(
    ("qrels", "error", "message"),
    [
        ([1], TypeError, "found list"),
        (QRELS.drop(columns="label"), ValueError, "columns qid, docno and label"),
        (QRELS.assign(label=0.5), ValueError, "whole numbers, found 0.5"),
        (QRELS.assign(label="x"), ValueError, "whole numbers, found 'x'"),
    ],
)
def test_broken_judgements(qrels, error, message):
    with pytest.raises(error, match=message):
        rw.Judgements(qrels)
