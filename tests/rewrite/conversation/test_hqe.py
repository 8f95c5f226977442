"""HQE: an engine that is a table of scores, so that every threshold can be worked out by hand."""

from __future__ import annotations

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite import HQE, fit_hqe
from pyterrier_rewrite.conversation.hqe import best_scores


class Table(pt.Transformer):
    """An engine: a document a word, whose score for a query is the sum over its words."""

    def __init__(self, scores: dict[str, float]) -> None:
        self.scores = scores
        self.calls: list[list[str]] = []

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        self.calls.append(inp["query"].tolist())
        rows = []
        for qid, query in zip(inp["qid"], inp["query"], strict=True):
            words = [w.strip("?") for w in query.lower().split()]
            found = sorted({w for w in words if w in self.scores}, key=lambda w: -self.scores[w])
            total = sum(self.scores.get(w, 0) for w in words)
            for rank, word in enumerate(found):
                rows.append((qid, query, f"d-{word}", total - rank, rank))
        return pd.DataFrame(rows, columns=["qid", "query", "docno", "score", "rank"])


ENGINE = {"garage": 9.0, "door": 5.0, "opener": 8.0, "fix": 4.0, "cost": 3.0, "smart": 6.0}


def user(*texts):
    return [{"role": "user", "content": text} for text in texts]


def rewrite(query, history, **options):
    topics = pd.DataFrame({"qid": ["1"], "query": [query], "qhistory": [history]})
    return HQE(Table(ENGINE), **options)(topics).iloc[0]


SAID = user("my garage door opener is broken", "what does it cost to fix one?")


@pytest.mark.parametrize(
    ("options", "added"),
    [
        # topic words alone: the turn itself scores 6, which is clear
        ({"topic_score": 8, "clear_score": 6}, "garage opener"),
        ({"topic_score": 8.5, "clear_score": 6}, "garage"),
        # an ambiguous turn takes the sub-topic too, in the order of the history
        ({"topic_score": 8, "subtopic_score": 4, "clear_score": 6.5}, "garage door opener fix"),
        ({"topic_score": 8, "subtopic_score": 3, "clear_score": 7}, "garage door opener cost fix"),
        # … of the last messages only
        (
            {"topic_score": 9, "subtopic_score": 4, "clear_score": 7, "last_turns": 1},
            "garage fix",
        ),
        ({"topic_score": 9, "subtopic_score": 4, "clear_score": 7, "last_turns": 0}, "garage"),
    ],
)
def test_appends_words_above_thresholds(options, added):
    out = rewrite("how about a smart one?", SAID, **options)
    assert out["query"] == f"how about a smart one? {added}"
    assert out["qstatus"] == "ok"


def test_no_stem_is_appended_twice_or_again():
    said = user("garages and a garage", "openers")
    out = rewrite("which opener for garages?", said, topic_score=1, clear_score=0)
    assert out["query"] == "which opener for garages?"
    assert out["qstatus"] == "skipped: no keywords in the history"
    out = rewrite("which one?", user("garage", "Garages garage"), topic_score=1)
    assert out["query"] == "which one? garage"


@pytest.mark.parametrize("history", [[], None, float("nan")])
def test_nothing_on_the_first_turn(history):
    out = rewrite("garage?", history)
    assert (out["query"], out["qstatus"]) == ("garage?", "skipped: no history")


def test_a_frame_without_history_never_asks_the_engine():
    engine = Table(ENGINE)
    out = HQE(engine)(pd.DataFrame({"qid": ["1"], "query": ["garage?"]}))
    assert out["qstatus"].tolist() == ["skipped: no history"]
    assert engine.calls == []


def test_responses_count_on_request_only():
    said = [*user("what is broken?"), {"role": "assistant", "content": "the opener"}]
    assert rewrite("why?", said, topic_score=8)["query"] == "why?"
    assert rewrite("why?", said, topic_score=8, responses=True)["query"] == "why? opener"


def test_a_batch_asks_once_and_every_word_once():
    engine = Table(ENGINE)
    topics = pd.DataFrame(
        {"qid": ["1", "2"], "query": ["why?", "how?"], "qhistory": [SAID[:1], SAID]}
    )
    HQE(engine)(topics)
    (asked,) = engine.calls
    words = ["broken", "cost", "door", "fix", "garage", "one", "opener"]
    assert sorted(asked) == sorted([*words, "how?", "why?"])


def test_a_long_conversation():
    said = user(*[f"garage number {i}" for i in range(200)])
    assert rewrite("why?", said, topic_score=8)["query"] == "why? garage"


def test_best_scores_are_of_the_best_document():
    assert best_scores(Table(ENGINE), ["garage", "nothing", "door fix"]) == {
        "garage": 9.0,
        "door fix": 9.0,
    }


def test_negative_window_is_refused():
    with pytest.raises(ValueError, match="last_turns should be 0 or more, found -1"):
        HQE(Table(ENGINE), last_turns=-1)


def conversations():
    topics = pd.DataFrame(
        {
            "qid": ["1", "2"],
            "query": ["smart", "cost"],
            "qhistory": [user("garage door"), user("opener fix")],
        }
    )
    return topics, [("1", "d-garage"), ("2", "d-opener")]


def test_fit_finds_thresholds_that_help():
    topics, relevant = conversations()
    qrels = pd.DataFrame([(q, d, 1) for q, d in relevant], columns=["qid", "docno", "label"])
    hqe = fit_hqe(Table(ENGINE), topics, qrels, measure="RR@1")
    out = hqe(topics)
    assert out["query"].tolist() == ["smart garage", "cost opener"]
    assert "door" not in out["query"].iloc[0], "of equal thresholds, the fewest words"


def test_fit_appends_nothing_where_that_is_best():
    topics, _ = conversations()
    qrels = pd.DataFrame(
        [("1", "d-smart", 1), ("2", "d-cost", 1)], columns=["qid", "docno", "label"]
    )
    hqe = fit_hqe(Table(ENGINE), topics, qrels, measure="RR@1")
    assert hqe(topics)["query"].tolist() == ["smart", "cost"]


def test_fit_needs_judged_conversations():
    topics, _ = conversations()
    qrels = pd.DataFrame([("9", "d", 1)], columns=["qid", "docno", "label"])
    with pytest.raises(ValueError, match="expected judged topics with a history"):
        fit_hqe(Table(ENGINE), topics, qrels)
