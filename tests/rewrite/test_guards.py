"""Guards: what they object to, and that they put the original back and nothing else."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.testing import FakeLLM, sample_topics
from pyterrier_rewrite.text.language import language_change, script_of

PLAIN = pr.Prompt("test/plain", 1, (("user", "{query}"),), ("query",))


class Never(pr.Guard):
    """Objects to everything."""

    def objection(self, original, rewrite):
        return "never"


class Always(pr.Guard):
    """Objects to nothing."""

    def objection(self, original, rewrite):
        return None


GUARDS = [
    Never(),
    Always(),
    pr.SameLanguage(),
    pr.KeepEntities(),
    pr.LengthBudget(8),
    pr.Unchanged(),
    pr.DistinctQueries(),
]


def rewriter(answer="a sofa is a couch", **settings):
    return pr.LLMRewriter(FakeLLM(answer), prompt=PLAIN, **settings)


def several(answer="red couch\na sofa\nsettee", **settings):
    return rewriter(answer, parser=pr.Queries(), formulation=pr.Several(), **settings)


def after(original, rewrite, **columns):
    row = {"qid": "1", "query": rewrite, "query_0": original, "qstatus": "ok", **columns}
    return pd.DataFrame([row])


REWRITERS = {
    "text": rewriter(),
    "terms": rewriter(formulation=pr.RepeatTerms(5)),
    "several": several(),
    "several and original": several(include_original=True),
}


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: type(guard).__name__)
@pytest.mark.parametrize("name", REWRITERS)
def test_contract_of_a_guard(guard, name):
    topics = sample_topics()
    before = REWRITERS[name](topics)
    kept = before.copy(deep=True)
    out = guard(before)
    assert before.equals(kept), "the input frame was changed"
    assert list(out.columns) == list(before.columns)
    assert list(out.index) == list(range(len(out)))
    group = "qgroup" if "qgroup" in out.columns else "qid"
    assert list(dict.fromkeys(out[group])) == list(topics["qid"])
    assert out["qid"].isin(before["qid"]).all()
    assert out["qid"].is_unique
    if isinstance(guard, pr.Guard):
        assert list(out["qid"]) == list(before["qid"])
        for old, new in zip(before.to_dict("records"), out.to_dict("records"), strict=True):
            if new["qstatus"].startswith("skipped: "):
                assert new["query"] == new["query_0"]
                assert new.get("query_toks") is None
            else:
                assert {k: v for k, v in new.items() if v is not None} == old
    one_row = guard(before[before["qid"] == before["qid"].iloc[0]])
    assert list(guard(before.iloc[:0]).columns) == list(one_row.columns) == list(out.columns)
    assert pt.inspect.transformer_outputs(guard, list(before.columns)) == list(out.columns)
    assert pickle.loads(pickle.dumps(guard)) == guard == guard.apply_attributes()
    assert repr(guard.apply_attributes()) == repr(guard)
    assert len(guard.schematic["label"]) <= 20
    pt.schematic.draw(REWRITERS[name] >> guard)


def test_a_guard_needs_a_rewriter_before_it():
    with pytest.raises(pt.validate.InputValidationError):
        pr.KeepEntities()(sample_topics())


def test_the_original_is_put_back_safe_with_its_reason_and_without_stale_forms():
    frame = after("nul \x00  inside", "rewrite", query_toks={"rewrite": 1.0}, extra=7)
    (row,) = Never()(frame).to_dict("records")
    assert row == {
        "qid": "1",
        "query": "nul inside",
        "query_0": "nul \x00  inside",
        "qstatus": "skipped: never",
        "query_toks": None,
        "extra": 7,
    }


@pytest.mark.parametrize("status", ["failed: no answer", "skipped: unchanged"])
def test_what_was_not_rewritten_is_left_alone(status):
    frame = after("couch", "couch", qstatus=status)
    assert Never()(frame).equals(frame)


def test_a_vector_is_left_alone():
    frame = after("couch", "couch", query_vec=np.ones(2))
    assert Never()(frame)["qstatus"][0] == "ok"


def test_a_frame_without_status_gets_one():
    assert Never()(after("a", "b").drop(columns=["qstatus"]))["qstatus"][0] == "skipped: never"


def test_guards_compose_and_the_first_reason_stays():
    frame = after("case for iPhone 15", "word " * 40)
    out = (pr.KeepEntities() >> pr.LengthBudget(8))(frame)
    assert out["qstatus"][0] == "skipped: lost iPhone, 15"


@pytest.mark.parametrize(
    ("original", "rewrite", "reason"),
    [
        ("case for iPhone 15", "iphone 15 cases", None),
        ("case for iPhone 15", "iphone 14 case", "lost 15"),
        ("case for iPhone 15", "phone case 155", "lost iPhone, 15"),
        ("flat under $1,200", "flat under 1200 dollars", None),
        ("flat under 1200", "flat under $1,200", None),
        ("python 3.11", "python 3.12", "lost 3.11"),
        ("python 3.11", "Python-3.11 release notes", None),
        ('a "red sofa"', "red velvet sofa", None),
        ('a "red sofa"', "blue sofa", "lost red sofa"),
        ("couch", "anything", None),
    ],
)
def test_keep_entities(original, rewrite, reason):
    assert pr.KeepEntities().objection(original, rewrite) == reason


def test_entities_are_looked_for_in_the_terms_where_there_are_any():
    frame = after("iPhone 15 case", "iPhone 15 case", query_toks={"phone": 1.0, "15": 2.0})
    assert pr.KeepEntities()(frame)["qstatus"][0] == "skipped: lost iPhone"


def test_your_own_entities():
    guard = pr.KeepEntities(extract=str.split)
    assert guard.objection("red sofa", "sofas") == "lost red"


@pytest.mark.parametrize(
    ("original", "rewrite", "likeness"),
    [
        ("red sofa", "Sofas, RED!", 1.0),
        ("red sofa", "red sofa red sofa", 1.0),
        ("red sofa", "red couch", 0.5 / 1.5),
        # red 2/3, sofa 1/3 against 1/2, 1/2: (1/2 + 1/3) / (2/3 + 1/2)
        ("red sofa", "red red sofa", (5 / 6) / (7 / 6)),
        ("a b c d e f g h i j".upper(), "k", 0.0),
    ],
)
def test_likeness(original, rewrite, likeness):
    assert pr.Unchanged().likeness(original, rewrite) == pytest.approx(likeness)


def test_unchanged_takes_a_likeness_to_start_from():
    assert pr.Unchanged(1.0).objection("red sofa", "sofa red") == "unchanged"
    assert pr.Unchanged().objection("red sofa", "red couch") is None
    assert pr.Unchanged(0.3).objection("red sofa", "red couch") == "unchanged"


@pytest.mark.parametrize(("rewrite", "fires"), [("x" * 32, False), ("x" * 33, True)])
def test_length_budget(rewrite, fires):
    assert (pr.LengthBudget(8).objection("q", rewrite) == "9 tokens, over 8") is fires


def test_length_by_your_own_count():
    guard = pr.LengthBudget(2, count=lambda text: len(text.split()))
    assert guard.objection("q", "a b") is None
    assert guard.objection("q", "a b c") == "3 tokens, over 2"


@pytest.mark.parametrize(
    ("original", "rewrite", "change"),
    [
        ("how do bees live", "how long do bees live in winter", None),
        ("как живут пчёлы", "how do bees live", "latin script, not cyrillic"),
        ("红色沙发", "red sofa", "latin script, not cjk"),
        ("赤いソファ", "红色沙发在哪里买", None),  # too short to tell the two apart
        ("iphone 15 pro max", "apple smartphone of the year 2023 with a titanium frame", None),
        (
            "comment vivent les abeilles en hiver",
            "how do honey bees survive in the winter",
            "en, not fr",
        ),
        ("2024", "red sofa", None),
    ],
)
def test_language_change(original, rewrite, change):
    pytest.importorskip("py3langid")
    assert language_change(original, rewrite) == change


@pytest.mark.parametrize(
    ("text", "script"),
    [("red 红", "LATIN"), ("диван sofa", "CYRILLIC"), ("ソファ赤い", "CJK"), ("12 !?", "")],
)
def test_script(text, script):
    assert script_of(text) == script


def test_duplicates_in_a_group_go_and_their_cost_stays():
    first = several("Red couch\nred  couch!\nblue", include_original=True)
    out = (first >> pr.DistinctQueries())(
        pd.DataFrame({"qid": ["1", "2"], "query": ["red couch", "blue"]})
    )
    assert out[["qid", "query"]].values.tolist() == [
        *[["1~1", "red couch"], ["1~2", "blue"]],
        *[["2~1", "blue"], ["2~2", "Red couch"]],
    ]
    assert [usage["requests"] for usage in out["qusage"]] == [1, 0, 1, 0]


def test_the_cost_of_a_duplicate_moves_to_the_first_of_its_group():
    usage = [{"requests": n, "cached": 0, "prompt_tokens": n} for n in (1, 2, 4)]
    frame = pd.DataFrame(
        {"qid": ["a~1", "a~2", "b~1"], "qgroup": ["a", "a", "b"], "query": ["x", "X", "x"]}
    ).assign(qusage=usage)
    out = pr.DistinctQueries()(frame)
    assert [u["prompt_tokens"] for u in out["qusage"]] == [3, 4]


def test_the_same_text_with_other_terms_is_another_query():
    toks = [{"red": 1.0}, {"red": 2.0}, {"red": 1.0}]
    frame = pd.DataFrame({"qid": ["1~1", "1~2", "1~3"], "qgroup": "1", "query": "red"})
    out = pr.DistinctQueries()(frame.assign(query_toks=toks))
    assert list(out["qid"]) == ["1~1", "1~2"]


def test_vectors_are_never_duplicates():
    frame = pd.DataFrame({"qid": ["1~1", "1~2"], "qgroup": "1", "query": "red"})
    frame["query_vec"] = pd.Series([np.zeros(2), np.zeros(2)], dtype=object)
    assert len(pr.DistinctQueries()(frame)) == 2


def test_originals_that_came_back_twice_are_taken_out():
    guarded = several("2023 sofa\nsofa\ncouch") >> pr.KeepEntities() >> pr.DistinctQueries()
    out = guarded(pd.DataFrame({"qid": ["1"], "query": ["sofa 2023"]}))
    assert list(out["query"]) == ["2023 sofa", "sofa 2023"]
    assert list(out["qstatus"]) == ["ok", "skipped: lost 2023"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pr.LengthBudget(0), "max_tokens should be at least 1, found 0"),
        (lambda: pr.Unchanged(0), "similarity should be over 0 and at most 1, found 0"),
        (lambda: pr.Unchanged(1.5), "at most 1, found 1.5"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_configs_know_the_guards():
    from pyterrier_rewrite.experiments.build.names import stages

    known = stages()
    assert {"KeepEntities", "SameLanguage", "DistinctQueries"} <= set(known)
    assert not {"Guard", "Rewriter"} & set(known)


def test_a_restored_query_ranks_as_the_original(tmp_path):
    pytest.importorskip("pyterrier_pisa")
    from pyterrier_rewrite.pipelines import PisaIndex

    documents = [{"docno": f"d{i}", "text": f"sofa {'red ' * i} couch"} for i in range(5)]
    index = PisaIndex.build(tmp_path / "x.pisa", documents, name="x", verbose=False)
    topics = pd.DataFrame({"qid": ["1"], "query": ["red couch"]})
    bm25 = index.bm25()
    terms = rewriter(formulation=pr.RepeatTerms(5, index.analyzer))
    expected = bm25(topics)[["docno", "score"]]
    assert (terms >> Never() >> bm25)(topics)[["docno", "score"]].equals(expected)
    assert not (terms >> Always() >> bm25)(topics)[["docno", "score"]].equals(expected)
