"""Validation: which weights are kept, and when a run stops."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite import LLMRewriter, Queries, Several
from pyterrier_rewrite.saved.artifact import SavedRewriter, from_pretrained
from pyterrier_rewrite.training import Validation, sft
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
    assert dev.score(rewriter) == pytest.approx(1 / 6)
    frame = pt.Experiment(
        [rewriter >> Engine()], topics, dev.qrels, ["ndcg_cut_10"], filter_by_qrels=True
    )
    assert frame["ndcg_cut_10"][0] == pytest.approx(1 / 6)


def test_a_validation_says_what_is_wrong(topics: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="every should be at least 1"):
        validation(topics, every=0)
    with pytest.raises(ValueError, match="same split"):
        Validation(Engine(), topics.assign(qid="x"), validation(topics).qrels)
    several = fake("a\nb", parser=Queries(), formulation=Several())
    with pytest.raises(ValueError, match="needs a fusion"):
        validation(topics).score(several)


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
    assert validation(topics).score(trained) == 1.0


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
