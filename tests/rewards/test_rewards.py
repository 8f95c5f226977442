from __future__ import annotations

import math
import pickle
import subprocess
import sys

import pandas as pd
import pytest

from pyterrier_rewrite import FakeLLM
from pyterrier_rewrite import rewards as rw
from pyterrier_rewrite.pipelines import CrossEncoderReranker, PisaIndex
from pyterrier_rewrite.protocols import Reward as RewardProtocol


class Marks(rw.Reward):
    """Marks by text; a text that is not in the table has no verdict."""

    def __init__(self, name="Marks", **table):
        self.name = name
        self.table = table

    @property
    def label(self):
        return self.name

    def marks(self, candidates):
        return {
            name: self.table.get(text)
            for name, text in zip(candidates["qcand"], candidates["query"], strict=True)
        }

    def __repr__(self):
        return self.name


def frame(*texts: str, group: str = "q", original: str = "o") -> pd.DataFrame:
    names = [f"{group}~{i}" for i in range(1, len(texts) + 1)]
    return pd.DataFrame(
        {"qid": names, "qcand": names, "qgroup": group, "query": texts, "query_0": original}
    )


def values(reward, candidates=None, **kwargs):
    return list(reward.score(frame("x", "y", "z") if candidates is None else candidates).values())


A = Marks("A", x=1.0, y=0.5, z=0.0, o=0.25)
B = Marks("B", x=0.0, y=1.0, z=None, o=0.5)
ENGINE = PisaIndex("nowhere").bm25()


# -- composition ----------------------------------------------------------------------------


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


# -- explain --------------------------------------------------------------------------------


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


# -- what a mark may be ---------------------------------------------------------------------


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


# -- the frame ------------------------------------------------------------------------------


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


# -- values ---------------------------------------------------------------------------------


def is_unsafe(texts):
    return ["bomb" in text for text in texts]


QRELS = pd.DataFrame([["q", "d", 1]], columns=["qid", "docno", "label"])
ALL = {
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
    made, again = ALL[name](), ALL[name]()
    loaded = pickle.loads(pickle.dumps(made))
    assert repr(loaded) == repr(made)
    assert isinstance(made, RewardProtocol)
    if name == "AnswerReward":  # a fake model is equal only to itself
        return
    assert loaded == made
    assert made == again
    assert hash(made) == hash(again)
    assert repr(made) == repr(again)
    assert made != A


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
    assert set(rw.__all__) - compositions - bases == set(ALL) - {"composition"}


# -- judgements -----------------------------------------------------------------------------


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


# -- guards ---------------------------------------------------------------------------------


def one(reward, text, original="red sofa", **columns):
    row = {"qid": "q", "query": text, "query_0": original, **columns}
    return reward.score(pd.DataFrame([row]))["q"]


@pytest.mark.parametrize(
    ("text", "columns", "pattern", "expected"),
    [
        ("sofa", {}, None, 1),
        ("", {}, None, 0),
        ("  ", {}, None, 0),
        ("sofa", {"qstatus": "ok"}, None, 1),
        ("sofa", {"qstatus": "skipped: short"}, None, 1),
        ("red sofa", {"qstatus": "failed: no usable text"}, None, 0),
        ("sofa", {"qgen": ["<a>\nsofa</a>"]}, "<a>.*</a>", 1),
        ("sofa", {"qgen": ["<a>sofa</a> or so"]}, "<a>.*</a>", 0),
        ("sofa", {"qgen": ["<a>b</a>", "sofa"]}, "<a>.*</a>", 0),
    ],
)
def test_format(text, columns, pattern, expected):
    assert one(rw.Format(pattern=pattern), text, **columns) == expected


def test_format_needs_generations_for_a_pattern():
    with pytest.raises(ValueError, match="no column qgen"):
        one(rw.Format(pattern="x"), "sofa")


@pytest.mark.parametrize(
    ("length", "text", "expected"),
    [
        (rw.Length(), "", 0),
        (rw.Length(), "sofa", 1),
        (rw.Length(high=2), "a red sofa", 0),
        (rw.Length(low=3, high=3), "a red sofa", 1),
        (rw.Length(low=4), "a red sofa", 0),
        (rw.Length(), "word " * 32, 1),
        (rw.Length(), "word " * 33, 0),
        (rw.Length(high=10, unit="characters"), "a red sofa", 1),
        (rw.Length(high=9, unit="characters"), "a red sofa", 0),
    ],
)
def test_length(length, text, expected):
    assert one(length, text) == expected


def test_length_of_weighted_terms():
    assert one(rw.Length(high=2), "x", query_toks={"red": 2.0, "sofa": 1.0}) == 1
    assert one(rw.Length(high=1), "x", query_toks={"red": 2.0, "sofa": 1.0}) == 0


@pytest.mark.parametrize("wrong", [{"low": 3, "high": 2}, {"low": -1}, {"unit": "lines"}])
def test_bounds_of_a_length(wrong):
    with pytest.raises(ValueError, match="found"):
        rw.Length(**wrong)


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("red sofa", {}, 0),
        ("Red  Sofa?", {}, 0),
        ("sofa red", {}, 1),
        ("red sofa red sofa", {}, 1),
        ("red couch", {}, 1),
        ("", {}, 1),
        ("red sofa", {"query_toks": {"red": 1.0, "sofa": 1.0}}, 0),
        ("red sofa", {"query_toks": {"red": 1.0, "sofa": 2.0}}, 1),
        ("red sofa", {"query_toks": {"red": 1.0, "couch": 1.0}}, 1),
        ("red sofa", {"query_toks": None}, 0),
    ],
)
def test_copy(text, columns, expected):
    assert one(rw.Copy(), text, **columns) == expected


