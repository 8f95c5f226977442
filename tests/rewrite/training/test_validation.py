"""Validation: which weights are kept, and when a run stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite import LLMRewriter, Queries, RepeatTerms, Replace, Several
from pyterrier_rewrite.pipelines import RRF
from pyterrier_rewrite.saved.artifact import SavedRewriter, from_pretrained
from pyterrier_rewrite.training import TrainingError, TrainingWarning, Validation, sft
from pyterrier_rewrite.training.run.monitor import read_table
from tests.support.training import (
    FAST,
    TARGET,
    Counting,
    Engine,
    equal,
    fake,
    generations,
    validation,
    with_target,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_validation_is_what_an_experiment_reports(topics: pd.DataFrame) -> None:
    reply = {"query 1": "bones", "query 2": "bones", "query 3": "wing"}
    rewriter = fake({**reply, "query": "x"})
    judged = topics.drop(index=[1, 7])
    qrels = pd.DataFrame({"qid": judged["qid"], "docno": "good", "label": 1})
    dev = Validation(Engine(), topics, qrels)
    # of the six judged topics one, query 2, is helped: 1 / 6
    assert dev.validate(rewriter).value == pytest.approx(1 / 6)
    frame = pt.Experiment(
        [rewriter >> Engine()], topics, dev.qrels, ["ndcg_cut_10"], filter_by_qrels=True
    )
    assert frame["ndcg_cut_10"][0] == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    "settings",
    [{}, {"formulation": RepeatTerms(1.0)}, {"parser": Queries(), "formulation": Several()}],
)
def test_a_validation_counts_who_gets_no_answer(
    topics: pd.DataFrame, settings: dict[str, Any]
) -> None:
    rewriter = fake({"query 1": "bones\nwing", "query 2": "...", "query": "x"}, **settings)
    dev = Validation(Engine() >> RRF(), topics, validation(topics).qrels)
    assert dev.validate(rewriter).unanswered == pytest.approx(1 / 8)
    assert dev.raw(rewriter) == 0.0


def test_a_validation_says_what_is_wrong(topics: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="every should be at least 1"):
        validation(topics, every=0)
    with pytest.raises(ValueError, match="same split"):
        Validation(Engine(), topics.assign(qid="x"), validation(topics).qrels)
    several = fake("a\nb", parser=Queries(), formulation=Several())
    with pytest.raises(ValueError, match="needs a fusion"):
        validation(topics).validate(several)


def test_the_best_weights_are_kept_and_patience_stops(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    trained = sft(
        rewriter, with_target(topics), output_dir=tmp_path, steps=200,
        validation=validation(topics, patience=2), **FAST,
    )  # fmt: skip
    rows = read_table(tmp_path / "training.csv")
    values = {int(row["step"]): row["validation"] for row in rows if "validation" in row}
    best = min(step for step, value in values.items() if value == 1.0)
    assert values[0] == 0.0
    assert list(values) == list(range(0, best + 30, 10))
    assert validation(topics).validate(trained).value == 1.0


def test_the_start_is_kept_where_training_only_harms(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    good = sft(rewriter, with_target(topics), output_dir=tmp_path / "a", steps=40, **FAST)
    bad = topics.assign(target="wing")
    dev = validation(topics)
    trained = sft(good, bad, output_dir=tmp_path / "b", steps=30, validation=dev, **FAST)
    assert generations(trained, topics) == [TARGET] * 8
    assert equal(tmp_path / "a" / "best", tmp_path / "b" / "best")


def test_several_samples_validate_as_they_serve(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    sampling = rewriter.apply_attributes(n=2, temperature=0.7)
    dev = Counting(Engine(), topics, validation(topics).qrels, every=10)
    sft(sampling, with_target(topics), output_dir=tmp_path, steps=1, validation=dev, **FAST)
    served = {(one.n, one.temperature, one.seed) for one in dev.scored}
    assert served == {(2, 0.7, 0)}
    dev.scored.clear()
    greedy = rewriter.apply_attributes(temperature=0.7)
    sft(greedy, with_target(topics), output_dir=tmp_path / "b", steps=1, validation=dev, **FAST)
    assert {(one.n, one.temperature) for one in dev.scored} == {(1, 0.0)}


def test_what_a_killed_run_leaves_as_best_is_a_rewriter(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    dev = Counting(Engine(), topics, validation(topics).qrels, every=10, last=2)
    with pytest.raises(KeyboardInterrupt):
        sft(rewriter, with_target(topics), output_dir=tmp_path, steps=40, validation=dev, **FAST)
    kept = from_pretrained(tmp_path / "best")
    assert generations(kept, topics) == generations(rewriter, topics)
    assert SavedRewriter(tmp_path / "best").training["method"] == "sft"


def test_weights_that_answer_nothing_are_no_success(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    data = topics.assign(target="...")
    settings: dict[str, Any] = {"output_dir": tmp_path / "a", "steps": 30, **FAST}
    for resume in (False, True):
        with pytest.raises(TrainingError, match="last weights leave 100% of the queries"):
            sft(rewriter, data, resume=resume, **settings)
    silent = from_pretrained(tmp_path / "a" / "best")
    assert generations(silent, topics) == ["..."] * 8
    dev = Validation(Engine(), topics, validation(topics).qrels.assign(docno="bad"))
    settings |= {"output_dir": tmp_path / "b", "steps": 1}
    with pytest.raises(TrainingError, match=r"best \(step 0\) weights leave 100% of the queries"):
        sft(silent, data, validation=dev, **settings)


def test_weights_that_lose_to_raw_queries_are_told(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    replacing = rewriter.apply_attributes(formulation=Replace())
    good_as_it_is = validation(topics.assign(query="bones"))
    with pytest.warns(TrainingWarning, match=r"reach 0\.0000 of nDCG@10, .* are 1\.0000"):
        sft(
            replacing, topics.assign(target="wing"), output_dir=tmp_path, steps=10,
            validation=good_as_it_is, **FAST,
        )  # fmt: skip
    told = SavedRewriter(tmp_path / "best").training
    assert (told["raw"], told["best"], told["unanswered"]) == (1.0, 0.0, 0.0)
