"""Ranges of numbers: declared in annotations, checked, and said in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import pandas as pd
import pytest
from annotated_types import Ge, Gt, Le, Lt

from pyterrier_rewrite.ranges import Count, Share, check_ranges, in_words, ranges
from pyterrier_rewrite.value import ValueTransformer


@dataclass(frozen=True)
class Settings:
    share: Annotated[float, Gt(0), Le(1)] = 0.5
    most: Annotated[int, Ge(1), Lt(10)] | None = None
    name: str = ""


class Base(ValueTransformer):
    def __init__(self, *, n: Count = 1) -> None:
        self.n = n

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        return inp


class Special(Base):
    def __init__(self, *, weight: Share | None = None, **settings: int) -> None:
        super().__init__(**settings)
        self.weight = weight


def function(count: Count, text: str = "") -> None: ...


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"share": 0}, "share should be over 0 and at most 1, found 0"),
        ({"share": 1.01}, "found 1.01"),
        ({"share": float("nan")}, "found nan"),
        ({"most": 0}, "most should be at least 1 and below 10, found 0"),
        ({"most": 10}, "found 10"),
    ],
)
def test_a_value_out_of_its_range_is_refused_by_name(values, message):
    with pytest.raises(ValueError, match=message):
        check_ranges(Settings, values)


def test_a_text_is_no_number():
    with pytest.raises(TypeError, match="share should be over 0 and at most 1, found '1'"):
        check_ranges(Settings, {"share": "1"})


@pytest.mark.parametrize("values", [{}, {"share": 1, "most": None}, {"most": 9, "other": -1}])
def test_what_is_in_range_or_has_none_passes(values):
    check_ranges(Settings, values)


def test_ranges_of_a_constructor_include_those_of_its_base():
    assert ranges(Special) == {"weight": (Ge(0), Le(1)), "n": (Ge(1),)}
    assert ranges(function) == {"count": (Ge(1),)}


def test_a_transformer_checks_its_ranges():
    Special(weight=0.5, n=3).check()
    with pytest.raises(ValueError, match="n should be at least 1, found 0"):
        Special(n=0).check()


def test_one_of_a_few_values_is_checked():
    def chosen(on_error: Literal["keep", "raise"], other: Literal[1] | None = None) -> None: ...

    check_ranges(chosen, {"on_error": "keep", "other": None})
    with pytest.raises(ValueError, match="on_error should be 'keep' or 'raise', found 'rais'"):
        check_ranges(chosen, {"on_error": "rais"})
    with pytest.raises(ValueError, match="other should be 1, found 2"):
        check_ranges(chosen, {"on_error": "keep", "other": 2})


def test_a_type_that_only_a_type_checker_knows_is_no_range():
    def typed(count: Count, other: OnlyForTypeCheckers) -> None: ...  # noqa: F821

    assert ranges(typed) == {"count": (Ge(1),)}


def test_a_range_in_words():
    assert in_words((Ge(1000),)) == "at least 1000"
    assert in_words((Gt(0.5), Lt(2))) == "between 0.5 and 2"
