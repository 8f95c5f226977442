from __future__ import annotations

import math

import pandas as pd
import pytest

from pyterrier_rewrite import rewards as rw
from tests.support.candidates import A, B, Marks, frame, values


@pytest.mark.parametrize(
    ("reward", "expected"),
    [
        (A + B, [1.0, 1.5, None]),
        (A - B, [1.0, -0.5, None]),
        (0.8 * A + 0.2 * B, [0.8, 0.6, None]),
        (A * 2, [2.0, 1.0, 0.0]),
        (-A, [-1.0, -0.5, 0.0]),
        (0.5 * (A + 2 * B), [0.5, 1.25, None]),
        (A.gate(B), [0.0, 0.5, None]),
        (A.gate(B, cap=0.3), [0.3, 0.5, None]),
        (A.gate(B, cap=2.0), [1.0, 0.5, None]),
        (A.gate(-1.0 * B), [0.0, 0.0, None]),
        (B.gate(A), [0.0, 1.0, None]),
        (A.clip(0.2, 0.7), [0.7, 0.5, 0.2]),
        (B.clip(0.2, 0.7), [0.2, 0.7, None]),
        (A.relative_to_original(), [0.75, 0.25, -0.25]),
        (B.relative_to_original(), [-0.5, 0.5, None]),
        ((A + B).relative_to_original(), [0.25, 0.75, None]),
        (A.relative_to_original().gate(B), [0.0, 0.25, None]),
        # mean .5, deviation sqrt((.25 + 0 + .25) / 3)
        (A.normalise(), [math.sqrt(1.5), 0.0, -math.sqrt(1.5)]),
        # mean .5 and deviation .5 of the two with a verdict
        (B.normalise(), [-1.0, 1.0, None]),
        (A.clip(0, 0).normalise(), [0.0, 0.0, 0.0]),
    ],
    ids=repr,
)
def test_composition(reward, expected):
    assert values(reward) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("reward", "expected"),
    [
        (0.8 * A + 0.2 * B, "0.8 * A + 0.2 * B"),
        (A - B, "A + -1.0 * B"),
        (
            (0.8 * A + B).gate(rw.Format()).clip(0, 1),
            "(0.8 * A + B).gate(Format(pattern=None)).clip(0, 1)",
        ),
        (A.gate(B, cap=-1.0), "A.gate(B, cap=-1.0)"),
        (A.relative_to_original().normalise(), "A.relative_to_original().normalise()"),
        ((1 / 3) * A, "0.3333333333333333 * A"),
    ],
)
def test_repr_of_compositions(reward, expected):
    assert repr(reward) == expected


def test_groups_are_normalised_apart():
    both = pd.concat([frame("x", "z", group="1"), frame("y", "y", group="2")])
    assert values(A.normalise(), both) == [1.0, -1.0, 0.0, 0.0]


def test_the_original_is_scored_once_a_group():
    seen = []

    class Seen(Marks):
        def marks(self, candidates):
            seen.extend(candidates["query"])
            return super().marks(candidates)

    both = pd.concat([frame("x", "y", group="1"), frame("x", group="2", original="z")])
    both["query_toks"] = [{"x": 1.0}] * 3
    both["qgen"] = [["x"]] * 3
    reward = Seen(**A.table).relative_to_original()
    assert reward.score(both) == {"1~1": 0.75, "1~2": 0.25, "2~1": 1.0}
    assert seen == ["x", "y", "x", "o", "z"]


def test_without_a_verdict_on_the_original_there_is_none():
    assert values(A.relative_to_original(), frame("x", original="unknown")) == [None]


def test_relative_needs_the_original():
    with pytest.raises(ValueError, match="query_0"):
        A.relative_to_original().score(frame("x").drop(columns="query_0"))


def test_an_originals_name_is_free():
    candidates = frame("x").assign(qid="q~0", qcand="q~0")
    assert A.relative_to_original().score(candidates) == {"q~0": 0.75}


@pytest.mark.parametrize("other", [1, "a", None])
def test_only_rewards_are_added(other):
    with pytest.raises(TypeError):
        A + other
    with pytest.raises(TypeError):
        A * "x"


