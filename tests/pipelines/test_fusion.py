from __future__ import annotations

import math
import pickle
import re
import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
from ir_measures import RR, NumRet

from pyterrier_rewrite import Original, RewriteWarning
from pyterrier_rewrite.base import NewQuery, Rewriter, Rewritten, no_usage
from pyterrier_rewrite.pipelines import RRF, CombMNZ, CombSUM, EntropyFusion, Interleave
from pyterrier_rewrite.value import ValueTransformer

TOPICS = pd.DataFrame({"qid": ["q2", "q1"], "query": ["sofa", "lamp"]})
EVERY = [RRF, CombSUM, CombMNZ, Interleave, EntropyFusion]


def run(rows: list[tuple[str, str, float]], **columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["qid", "docno", "score"])
    return pt.model.add_ranks(frame).assign(**columns)


def system(rows: list[tuple[str, str, float]], **columns: Any) -> pt.Transformer:
    return pt.Transformer.from_df(run(rows, **columns))


A = system([("q1", "a", 9.0), ("q1", "b", 5.0), ("q1", "c", 1.0), ("q2", "x", 3.0)])
B = system([("q1", "c", 40.0), ("q1", "b", 30.0), ("q1", "d", 20.0)])


class Words(ValueTransformer):
    """Scores a document by the words that it shares with the query."""

    def __init__(self, *, most: int = 10) -> None:
        self.most = most

    documents: ClassVar = {
        "d1": "red sofa",
        "d2": "red couch settee",
        "d3": "blue couch",
        "d4": "desk",
    }

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        pt.validate.query_frame(inp, ["query"], context=self)
        at, rows = [], []
        for row, query in enumerate(inp["query"]):
            for docno, text in self.documents.items():
                shared = len(set(query.split()) & set(text.split()))
                if shared:
                    at.append(row)
                    rows.append((docno, text, float(shared)))
        out = inp.iloc[at].reset_index(drop=True)
        out[["docno", "text", "score"]] = pd.DataFrame(rows, columns=["docno", "text", "score"])
        out = pt.model.add_ranks(out)
        return out[out["rank"] < self.most].reset_index(drop=True)


class Split(Rewriter):
    """One query for each text, with its weight."""

    several = True

    def __init__(self, *, texts: Sequence[str], weights: Sequence[float]) -> None:
        self.texts = texts
        self.weights = weights

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        made = [NewQuery(t, weight=w) for t, w in zip(self.texts, self.weights, strict=True)]
        usage = no_usage() | {"requests": 1}
        return [Rewritten(list(made), usage=dict(usage)) for _ in queries["qid"]]


def scores(results: pd.DataFrame, qid: str) -> dict[str, float]:
    of_query = results[results["qid"] == qid]
    return dict(zip(of_query["docno"], of_query["score"], strict=True))


# -- formulas, by hand -------------------------------------------------------------------------


def test_rrf_adds_one_over_k_plus_rank() -> None:
    found = scores(RRF(A, B)(TOPICS), "q1")
    assert list(found) == ["c", "b", "a", "d"]
    assert found["c"] == pytest.approx(1 / 63 + 1 / 61, rel=1e-12)
    assert found["b"] == pytest.approx(1 / 62 + 1 / 62, rel=1e-12)
    assert found["a"] == pytest.approx(1 / 61, rel=1e-12)  # found by one side only: one term
    assert found["d"] == pytest.approx(1 / 63, rel=1e-12)


def test_rrf_with_k_and_weights() -> None:
    found = scores(RRF(A, B, k=0, weights=[3, 0.5])(TOPICS), "q1")
    assert found == pytest.approx({"a": 3.0, "b": 1.5 + 0.25, "c": 1.0 + 0.5, "d": 0.5 / 3})


def test_combsum_of_minmax_scores() -> None:
    found = scores(CombSUM(A, B, weights=[1, 2])(TOPICS), "q1")
    assert found == pytest.approx({"a": 1.0, "b": 0.5 + 2 * 0.5, "c": 0.0 + 2 * 1.0, "d": 0.0})


def test_combsum_of_zscores() -> None:
    # A: mean 5, deviation sqrt(32/3); B: mean 30, deviation sqrt(200/3)
    found = scores(CombSUM(A, B, norm="zscore")(TOPICS), "q1")
    a, b = 4 / math.sqrt(32 / 3), 10 / math.sqrt(200 / 3)
    assert found == pytest.approx({"a": a, "b": 0.0, "c": b - a, "d": -b})


