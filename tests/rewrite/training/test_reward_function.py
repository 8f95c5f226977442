"""Marks as TRL asks for them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from pyterrier_rewrite.training import RewardFunction, Task, TrainingError
from tests.support.training import ByText, fake


def test_marks_come_in_the_order_of_the_completions(topics: pd.DataFrame) -> None:
    reward = RewardFunction(Task.of(fake(), topics), ByText(lambda text: float(text[-1])))
    assert reward(completions=["x 3", "x 1", "x 2"], row=[5, 0, 5]) == [3.0, 1.0, 2.0]


def test_an_unreadable_generation_falls_below_its_group(topics: pd.DataFrame) -> None:
    reward = ByText(lambda text: float(text[-1]))
    task = Task.of(fake(), topics)
    completions, row = ["x 3", "...", "x 2", "!"], [0, 0, 0, 1]
    assert RewardFunction(task, reward)(completions=completions, row=row) == [3.0, 1.9, 2.0, -0.1]
    assert reward.seen[0]["qcand"].tolist() == ["t0~1", "t0~3"]
    given = RewardFunction(task, reward, unparsable=-1)
    assert given(completions=completions, row=row) == [3.0, -1.0, 2.0, -1.0]


def test_no_verdict_silences_its_whole_group_and_no_other(topics: pd.DataFrame) -> None:
    reward = ByText(lambda text: None if text.endswith("down") else 0.5)
    marks = RewardFunction(Task.of(fake(), topics), reward)(
        completions=["a", "sofa down", "...", "a", "a"], row=[0, 0, 0, 1, 1]
    )
    assert marks == [None, None, None, 0.5, 0.5]


@pytest.mark.parametrize("mark", [float("nan"), float("inf"), "0.5", [0.5]])
def test_a_mark_that_is_no_number_names_its_query(topics: pd.DataFrame, mark: Any) -> None:
    reward = ByText(lambda text: mark if "query 3" in text else 1.0)
    with pytest.raises(TrainingError, match=r"'t3'.*'t3~1' \('query 3 of the wing a'\)"):
        RewardFunction(Task.of(fake(), topics), reward)(completions=["a"] * 8, row=range(8))


def test_a_missing_mark_is_an_error(topics: pd.DataFrame) -> None:
    class Silent:
        def score(self, candidates: pd.DataFrame) -> dict[str, float | None]:
            return {}

    with pytest.raises(TrainingError, match="missing"):
        RewardFunction(Task.of(fake(), topics), Silent())(completions=["a"], row=[0])


@pytest.mark.parametrize("marks", [[0.5], None, pd.Series([0.5])])
def test_marks_that_are_no_dict_are_an_error(topics: pd.DataFrame, marks: Any) -> None:
    class Listed:
        def score(self, candidates: pd.DataFrame) -> Any:
            return marks

    with pytest.raises(TrainingError, match=r"should return a dict from qcand to mark, found a"):
        RewardFunction(Task.of(fake(), topics), Listed())(completions=["a"], row=[0])


def test_copies_and_unreadable_ones_are_counted(topics: pd.DataFrame) -> None:
    noted: dict[str, float] = {}
    RewardFunction(Task.of(fake(), topics), ByText(len))(
        completions=["a", " Query 1 of  the wing", "..", "b"],
        row=[0, 1, 2, 3],
        log_metric=noted.__setitem__,
    )
    assert noted == {"copies": 0.25, "unparsable": 0.25}


def test_a_generation_that_was_cut_is_read_as_in_serving(topics: pd.DataFrame) -> None:
    reward = ByText(len)
    RewardFunction(Task.of(fake(), topics), reward, ends=frozenset({2}))(
        completions=["red sofa bl", "red sofa bl"],
        completion_ids=[[7, 8, 9], [7, 9, 2]],
        row=[0, 1],
    )
    assert reward.seen[0]["query"].str.endswith("bl").tolist() == [False, True]


def test_generations_end_at_stop_texts(topics: pd.DataFrame) -> None:
    reward = ByText(len)
    task = Task.of(fake(stop=("#",)), topics)
    RewardFunction(task, reward)(completions=["sofa # and more"], row=[0])
    assert reward.seen[0]["query"].tolist() == ["query 0 of the wing sofa"]
