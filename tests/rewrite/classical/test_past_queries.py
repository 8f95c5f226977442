"""PastQueries: the weights by hand, who counts as past, and where the pool comes from."""

from __future__ import annotations

import pickle
from typing import Any

import pandas as pd
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.experiments.build.workbench import Workbench
from pyterrier_rewrite.experiments.config import ConfigError, ExperimentConfig
from pyterrier_rewrite.testing import check_rewriter
from tests.rewrite.classical.test_classical import statistics

POOL = pr.ExamplePool(
    [
        {"qid": "t1", "query": "couch", "terms": "sofa seat"},
        {"qid": "t2", "query": "couch lamp", "terms": "light"},
        {"qid": "t3", "query": "bee hive", "terms": "honey"},
    ]
)


def past(**settings: Any) -> pr.PastQueries:
    return pr.PastQueries(statistics(), POOL, **settings)


def topics(*queries: str, qids: list[str] | None = None, **more: Any) -> pd.DataFrame:
    qids = qids or [f"q{i}" for i in range(len(queries))]
    return pd.DataFrame({"qid": qids, "query": list(queries), **more})


def toks(rewriter: pr.PastQueries, frame: pd.DataFrame) -> Any:
    return rewriter(frame)["query_toks"][0]


def test_weights_by_hand() -> None:
    # TF-IDF of 3 past queries: couch log(3/2), lamp log 3, so that "couch" is as like t1 as can
    # be, 1, and t2 by log(1.5) / sqrt(log(1.5)² + log(3)²) = .3463. t3 shares no word with it
    found = toks(past(original_weight=0.4, repeated=True), topics("a couch"))
    first, second = 1 / 1.3463, 0.3463 / 1.3463
    assert found == pytest.approx(
        {"couch": 0.4, "sofa": 0.6 * first / 2, "seat": 0.6 * first / 2, "light": 0.6 * second},
        abs=1e-4,
    )
    assert sum(found.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("settings", "terms"),
    [
        ({"n": 1, "repeated": True}, {"couch", "sofa", "seat"}),
        ({"min_likeness": 0.5, "repeated": True}, {"couch", "sofa", "seat"}),
        ({"original_weight": 0, "n": 1, "repeated": True}, {"sofa", "seat"}),
        ({"original_weight": 1, "repeated": True}, {"couch"}),
        ({}, {"couch", "light"}),  # t1 has the same words, and may be the query under test
    ],
)
def test_who_counts(settings: dict[str, Any], terms: set[str]) -> None:
    assert set(toks(past(**settings), topics("Couch!"))) == terms


@pytest.mark.parametrize(
    "frame",
    [
        topics("couch lamp", qids=["t2"]),
        topics("couch lamp", qids=["t2~1"], qgroup=["t2"]),
        topics("lamp couch", query_0=["couch lamp"]),  # as it was before a rewriter
    ],
)
def test_the_query_under_test_is_never_past(frame: pd.DataFrame) -> None:
    assert "light" not in toks(past(), frame)


def test_ids_never_repeat() -> None:
    assert "light" not in toks(past(repeated=True), topics("couch lamp", qids=["t2"]))


def test_a_query_unlike_all_is_skipped() -> None:
    new = past()(topics("zebra", "bee"))
    assert new["qstatus"].tolist() == ["skipped: no past query is like it", "ok"]
    assert new["query"].tolist() == ["zebra", "bee"]


class Directions:
    """An encoder for which couches and zebras are alike."""

    def encode(self, texts: list[str]) -> list[list[float]]:
        return [[1.0, 0.0] if "bee" in text else [0.0, 1.0] for text in texts]


def test_an_encoder_finds_what_shares_no_word() -> None:
    assert "sofa" in toks(past(encoder=Directions(), n=1), topics("zebra"))


def test_keeps_the_contract() -> None:
    rewriter = past()
    check_rewriter(rewriter, topics("couch", "zebra", "bee"))
    assert pickle.loads(pickle.dumps(rewriter)) == rewriter
    assert past(n=2) != rewriter


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n": 0}, "n should be at least 1"),
        ({"original_weight": 1.5}, r"original_weight should be in \[0, 1\]"),
        ({"min_likeness": -1}, r"min_likeness should be in \[0, 1\]"),
    ],
)
def test_settings_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        past(**settings)


def test_a_pool_without_terms_is_refused() -> None:
    passages = pr.ExamplePool([{"qid": "t1", "query": "couch", "passage": "A sofa."}])
    with pytest.raises(ValueError, match="with_typical_terms"):
        pr.PastQueries(statistics(), passages)


# -- the pool -------------------------------------------------------------------------------------


class Texts:
    """Documents by their number."""

    def texts(self, docnos: Any) -> dict[str, str]:
        known = {"d1": "wing lift", "d2": "wing drag", "d3": "stall"}
        return {docno: known[docno] for docno in docnos if docno in known}


QRELS = pd.DataFrame(
    [("1", "d1", 1), ("1", "d2", 1), ("2", "d3", 0), ("3", "d3", 1)],
    columns=["qid", "docno", "label"],
)


def test_a_pool_holds_the_typical_terms_of_what_was_relevant() -> None:
    asked = topics("plane", "brake", qids=["1", "2"])
    pool = pr.ExamplePool.with_typical_terms(asked, QRELS, Texts(), statistics(), terms=2)
    # wing is in both documents, lift and drag in one each; 2 has no relevant document
    assert pool.examples == [{"qid": "1", "query": "plane", "terms": "wing drag"}]


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"terms": 0}, "terms should be at least 1"), ({"min_share": 2}, "min_share should be in")],
)
def test_a_pool_checks_its_numbers(settings: dict[str, Any], message: str) -> None:
    asked = topics("plane", qids=["1"])
    with pytest.raises(ValueError, match=message):
        pr.ExamplePool.with_typical_terms(asked, QRELS, Texts(), statistics(), **settings)


# -- from a config --------------------------------------------------------------------------------


def bench(options: dict[str, Any]) -> Workbench:
    shop = {"shop": {"products": 300, "queries": {"train": 30, "test": 5, "dev": 5}}}
    config = {
        "name": "p",
        "collection": shop,
        "topics": 3,
        "systems": {"p": [{"PastQueries": options}]},
    }
    return Workbench(ExperimentConfig.model_validate(config), verbose=False)


@pytest.fixture(autouse=True)
def _home(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PT_REWRITE_HOME", str(tmp_path))


def test_a_config_names_the_split_of_the_past() -> None:
    workbench = bench({"pool": "train", "n": 2})
    (rewriter,) = workbench.system("p")
    assert isinstance(rewriter, pr.PastQueries)
    asked = {example["qid"] for example in rewriter.pool}
    assert asked <= set(workbench.collection.get_topics("train")["qid"])
    assert len(asked) > 20
    new = rewriter(workbench.topics())
    assert "ok" in set(new["qstatus"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "'pool' is missing: the name of a split"),
        ({"pool": 3}, "expected the name of a split, found 3"),
        ({"pool": "trian"}, "trian"),
    ],
)
def test_a_config_that_names_none(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, ValueError), match=message):
        bench(options).system("p")