def test_combsum_of_scores_as_they_are() -> None:
    found = scores(CombSUM(A, B, norm=None)(TOPICS), "q1")
    assert found == {"c": 41.0, "b": 35.0, "d": 20.0, "a": 9.0}


def test_combmnz_multiplies_by_the_number_of_lists() -> None:
    found = scores(CombMNZ(A, B, norm=None)(TOPICS), "q1")
    assert found == {"c": 82.0, "b": 70.0, "d": 20.0, "a": 9.0}


@pytest.mark.parametrize(("norm", "expected"), [("minmax", 1.0), ("zscore", 0.0), (None, 0.1)])
def test_constant_scores_are_never_nan(norm: Any, expected: float) -> None:
    constant = system([("q1", docno, 0.1) for docno in "cab"])
    found = CombSUM(constant, norm=norm)(TOPICS)
    assert found["score"].tolist() == [expected] * 3
    assert found["docno"].tolist() == ["a", "b", "c"]  # ties by docno


def test_interleave_takes_the_next_document_that_is_not_taken() -> None:
    left = system([("q1", "a", 3.0), ("q1", "b", 2.0), ("q1", "c", 1.0)])
    right = system([("q1", "a", 9.0), ("q1", "d", 8.0), ("q1", "e", 7.0), ("q1", "f", 6.0)])
    found = scores(Interleave(left, right)(TOPICS), "q1")
    assert list(found) == ["a", "d", "b", "e", "c", "f"]
    assert list(found.values()) == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6])


def test_symmetric_documents_tie_whatever_the_order_of_systems() -> None:
    # each document is once first, second, third and fourth; floats added in turn would differ
    orders = ["wxyz", "xyzw", "yzwx", "zwxy"]
    systems = [system([("q1", d, -float(i)) for i, d in enumerate(o)]) for o in orders]
    for turn in range(4):
        found = RRF(*systems[turn:], *systems[:turn], k=0)(TOPICS)
        assert found["docno"].tolist() == ["w", "x", "y", "z"]
        assert found["score"].nunique() == 1


def test_a_system_that_changes_its_input_is_kept_from_it() -> None:
    def careless(topics: pd.DataFrame) -> pd.DataFrame:
        topics["query"] = "red couch"
        return Words()(topics)

    topics = pd.DataFrame({"qid": ["1"], "query": ["desk"]})
    found = RRF(pt.apply.generic(careless), Words())(topics)
    assert topics["query"].tolist() == ["desk"]
    assert set(found["docno"]) == {"d1", "d2", "d3", "d4"}
    assert set(found["query"]) == {"desk"}


def test_order_within_a_list_is_by_score_then_rank() -> None:
    given = run([("q1", "a", 1.0), ("q1", "b", 2.0), ("q1", "c", 2.0)]).assign(rank=[0, 2, 1])
    found = RRF(pt.Transformer.from_df(given), k=0)(TOPICS)
    assert found["docno"].tolist() == ["c", "b", "a"]


def test_a_document_that_a_list_holds_twice_counts_once() -> None:
    twice = system([("q1", "a", 3.0), ("q1", "a", 2.0), ("q1", "b", 1.0)])
    assert scores(RRF(twice, k=0)(TOPICS), "q1") == {"a": 1.0, "b": 0.5}


# -- with systems ------------------------------------------------------------------------------


@pytest.mark.parametrize("fusion", EVERY)
def test_every_query_comes_out_in_input_order(fusion: Any) -> None:
    found = fusion(A, B)(TOPICS.assign(qhistory=[["x"], ["y"]]))
    assert found["qid"].tolist() == ["q2", "q1", "q1", "q1", "q1"]  # q2: found by one side only
    assert list(found) == ["qid", "query", "qhistory", "docno", "score", "rank"]
    assert found["rank"].tolist() == [0, 0, 1, 2, 3]
    assert found["qhistory"].tolist() == [["x"]] + [["y"]] * 4


@pytest.mark.parametrize("fusion", EVERY)
def test_num_results_cuts_each_query(fusion: Any) -> None:
    cut = fusion(A, B, num_results=2)
    assert cut(TOPICS)["qid"].tolist() == ["q2", "q1", "q1"]
    assert (fusion(A, B) % 2).compile() == cut
    assert (cut % 5).compile() == cut


