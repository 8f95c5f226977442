from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pyterrier_rewrite.experiments.config import ExperimentConfig
from pyterrier_rewrite.experiments.pages.demo import curves, polyline, write_page
from pyterrier_rewrite.experiments.run.results import Report, SystemRun
from pyterrier_rewrite.llm.metered import Spent

TOPICS = pd.DataFrame({"qid": ["1", "2", "3"], "query": ["couch <b>", "lamp & shade", "rug"]})
VALUES = {"raw": [0.1, 0.5, 0.3], "warm start": [0.4, 0.6, 0.3], "trained": [0.9, 0.2, 0.3]}
WRITTEN = {"warm start": ["sofa", "sconce", "mat"], "trained": ["sofa ivory", "bulb", "mat"]}


def report() -> Report:
    config = ExperimentConfig(
        name="shop",
        collection="shop",
        systems={name: ["bm25"] for name in VALUES},
        measures=["nDCG@10"],
        baseline="raw",
    )
    runs = [
        SystemRun(
            name,
            pd.DataFrame(),
            TOPICS.assign(qgen=[[text] for text in WRITTEN[name]]) if name in WRITTEN else None,
            0.0,
            Spent(),
        )
        for name in VALUES
    ]
    perquery = pd.DataFrame(
        [
            (name, qid, "nDCG@10", value)
            for name, values in VALUES.items()
            for qid, value in zip(TOPICS["qid"], values, strict=True)
        ],
        columns=["name", "qid", "measure", "value"],
    )
    table = pd.DataFrame(
        {"name": list(VALUES), "nDCG@10": [0.3, 0.4333, 0.4667], "gap_closed": [0.0, 0.4, 0.625]}
    )
    return Report(config, runs, table, perquery, 3)


@pytest.fixture
def page(tmp_path: Path) -> str:
    folder = tmp_path / "training" / "2-grpo"
    folder.mkdir(parents=True)
    (folder / "training.csv").write_text("step,reward,entropy\n1,0.2,\n2,0.4,1.5\n3,0.3,1.0\n")
    file = write_page(report(), TOPICS, tmp_path / "training", tmp_path / "index.html")
    return file.read_text(encoding="utf-8")


def test_page_tells_what_was_won_and_lost(page: str) -> None:
    assert "wins 1 queries, ties 1 and loses 1" in page
    won, lost = page.split("Queries won")[1].split("Queries lost")
    assert won.index("sofa ivory") < won.index("mat")  # the largest gain first
    assert "bulb" in lost.split("From warm start")[0]
    assert "62 %" in page


def test_page_needs_nothing_else_and_shows_text_as_text(page: str) -> None:
    assert "couch &lt;b&gt;" in page
    assert "lamp &amp; shade" in page
    for word in ("http", "<script", "src="):
        assert word not in page


def test_curves_have_a_point_a_step(tmp_path: Path, page: str) -> None:
    found = {curve["title"]: curve for curve in curves(tmp_path / "training")}
    assert set(found) == {"grpo: reward a step", "grpo: entropy"}
    reward = found["grpo: reward a step"]
    assert (reward["low"], reward["high"], reward["last"]) == (0.2, 0.4, 3)
    assert reward["points"] in page


def test_drawing_spans_the_box_and_points_up() -> None:
    assert polyline([(0, 1.0), (5, 3.0), (10, 2.0)]) == "0.0,140.0 160.0,0.0 320.0,70.0"
    assert polyline([(0, 1.0), (1, 1.0)]) == "0.0,140.0 320.0,140.0"