def test_bounds_of_a_clip():
    with pytest.raises(ValueError, match="low should not be above high"):
        A.clip(1, 0)


# -- explain ------------------------------------------------------------------------------------


def test_explain_shows_parts_that_add_up():
    shown = (0.8 * A + 0.2 * B).explain(frame("x", "y", "z"))
    assert list(shown) == ["qgroup", "qcand", "query", "0.8 * A", "0.2 * B", "total"]
    assert shown["query"].tolist() == ["x", "y", "z"]
    assert shown["0.8 * A"].tolist() == [0.8, 0.4, 0.0]
    assert shown["total"].tolist()[:2] == pytest.approx([0.8, 0.6])
    assert shown.iloc[2][["0.2 * B", "total"]].isna().all()


def test_explain_shows_guards_originals_and_twins():
    shown = (A + A.relative_to_original()).gate(B).explain(frame("x"))
    assert list(shown)[3:] == ["A", "A (2)", "original", "B", "total"]
    assert shown.iloc[0, 3:].tolist() == [1.0, 1.0, 0.25, 0.0, 0.0]


def test_explain_scores_each_part_once():
    calls = []

    class Counted(Marks):
        def marks(self, candidates):
            calls.append(len(candidates))
            return super().marks(candidates)

    (0.5 * Counted(x=1.0) + B).gate(rw.Length()).clip(0, 1).explain(frame("x"))
    assert calls == [1]


def test_explain_of_nothing():
    assert len(A.explain(frame("x").iloc[:0])) == 0


# -- what a mark may be -------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_mark_that_is_no_number_names_its_queries(bad):
    with pytest.raises(ValueError, match=r"Marks gave .* to 1 of 3 candidates.*'q~2': 'y'"):
        values(Marks(x=1.0, y=bad, z=0.0) + A)


def test_every_candidate_needs_a_mark():
    class Forgetful(rw.Reward):
        def marks(self, candidates):
            return {}

    with pytest.raises(RuntimeError, match=r"no mark \(not even None\).*q~1"):
        Forgetful().score(frame("x"))


def test_scores_of_nothing():
    assert (A + B).normalise().score(frame("x").iloc[:0]) == {}


# -- the frame ----------------------------------------------------------------------------------


def test_a_rewriters_output_is_a_frame_of_candidates():
    out = pd.DataFrame({"qid": ["1", "2"], "query": ["x", "y"], "query_0": ["o", "o"]})
    assert A.score(out) == {"1": 1.0, "2": 0.5}
    assert A.relative_to_original().score(out) == {"1": 0.75, "2": 0.25}


def test_queries_of_a_group_are_one_candidate_of_a_rewriters_output():
    out = pd.DataFrame(
        {"qid": ["1~1", "1~2"], "query": ["a b", "c"], "qgroup": "1", "qgroup_query": "a b c"}
    )
    assert rw.Length(high=1).score(out) == {"1": 0.0}
    assert rw.Length(high=2).score(out) == {"1": 1.0}
    assert rw.Copy().score(out) == {"1": 1.0}


def test_the_frame_is_not_changed():
    candidates = frame("x", "y").drop(columns="qcand")
    before = candidates.copy(deep=True)
    A.relative_to_original().score(candidates)
    pd.testing.assert_frame_equal(candidates, before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="query"), "needs the columns qid and query"),
        (lambda f: f.assign(qid="1"), "qid of its own, found '1' twice"),
        (lambda f: f.assign(query=[None, "x"]), "should be a text"),
        (lambda f: f.assign(qcand="c", qgroup=["1", "2"]), "candidate 'c' is in two groups"),
    ],
)
def test_broken_frames(change, message):
    with pytest.raises(ValueError, match=message):
        A.score(change(frame("x", "y")))


def test_missing_references_are_named():
    with pytest.raises(ValueError, match=r"AnswerLeak needs .*\['qanswers'\] are not among"):
        rw.AnswerLeak().score(frame("x"))