def test_a_rewrite_on_one_side_neither_splits_nor_doubles() -> None:
    rewrite = pt.apply.query(lambda row: "red couch")
    topics = pd.DataFrame({"qid": ["1"], "query": ["red sofa"]})
    found = RRF(Words(), rewrite >> Words())(topics)
    assert found["query"].unique().tolist() == ["red sofa"]
    assert list(found) == ["qid", "query", "docno", "text", "score", "rank"]
    # d1: ranks 1 and 2; d2: ranks 2 and 1; d3: rank 3 of the rewritten side only
    assert scores(found, "1") == pytest.approx(
        {"d1": 1 / 61 + 1 / 62, "d2": 1 / 62 + 1 / 61, "d3": 1 / 63}
    )


def test_document_columns_come_from_the_first_system_that_has_them() -> None:
    left = system([("q1", "a", 2.0), ("q1", "b", 1.0)], docid=[1, 2])
    right = system([("q1", "b", 2.0), ("q1", "c", 1.0)], text=["beta", "gamma"], docid=[7, 8])
    last = system([("q1", "a", 2.0), ("q1", "b", 1.0)], text=["alpha", "other"], year=[1, 2])
    found = RRF(left, right, last)(TOPICS).set_index("docno")
    assert found["text"].to_dict() == {"a": "alpha", "b": "beta", "c": "gamma"}
    assert found["year"].dropna().to_dict() == {"a": 1, "b": 2}
    assert "docid" not in found.columns


def test_results_can_be_reranked_and_fused() -> None:
    ranker = pt.apply.doc_score(lambda row: len(row["text"]))
    found = (Words() >> RRF(pt.Transformer.identity(), ranker))(
        pd.DataFrame({"qid": ["1"], "query": ["red sofa"]})
    )
    assert scores(found, "1") == pytest.approx(dict.fromkeys(["d1", "d2"], 1 / 61 + 1 / 62))


def test_a_system_may_return_groups() -> None:
    topics = pd.DataFrame({"qid": ["1"], "query": ["red"]})
    split = Split(texts=["sofa", "couch"], weights=[2.0, 0.5])
    found = RRF(Words(), split >> Words(), weights=[1, 3])(topics)
    # red: d1, d2; sofa (weight 2): d1; couch (weight .5): d2, d3
    assert scores(found, "1") == pytest.approx(
        {"d1": 1 / 61 + 6 / 61, "d2": 1 / 62 + 1.5 / 61, "d3": 1.5 / 62}
    )
    assert list(found) == ["qid", "query", "qusage", "docno", "text", "score", "rank"]
    assert found["query"].unique().tolist() == ["red"]
    assert [usage["requests"] for usage in found["qusage"]] == [1, 1, 1]


def test_a_fusion_of_systems_inside_a_group_keeps_the_group() -> None:
    topics = pd.DataFrame({"qid": ["1"], "query": ["red"]})
    outer = Split(texts=["sofa", "couch"], weights=[2.0, 0.5])
    inner = Split(texts=["desk"], weights=[4.0])
    found = (outer >> RRF(Words(), inner >> Words()))(topics)
    assert found["qid"].unique().tolist() == ["1~1", "1~2"]
    assert found["qweight"].unique().tolist() == [2.0, 0.5]
    assert scores(found, "1~1") == pytest.approx({"d4": 4 / 61, "d1": 1 / 61})  # inner weight only
    first_of_each = found.drop_duplicates("qid")["qusage"]
    assert [usage["requests"] for usage in first_of_each] == [1 + 1, 1]
    assert RRF()(found)["qid"].unique().tolist() == ["1"]


# -- without systems ---------------------------------------------------------------------------


def split_results() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "qid": ["7~1", "7~1", "7~2", "7~2", "8"],
            "query": ["s1", "s1", "s2", "s2", "whole"],
            "qgroup": ["7", "7", "7", "7", None],
            "qgroup_query": ["both", "both", "both", "both", None],
            "qweight": [1.0, 1.0, 0.5, 0.5, np.nan],
            "query_0": ["both", "both", "both", "both", "older"],
            "query_vec": [np.ones(2)] * 5,
            "qlang": ["en", "en", "de", "de", "fr"],
            "qhistory": [[{"role": "user", "content": "hi"}] for _ in range(5)],
            "qusage": [{"requests": 3}, {"requests": 3}, {"requests": 0}, {"requests": 0}, None],
            "docno": ["a", "b", "b", "c", "z"],
            "score": [2.0, 1.0, 8.0, 7.0, 1.0],
            "rank": [0, 1, 0, 1, 0],
            "docid": [1, 2, 2, 3, 26],
        }
    )