@pytest.mark.parametrize(
    ("text", "answers", "expected"),
    [
        ("capital of France", ["Paris"], 1),
        ("capital of France Paris", ["Paris"], 0),
        ("capital of France: PARIS!", ["London", "Paris"], 0),
        ("who founded the Beatles", ["The Beatles"], 0),
        ("capital of France parisian", ["Paris"], 1),
        ("city france capital", ["France"], 1),
        ("capital of France", [], 1),
        ("capital of France", None, 1),
        ("capital of France", float("nan"), 1),
        ("capital of France Paris", "Paris", 0),
        ("the", ["The"], 1),
    ],
)
def test_answer_leak(text, answers, expected):
    original = "capital of France"
    assert one(rw.AnswerLeak(), text, original, qanswers=answers) == expected


def test_an_answer_among_weighted_terms_leaks():
    toks = {"capital": 1.0, "paris": 1.0}
    assert one(rw.AnswerLeak(), "capital", query_toks=toks, qanswers=["Paris"]) == 0


@pytest.mark.parametrize(
    ("text", "original", "expected"),
    [
        ("red two-seater sofa of linen", "a red sofa for two", 1),
        ("红色双人沙发", "a red sofa for two", 0),
        (
            "comment vivent les abeilles en hiver dans la ruche",
            "how do the bees live in winter when it is cold outside",
            0,
        ),
        ("IKEA Klippan", "a red sofa for two", 1),
    ],
)
def test_language(text, original, expected):
    pytest.importorskip("py3langid")
    assert one(rw.Language(), text, original) == expected


def test_safety():
    asked = []

    def verdicts(texts):
        asked.append(texts)
        return [None if "?" in text else "bomb" in text for text in texts]

    candidates = frame("a bomb", "a sofa", "a sofa", "what?")
    assert values(rw.Safety(verdicts), candidates) == [-1.0, 1.0, 1.0, None]
    assert asked == [["a bomb", "a sofa", "what?"]]


def test_of_several_queries_each_has_to_be_safe():
    candidates = frame("a sofa", "a bomb", "a couch").assign(qcand=["c", "c", "d"])
    assert rw.Safety(is_unsafe).score(candidates) == {"c": -1.0, "d": 1.0}


def test_a_classifier_that_is_down_gives_no_verdict():
    def down(texts):
        raise ConnectionError("no route")

    with pytest.warns(rw.RewardWarning, match="ConnectionError: no route"):
        assert values(rw.Safety(down)) == [None] * 3


def test_a_classifier_that_forgets_texts_is_an_error():
    with pytest.raises(ValueError, match="found 1 for 3 texts"):
        values(rw.Safety(lambda texts: [True]))


def test_a_guard_without_a_verdict_on_one_query_has_none_on_the_candidate():
    reward = rw.Safety(lambda texts: [None, False])
    assert reward.score(frame("x", "y").assign(qcand="c")) == {"c": None}


def test_importing_rewards_loads_nothing_heavy():
    heavy = ["torch", "transformers", "openai", "py3langid", "pyterrier_pisa"]
    code = f"import sys, pyterrier_rewrite.rewards; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
