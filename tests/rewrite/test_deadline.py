"""A time limit, and all that keeps to it."""

from __future__ import annotations

import threading
import time

import pandas as pd
import pytest

from pyterrier_rewrite import (
    BestOf,
    Cached,
    FakeLLM,
    OpenAILLM,
    QAExpand,
    Query2Doc,
    RewriteError,
    ThinkQE,
    TransformersLLM,
    time_limit,
)
from pyterrier_rewrite.deadline import remaining, time_is_over
from pyterrier_rewrite.errors import LLMError
from pyterrier_rewrite.rewards import Length
from pyterrier_rewrite.testing import sample_results
from tests.support.server import Reply

LONG = 30.0  # what nobody may wait for
SHORT = 0.15


def ask(*texts: str):
    return [[{"role": "user", "content": text}] for text in texts]


def topics(*texts: str) -> pd.DataFrame:
    return pd.DataFrame({"qid": [str(i) for i in range(len(texts))], "query": list(texts)})


def test_of_limits_inside_each_other_the_earliest_counts():
    assert remaining() is None
    with time_limit(100), time_limit(None), time_limit(1):
        assert 0 < remaining() <= 1
        with time_limit(50):
            assert remaining() <= 1
    assert remaining() is None
    with time_limit(1, since=time.monotonic() - 2):
        assert remaining() == 0
        assert time_is_over()
    with pytest.raises(ValueError, match="seconds should be over 0"), time_limit(0):
        pass


def test_a_limit_is_of_its_thread_alone():
    found: list[float | None] = []
    with time_limit(1):
        thread = threading.Thread(target=lambda: found.append(remaining()))
        thread.start()
        thread.join()
    assert found == [None]


def test_a_served_model_is_not_waited_for(llm_server):
    llm_server.replies = lambda body, _: (
        None if body["messages"][-1]["content"] == "q0" else Reply(latency=LONG)
    )
    llm = OpenAILLM("m", base_url=llm_server.url, concurrency=2)
    with time_limit(SHORT):
        answers = llm.generate(ask(*(f"q{i}" for i in range(6))))
    assert answers[0].texts == ["q0"]
    assert [a.error for a in answers[1:]] == ["deadline"] * 5
    assert len(llm_server.requests) == 3
    with time_limit(1, since=time.monotonic() - 2):
        assert llm.generate(ask("late"))[0].error == "deadline"
    assert len(llm_server.requests) == 3  # nothing is begun when the time is over


def test_tries_and_waits_count(llm_server):
    llm_server.replies = lambda body, _: Reply(500)
    with time_limit(SHORT):
        llm = OpenAILLM("m", base_url=llm_server.url, retries=1000)
        assert llm.generate(ask("q"))[0].error == "deadline"


def test_a_server_that_is_not_there_within_the_limit_is_remembered(dead_url):
    llm = OpenAILLM("m", base_url=dead_url)
    with time_limit(0.05):
        assert llm.generate(ask("q"))[0].error == "deadline"
    with pytest.raises(LLMError, match="tried in vain"):
        llm.generate(ask("q"))


def test_a_rewriter_keeps_the_text_of_what_is_late():
    rewriter = Query2Doc(FakeLLM("a sofa", seconds=0.1), deadline=0.25)
    with pytest.warns(UserWarning, match="deadline"):
        out = rewriter(topics("couch", "chair", "table", "bed"))
    assert out["qstatus"].tolist() == ["ok", "ok", "failed: deadline", "failed: deadline"]
    assert out["query"].tolist()[2:] == ["table", "bed"]


def test_on_error_raise_says_so():
    rewriter = Query2Doc(FakeLLM("a", seconds=1.0), deadline=0.05, on_error="raise")
    with pytest.raises(RewriteError, match="deadline"):
        rewriter.search("couch")


@pytest.mark.filterwarnings("ignore::pyterrier_rewrite.RewriteWarning")
def test_a_later_step_is_not_begun_when_the_time_is_over():
    llm = FakeLLM(['["what is it?"]'], seconds=0.1)
    out = QAExpand(llm, deadline=0.15).search("couch")
    assert (out["query"][0], out["qstatus"][0]) == ("couch", "failed: deadline")
    assert len(llm.calls) == 2  # the second was cut, the third never sent


def test_what_earlier_rounds_brought_is_used():
    import pyterrier as pt

    shop = pt.Transformer.from_df(sample_results().drop(columns=["query", "split"]))
    llm = FakeLLM(["loveseat"], seconds=0.4)
    out = ThinkQE(llm, feedback=shop, fb_docs=1, n=1, deadline=0.7).search("red couch", qid="q1")
    assert (out["query"][0], out["qstatus"][0]) == ("red couch loveseat", "ok")


@pytest.mark.filterwarnings("ignore::pyterrier_rewrite.RewriteWarning")
def test_a_rewriter_around_another_keeps_to_its_deadline():
    inner = Query2Doc(FakeLLM("a sofa", seconds=LONG), deadline=SHORT)
    out = BestOf(inner, Length(high=4), n=2).search("couch")
    assert (out["query"][0], out["qstatus"][0]) == ("couch", "failed: deadline")


@pytest.mark.parametrize("deadline", [0, -1])
def test_a_deadline_is_over_zero(deadline):
    with pytest.raises(ValueError, match="deadline should be over 0"):
        Query2Doc(FakeLLM(), deadline=deadline).search("couch")


def test_what_is_late_is_not_stored(tmp_path):
    path = tmp_path / "answers.db"
    with time_limit(0.5):
        answers = Cached(FakeLLM("x", seconds=0.3), path).generate(ask("a", "b", "c"))
    assert [a.error for a in answers] == [None, "deadline", "deadline"]
    assert [a.cached for a in Cached(FakeLLM("x"), path).generate(ask("a", "b", "c"))] == [
        True,
        False,
        False,
    ]


def test_a_local_model_stops(tiny_causal, one_thread):
    llm = TransformersLLM(tiny_causal, batch_size=1)
    llm.generate(ask("load"), max_tokens=2)
    with time_limit(SHORT):
        answers = llm.generate(ask(*map(str, range(200))), max_tokens=100)
    assert answers[-1].error == "deadline"
    assert {a.error for a in answers} <= {None, "deadline"}