def test_groups_become_one_ranking_of_the_original_query() -> None:
    given = split_results()
    before = given.copy(deep=True)
    found = RRF()(given)
    pd.testing.assert_frame_equal(given, before)
    columns = "qid query query_0 qlang qhistory qusage docno docid score rank"
    assert list(found) == columns.split()
    assert found["qid"].tolist() == ["7", "7", "7", "8"]
    assert found["query"].tolist() == ["both", "both", "both", "whole"]
    assert found["docno"].tolist() == ["b", "a", "c", "z"]
    assert found["docid"].tolist() == [2, 1, 3, 26]
    assert found["score"].tolist() == pytest.approx([1 / 62 + 0.5 / 61, 1 / 61, 0.5 / 62, 1 / 61])
    assert found["rank"].tolist() == [0, 1, 2, 0]


def test_query_columns_of_a_group_are_summed_kept_or_missing() -> None:
    found = RRF()(split_results()).drop_duplicates("qid").set_index("qid")
    assert found["qusage"]["7"]["requests"] == 3
    assert found["qhistory"]["7"] == [{"role": "user", "content": "hi"}]
    assert found["query_0"].to_dict() == {"7": "both", "8": "older"}
    assert pd.isna(found["qlang"]["7"])
    assert found["qlang"]["8"] == "fr"


@pytest.mark.parametrize("fusion", EVERY)
def test_without_groups_the_ranking_stays(fusion: Any) -> None:
    given = RRF(A, B)(TOPICS).assign(query_vec=None)
    found = fusion()(given)
    assert list(found) == [
        *(c for c in given if c not in ("docno", "score", "rank")),
        *("docno", "score", "rank"),
    ]
    assert found[["qid", "docno", "rank"]].equals(given[["qid", "docno", "rank"]])


@pytest.mark.parametrize("fusion", EVERY)
def test_a_rewriter_s_queries_come_back_as_one(fusion: Any) -> None:
    topics = pd.DataFrame({"qid": ["5"], "query": ["red sofa"], "qtopic": ["home"]})
    pipeline = Split(texts=["sofa", "blue couch"], weights=[1.0, 1.0]) >> Words() >> fusion()
    found = pipeline(topics)
    assert set(found["qid"]) == {"5"}
    assert set(found["query"]) == {"red sofa"}
    assert sorted(found["docno"]) == ["d1", "d2", "d3"]
    assert set(found["qtopic"]) == {"home"}
    assert pt.inspect.transformer_outputs(pipeline, list(topics)) == list(found)


# -- where no fusion is ---------------------------------------------------------------------


SPLIT = Split(texts=["sofa", "couch"], weights=[1.0, 1.0])
WORDS = pt.apply.generic(lambda queries: Words()(queries))


@pytest.mark.parametrize(
    "pipeline",
    [
        SPLIT >> Words(),
        SPLIT >> WORDS,
        SPLIT >> Words() % 1,
        Original() >> (SPLIT >> Words()),
        SPLIT >> RRF(Words(), Words()),
        (SPLIT >> (Words() % 5) % 2).compile(),
        Original() >> pt.Compose(SPLIT, Words()),
    ],
    ids=str,
)
def test_results_that_nobody_joins_are_told_once(pipeline: Any) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("ignore")  # pandas has some of its own
        warnings.simplefilter("default", RewriteWarning)
        for text in ("red", "blue"):
            pipeline(pd.DataFrame({"qid": ["1"], "query": [text]}))
    assert [warning.category for warning in told] == [RewriteWarning]
    assert "joins no results" in str(told[0].message)
    assert re.search(r"end it with a fusion: \w+ >> .* >> RRF\(\)", str(told[0].message))


