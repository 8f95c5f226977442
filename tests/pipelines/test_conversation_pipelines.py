"""Ready pipelines for conversations, their configs, and collections of conversations."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.experiments.build.workbench import Workbench
from pyterrier_rewrite.experiments.collections import CollectionError, load_collection
from pyterrier_rewrite.experiments.config import load_config
from pyterrier_rewrite.experiments.run.execute import check_systems
from pyterrier_rewrite.pipelines import (
    RRF,
    CrossEncoderReranker,
    DenseIndex,
    PisaIndex,
    mean_intent_search,
    multi_query_search,
    turn_search,
)
from pyterrier_rewrite.testing import FakeLLM
from tests.support.encoders import Letters

DOCUMENTS = [
    {"docno": "sofa", "text": "a red sofa of linen"},
    {"docno": "tide", "text": "tides rise twice a day"},
    {"docno": "train", "text": "trains run twice an hour"},
]
TOPICS = pd.DataFrame(
    {
        "qid": ["1"],
        "query": ["how often?"],
        "qhistory": [[{"role": "user", "content": "tides"}]],
    }
)
CONFIGS = ["cast19", "cast20", "cast21", "cast22", "ikat23", "qrecc", "topiocqa"]


class Overlap:
    """Scores a pair by its shared words; records the queries."""

    def __init__(self):
        self.queries = []

    def predict(self, pairs):
        self.queries += [query for query, _ in pairs]
        return np.array([len(set(q.split()) & set(d.split())) for q, d in pairs], dtype=float)


@pytest.fixture(scope="module")
def sparse(tmp_path_factory):
    folder = tmp_path_factory.mktemp("index") / "sparse"
    return PisaIndex.build(folder, DOCUMENTS, fields=["text"], verbose=False)


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    folder = tmp_path_factory.mktemp("index") / "dense"
    return DenseIndex.build(folder, DOCUMENTS, model=Letters(), fields=["text"], verbose=False)


# -- pipelines -----------------------------------------------------------------------------------


def test_raw_and_rewritten_turns(sparse):
    bm25, model = sparse.bm25(), Overlap()
    assert turn_search(bm25)(TOPICS)["docno"].tolist() == []
    rewritten = turn_search(bm25, rewriter=pr.AppendHistory())
    assert rewritten(TOPICS)["docno"].tolist() == ["tide"]
    reranked = turn_search(
        bm25,
        rewriter=pr.AppendHistory(),
        text=sparse.text(),
        reranker=CrossEncoderReranker(model),
    )
    assert reranked(TOPICS)["score"].tolist() == [1.0]
    assert model.queries == ["how often? tides"]


def test_the_mean_of_rewrites_and_responses_searches_the_dense_index(dense):
    llm = FakeLLM(["Rewrite: tides rise\nResponse: twice a day"])
    out = mean_intent_search(llm, dense, n=1)(TOPICS)
    vectors = dense.encode(["tides rise", "twice a day"])
    expected = dense.comparable(vectors.mean(axis=0)[None, :])[0]
    best = np.sort(dense.vectors @ expected)[::-1]
    assert out["docno"][0] == "tide"
    assert out["score"].tolist() == pytest.approx(best.tolist(), abs=1e-5)


ANSWERS = {"find passages": "tides rise\ntrains run", "Answer:": "Twice a day."}


@pytest.mark.parametrize(
    ("fuse", "seen"),
    [
        ("after", ["tides rise", "trains run"]),
        ("before", ["how often?", "how often?"]),
    ],
)
def test_rankings_meet_before_or_after_reranking(sparse, fuse, seen):
    model = Overlap()
    pipeline = multi_query_search(
        pr.MQ4CS(FakeLLM(ANSWERS)),
        sparse.bm25(),
        text=sparse.text(),
        reranker=CrossEncoderReranker(model),
        fuse=fuse,
    )
    out = pipeline(TOPICS)
    assert sorted(model.queries) == seen
    assert out["qid"].tolist() == ["1", "1"]
    assert set(out["query"]) == {"how often?"}
    assert sorted(out["docno"]) == ["tide", "train"]


def test_another_fusion_and_a_wrong_place(sparse):
    stages = {"text": sparse.text(), "reranker": CrossEncoderReranker(Overlap())}
    pipeline = multi_query_search(pr.MQ4CS(FakeLLM(ANSWERS)), sparse.bm25(), fusion=RRF(), **stages)
    assert pipeline(TOPICS)["score"].tolist() == pytest.approx([1 / 61, 1 / 61])
    with pytest.raises(ValueError, match="'before' or 'after' the reranking, found 'never'"):
        multi_query_search(pr.MQ4CS(FakeLLM("x")), sparse.bm25(), fuse="never", **stages)


# -- configs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONFIGS)
def test_configs_build_and_fit_without_a_model(name, sparse, dense, monkeypatch, tmp_path):
    monkeypatch.setenv("PT_REWRITE_HOME", str(tmp_path))
    config = load_config(name)
    workbench = Workbench(config, verbose=False)
    workbench.__dict__.update(index=sparse, dense_index=dense)
    systems = {name: workbench.system(name) for name in config.systems}
    check_systems(systems, ["qid", "query", "qhistory", "qrewrite", "qconversation", "qturn"])
    assert list(systems)[:3] == ["raw turn", "history appended", "first turn appended"]
    assert systems["LLM4CS"][0].writes == ()
    if config.dense is not None:
        assert systems["LLM4CS Mean"][0].encoder is dense


@pytest.mark.parametrize("name", ["cast21", "cast22", "ikat23", "qrecc", "topiocqa"])
def test_configs_name_files_of_a_folder(name, tmp_path):
    topics = [{"number": 1, "turn": [{"number": 1, "utterance": "tides"}]}]
    spec = load_config(name, [f"vars.folder={tmp_path}"]).collection
    (tmp_path / spec["conversations"].rpartition("/")[2]).write_text(json.dumps(topics))
    (tmp_path / spec["qrels"].rpartition("/")[2]).write_text("1_1 0 tide 2\n")
    (tmp_path / spec["corpus"].rpartition("/")[2]).write_text('{"_id": "tide", "text": "Tides"}\n')
    collection = load_collection(spec)
    assert collection.get_topics()["qid"].tolist() == ["1_1"]
    assert collection.get_qrels()["label"].tolist() == [2]
    assert [d["docno"] for d in collection.get_corpus_iter(verbose=False)] == ["tide"]


# -- collections ---------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    turns = [
        {"number": 1, "raw_utterance": "tides", "passage": "They rise."},
        {"number": 2, "raw_utterance": "how often?", "manual_rewritten_utterance": "tides how oft"},
        {"number": 3, "raw_utterance": " "},
    ]
    (tmp_path / "topics.json").write_text(json.dumps([{"number": 7, "turn": turns}]))
    (tmp_path / "qrels.txt").write_text("7_2 0 tide 1\n7_3 0 tide 1\n")
    return {"conversations": tmp_path / "topics.json", "qrels": tmp_path / "qrels.txt"}


@pytest.mark.filterwarnings("ignore::pyterrier_rewrite.experiments.collections.CollectionWarning")
def test_judged_turns_keep_the_whole_history(files):
    topics = load_collection(files).get_topics()
    assert topics["qid"].tolist() == ["7_2"]
    assert topics["qhistory"][0] == [
        {"role": "user", "content": "tides"},
        {"role": "assistant", "content": "They rise."},
    ]
    assert topics[["qconversation", "qturn", "qrewrite"]].values.tolist() == [
        ["7", 2, "tides how oft"]
    ]


@pytest.mark.filterwarnings("ignore::pyterrier_rewrite.experiments.collections.CollectionWarning")
def test_all_turns_and_the_reference_as_the_query(files):
    assert len(load_collection({**files, "all_queries": True}).get_topics()) == 2
    topics = load_collection({**files, "query_field": "rewrite"}).get_topics()
    assert topics["query"].tolist() == ["tides how oft"]
    with pytest.raises(CollectionError, match="turns have no field 'title'"):
        load_collection({**files, "query_field": "title"}).get_topics()


def test_a_file_that_is_wrong_says_where(files):
    files["conversations"].write_text("[{}]")
    with pytest.raises(CollectionError, match=r"topics\.json: expected conversations with"):
        load_collection(files).get_topics()
