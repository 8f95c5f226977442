"""The cross-validated comparison: no conversation on both sides, and its parts by hand."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from pyterrier_rewrite.experiments.benchmarks import conversation_quality as quality
from pyterrier_rewrite.experiments.benchmarks.conversation import TURNS, talk


def test_all_turns_of_a_conversation_are_in_one_fold():
    topics = pd.DataFrame({"qconversation": [f"c{i % 7}" for i in range(70)]})
    folds = quality.folds_of(topics, 3, seed=1)
    assert topics.assign(fold=folds).groupby("qconversation")["fold"].nunique().eq(1).all()
    assert sorted(folds.unique()) == [0, 1, 2]
    assert folds.equals(quality.folds_of(topics, 3, seed=1))


def test_best_terms_are_the_words_that_the_rewrite_takes_from_the_questions():
    topics = pd.DataFrame(
        {
            "qid": ["1", "2"],
            "query": ["How much do they cost?", "Why?"],
            "qhistory": [
                [
                    {"role": "user", "content": "Are garage doors heavy?"},
                    {"role": "assistant", "content": "Wooden ones."},
                ],
                [],
            ],
            "qrewrite": ["How much do wooden garage doors cost?", None],
        }
    )
    assert quality.best_terms(topics) == {"1": "How much do they cost? garage doors", "2": "Why?"}


def test_talk_is_conversations_whose_histories_grow():
    topics = talk(2)
    assert len(topics) == 2 * TURNS
    assert [len(history) for history in topics["qhistory"]] == 2 * list(range(TURNS))
    assert topics["qhistory"][3][-1]["content"] == topics["query"][2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PT_REWRITE_HOME", str(tmp_path / "home"))
    words = ["sofa", "desk", "lamp", "shelf"]
    chat = tmp_path / "chat-words"
    (chat / "qrels").mkdir(parents=True)
    documents = [{"_id": w, "title": "", "text": f"the cost of a {w}"} for w in words]
    queries = [
        {
            "_id": f"{w}{turn}",
            "text": "what is the cost" if turn else f"tell me about a {w}",
            "metadata": {
                "conversation": w,
                "turn": turn + 1,
                "history": [{"role": "user", "content": f"tell me about a {w}"}][:turn],
                "rewrite": f"what is the cost of a {w}",
            },
        }
        for w in words
        for turn in (0, 1)
    ]
    for name, rows in (("corpus", documents), ("queries", queries)):
        (chat / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = [f"{query['_id']}\t{query['_id'][:-1]}\t1\n" for query in queries]
    (chat / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(lines))
    return chat


def test_systems_are_compared_on_conversations_that_they_have_not_seen(folder, tmp_path, capsys):
    (tmp_path / "words_by_hand.jsonl").write_text('{"_id": "sofa1", "text": "|user|:sofa"}\n')
    quality.run([folder], model=None, rewrites=tmp_path, out=tmp_path / "out", folds=2)
    table = pd.read_csv(tmp_path / "out" / "chat-words" / "results.csv").set_index("name")
    assert list(table.index) == [
        "raw turn", "history appended", "questions appended", "first turn appended", "HQE",
        "HQE, fitted", "best terms", "LLM: by hand", "reference",
    ]  # fmt: skip
    assert table["nDCG@10"]["best terms"] == 1.0
    assert table["nDCG@10"]["HQE, fitted"] == 1.0
    assert table["gap_closed"]["best terms"] == 1.0
    assert table["nDCG@10"]["raw turn"] < 1.0
    rewrites = (tmp_path / "out" / "chat-words" / "HQE-fitted.jsonl").read_text().splitlines()
    assert len(rewrites) == 8, "every turn is held out once"
    assert "by turn" in capsys.readouterr().out