@pytest.mark.parametrize(
    "pipeline",
    [
        SPLIT >> Words() >> RRF(),
        RRF(Words(), SPLIT >> Words()),
        RRF(Original() >> (SPLIT >> Words()) % 3) % 2,
        Original() >> Words(),
        SPLIT >> Original(),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("error::pyterrier_rewrite.RewriteWarning")
def test_results_that_are_joined_are_not_told(pipeline: Any) -> None:
    pipeline(TOPICS)
    assert pickle.loads(pickle.dumps(pipeline)) == pipeline


@pytest.mark.filterwarnings("error::pyterrier_rewrite.RewriteWarning")
def test_whoever_brings_groups_knows_of_them() -> None:
    (Words() % 3)(SPLIT(TOPICS))


# -- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fusion", "error", "words"),
    [
        (RRF([A, B]), TypeError, "one by one"),
        (RRF(A, num_results=0), ValueError, "num_results should be at least 1"),
        (RRF(A, weights=[1, 2]), ValueError, "each of the 1 systems"),
        (RRF(A, weights=[-1]), ValueError, "0 or more"),
        (RRF(A, weights=[math.nan]), ValueError, "finite"),
        (RRF(A, k=-1), ValueError, "k should be 0 or more"),
        (CombSUM(A, norm="max"), ValueError, "norm should be"),
        (RRF(pt.Transformer.identity()), ValueError, "without \\['docno', 'score'\\]"),
        (
            RRF(system([("q1", "a", 1.0)], score=math.nan)),
            ValueError,
            "needs a score for every result",
        ),
        (
            RRF(pt.Transformer.from_df(run([("q9", "a", 1.0)]), uniform=True)),
            ValueError,
            "'q9', which it was not asked",
        ),
    ],
)
def test_errors_say_what_is_wrong(fusion: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        fusion(TOPICS)


@pytest.mark.parametrize("column", ["qid", "docno", "score"])
def test_a_missing_cell_is_named(column: str) -> None:
    given = split_results().astype({column: object})
    given.loc[2, column] = None
    for fusion in (RRF(), RRF(pt.apply.generic(lambda _: given))):
        with pytest.raises(ValueError, match=f"needs a {column} for every result"):
            fusion(TOPICS if fusion.systems else given)


def test_a_column_that_occurs_twice_is_named() -> None:
    given = split_results()
    with pytest.raises(ValueError, match="'docno' occurs twice"):
        RRF()(pd.concat([given, given["docno"]], axis=1))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(pt.validate.InputValidationError, match="query"):
        RRF(A)(TOPICS[["qid"]])
    with pytest.raises(pt.validate.InputValidationError, match="score"):
        RRF()(split_results().drop(columns="score"))


# -- as PyTerrier sees them --------------------------------------------------------------------


@pytest.mark.parametrize("fusion", EVERY)
def test_inspection_tells_the_columns(fusion: Any) -> None:
    topics = ["qid", "query", "qhistory"]
    both = fusion(Words(), Words())
    outputs = pt.inspect.transformer_outputs(both, topics)
    assert outputs == [*topics, "docno", "text", "score", "rank"]
    assert pt.inspect.transformer_inputs(both) == [["qid", "query"]]
    assert list(both(pd.DataFrame(columns=topics))) == outputs
    given = split_results()
    assert pt.inspect.transformer_outputs(fusion(), list(given)) == list(fusion()(given))
    assert list(fusion()(given.iloc[:0])) == list(fusion()(given))


@pytest.mark.parametrize("fusion", EVERY)
def test_fusions_are_their_arguments(fusion: Any) -> None:
    systems = [Words(), Words(most=2)]
    one, other = fusion(*systems), fusion(*systems)
    assert one == other
    assert hash(one) == hash(other)
    assert one != fusion(*systems[::-1])
    assert one != fusion(*systems, num_results=10)
    assert fusion() != RRF(k=61)
    assert pt.inspect.subtransformers(one) == {"systems": systems}
    changed = pt.inspect.transformer_apply_attributes(one, num_results=10)
    assert changed == fusion(*systems, num_results=10)
    assert pickle.loads(pickle.dumps(one))(TOPICS).equals(one(TOPICS))
    drawn = pt.schematic.transformer_schematic(one)
    assert (drawn["label"], len(drawn["inner_pipelines"])) == (fusion.__name__, 2)
    assert pt.schematic.draw(fusion())
    assert pt.schematic.draw(Words() >> fusion(*systems))


def test_repr_is_complete() -> None:
    assert repr(RRF()) == "RRF()"
    assert repr(RRF(Words(most=3), k=10)) == "RRF(Words(most=3), k=10)"
    assert repr(CombSUM(norm=None, num_results=5)) == "CombSUM(norm=None, num_results=5)"


def test_an_experiment_shares_and_validates() -> None:
    topics = pd.DataFrame({"qid": ["1", "2"], "query": ["red sofa", "couch"]})
    qrels = pd.DataFrame({"qid": ["1", "2"], "docno": ["d1", "d1"], "label": [1, 1]})
    split = Split(texts=["sofa", "blue couch"], weights=[1.0, 1.0])
    table = pt.Experiment(
        [Words(), RRF(Words(), split >> Words()), split >> Words() >> CombMNZ()],
        topics,
        qrels,
        [RR, NumRet],
        names=["words", "both", "groups"],
        plan="tree",
        validate="error",
    ).set_index("name")
    assert table["NumRet"].to_dict() == {"words": 4.0, "both": 6.0, "groups": 6.0}
    assert table["RR"]["both"] == pytest.approx((1 / 1 + 1 / 3) / 2)
