"""Training data from samples and their marks."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pyterrier_rewrite.training import (
    labelled_samples,
    preference_pairs,
    rejection_samples,
    sample_candidates,
)
from tests.support.training import ByText, fake


def by_number(_: Any, sample: int) -> str:
    return f"text {sample}"


def last_digit(marks: dict[str, float | None]) -> ByText:
    return ByText(lambda text: marks[text[-1]])


def test_sampled_candidates_have_one_row_a_sample(topics: pd.DataFrame) -> None:
    frame = sample_candidates(fake(by_number), topics, n=3)
    assert frame["qcand"].tolist()[:4] == ["t0~1", "t0~2", "t0~3", "t1~1"]
    assert frame["qgen"].tolist()[:3] == [["text 0"], ["text 1"], ["text 2"]]
    assert len(frame) == 24


def test_a_request_that_fails_keeps_the_originals_and_says_why(topics: pd.DataFrame) -> None:
    def reply(prompt: Any, sample: int) -> str:
        if "query 2" in prompt[-1]["content"]:
            raise OSError("server gone")
        return "x"

    frame = sample_candidates(fake(reply), topics, n=2).set_index("qid")
    assert frame.loc["t2~1", "query"] == "query 2 of the wing"
    assert "server gone" in frame.loc["t2~2", "qstatus"]
    assert (frame.drop(index=["t2~1", "t2~2"])["qstatus"] == "ok").all()


def test_the_best_sample_becomes_the_target(topics: pd.DataFrame) -> None:
    reward = last_digit({"0": 0.2, "1": 0.9, "2": None})
    data = rejection_samples(fake(by_number), topics, reward, n=3)
    assert data[["qid", "target", "score"]].values.tolist() == [
        [qid, "text 1", 0.9] for qid in topics["qid"]
    ]
    assert rejection_samples(fake(by_number), topics, reward, n=3, threshold=0.95).empty


def test_topics_without_a_best_sample_are_left_out(topics: pd.DataFrame) -> None:
    reward = ByText(lambda text: 0.5)
    assert rejection_samples(fake(by_number), topics, reward, n=3).empty
    assert len(rejection_samples(fake(by_number), topics, reward, n=3, drop_ties=False)) == 8


def test_pairs_of_best_and_worst(topics: pd.DataFrame) -> None:
    reward = last_digit({"0": 0.2, "1": 0.9, "2": 0.5, "3": None})
    pairs = preference_pairs(fake(by_number), topics.head(1), reward, n=4)
    columns = ["qid", "query", "chosen", "rejected", "chosen_score", "rejected_score"]
    assert pairs[columns].values.tolist() == [
        ["t0", "query 0 of the wing", "text 1", "text 0", 0.9, 0.2]
    ]


def test_pairs_of_adjacent_groups_only(topics: pd.DataFrame) -> None:
    # groups .2: {0}, .5: {1, 2}, .9: {3}; .9 against .2 is no pair
    reward = last_digit({"0": 0.2, "1": 0.5, "2": 0.5, "3": 0.9})
    pairs = preference_pairs(fake(by_number), topics.head(1), reward, n=4, strategy="adjacent")
    assert pairs[["chosen", "rejected"]].values.tolist() == [
        ["text 1", "text 0"],
        ["text 2", "text 0"],
        ["text 3", "text 1"],
        ["text 3", "text 2"],
    ]


def test_solved_topics_make_no_pairs(topics: pd.DataFrame) -> None:
    reward = last_digit({"0": 0.9, "1": 1.0})
    assert len(preference_pairs(fake(by_number), topics, reward, n=2)) == 8
    assert preference_pairs(fake(by_number), topics, reward, n=2, solved=0.9).empty
    assert preference_pairs(fake(by_number), topics, ByText(lambda _: 0.3), n=2).empty


def test_samples_are_good_above_the_mean_of_all(topics: pd.DataFrame) -> None:
    # (0.1 + 0.2 + 0.9) / 3 = 0.4
    reward = last_digit({"0": 0.1, "1": 0.2, "2": 0.9})
    samples = labelled_samples(fake(by_number), topics, reward, n=3)
    assert samples["label"].tolist() == [False, False, True] * 8
    assert samples["completion"].tolist()[:3] == ["text 0", "text 1", "text 2"]
    lower = labelled_samples(fake(by_number), topics, reward, n=3, mu=0.15)
    assert lower["label"].tolist()[:3] == [False, True, True]
