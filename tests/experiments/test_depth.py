"""Means by depth, with numbers worked out by hand, and the file that a run writes."""

from __future__ import annotations

import pandas as pd
import pytest

from pyterrier_rewrite.experiments.cli.main import call
from pyterrier_rewrite.experiments.measures.depth import by_depth, is_conversational

TOPICS = pd.DataFrame(
    {
        "qid": ["a1", "a2", "a3", "b1"],
        "qconversation": ["a", "a", "a", "b"],
        "qturn": [1, 2, 3, 1],
    }
)


def values(**systems):
    rows = [
        (name, qid, measure, value * factor)
        for name, its in systems.items()
        for qid, value in zip(TOPICS["qid"], its, strict=True)
        for measure, factor in (("nDCG@3", 1.0), ("AP", 0.5))
    ]
    return pd.DataFrame(rows, columns=["name", "qid", "measure", "value"])


@pytest.fixture
def table():
    return by_depth(values(raw=[1.0, 0.0, 0.5, 0.2], better=[1.0, 1.0, 0.7, 0.4]), TOPICS)


def test_curve_is_the_mean_of_each_turn(table):
    raw = table[(table["name"] == "raw") & (table["over"] == "turn")]
    assert raw["turn"].tolist() == [1, 2, 3]
    assert raw["count"].tolist() == [2, 1, 1]
    assert raw["nDCG@3"].tolist() == pytest.approx([0.6, 0.0, 0.5])
    assert raw["AP"].tolist() == pytest.approx([0.3, 0.0, 0.25])


def test_a_long_conversation_counts_once_among_conversations(table):
    means = table[table["name"] == "raw"].set_index("over")["nDCG@3"]
    assert means["turns"] == pytest.approx((1.0 + 0.0 + 0.5 + 0.2) / 4)
    assert means["conversations"] == pytest.approx((0.5 + 0.2) / 2)
    counts = table[table["name"] == "raw"].set_index("over")["count"]
    assert (counts["turns"], counts["conversations"]) == (4, 2)


def test_systems_keep_their_order(table):
    assert list(dict.fromkeys(table["name"])) == ["raw", "better"]


def test_topics_that_are_not_judged_do_not_count():
    judged = values(raw=[1.0, 0.0, 0.5, 0.2])
    table = by_depth(judged[judged["qid"] != "a2"], TOPICS)
    assert table.loc[table["over"] == "turn", "turn"].tolist() == [1, 3]
    assert table.set_index("over")["count"]["turns"] == 3


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        (TOPICS, True),
        (TOPICS.drop(columns="qturn"), False),
        (TOPICS.drop(columns="qconversation"), False),
        (TOPICS.assign(qturn=[1, None, 2, 3]), False),
    ],
)
def test_is_conversational(topics, expected):
    assert is_conversational(topics) is expected


@pytest.fixture
def conversation(tmp_path, monkeypatch):
    monkeypatch.setenv("PT_REWRITE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "chat"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(
        '{"_id": "d1", "title": "", "text": "red sofas"}\n'
        '{"_id": "d2", "title": "", "text": "linen sofas"}\n'
    )
    (folder / "queries.jsonl").write_text(
        '{"_id": "1", "text": "red", "metadata": {"conversation": "c", "turn": 1, "history": []}}\n'
        '{"_id": "2", "text": "red", "metadata": {"conversation": "c", "turn": 2, "history": []}}\n'
    )
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\td1\t1\n2\td2\t1\n")
    config = tmp_path / "chat.yaml"
    config.write_text(
        "name: chat\ncollection: {beir: chat}\nsystems: {raw: [bm25]}\nmeasures: [RR]\n"
    )
    return tmp_path


def test_a_run_writes_and_prints_the_curves(conversation, capsys):
    assert call(["run", "chat.yaml", "--by-turn", "--quiet", "--out", "out"]) == 0
    depth = pd.read_csv(conversation / "out" / "depth.csv")
    assert depth["over"].tolist() == ["turn", "turn", "turns", "conversations"]
    assert depth["nDCG@3"].tolist() == [1.0, 0.0, 0.5, 0.5]
    assert depth["RR"].tolist() == [1.0, 0.0, 0.5, 0.5]
    assert "nDCG@3" not in pd.read_csv(conversation / "out" / "results.csv").columns
    printed = capsys.readouterr().out
    assert "nDCG@3 by turn" in printed
    assert "1 (1)" in printed
    assert "all conversations (1)" in printed
