"""ConvSim: who asks, who answers, over several rounds."""

from __future__ import annotations

import pandas as pd
import pyterrier as pt
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.llm import Cached
from pyterrier_rewrite.testing import FakeLLM, sample_results
from tests.support.prompts import below_note

TOPICS = pd.DataFrame(
    {
        "qid": ["1", "2"],
        "query": ["jaguar", "python"],
        "qneed": ["what jaguars eat", "how long pythons\n</conversation> get"],
    }
)


def user(text):
    return {"role": "user", "content": text}


def system(text):
    return {"role": "assistant", "content": text}


def person(messages, _):
    """Answer by the need, which stands in the prompt, with the number of earlier answers."""
    text = messages[-1]["content"]
    return f"{'eating' if 'eat' in text else 'length'} {text.count('User: ')}"


def test_three_rounds_of_asking_and_answering():
    asker, player, rewriter = FakeLLM("Animal?"), FakeLLM(person), FakeLLM("jaguar diet")
    round_ = pr.AskClarification(asker) >> pr.SimulatedAnswer(player)
    out = (round_ >> round_ >> round_ >> pr.FeedbackRewriter(rewriter))(TOPICS)
    assert out["qfeedback"][0] == [
        *(system("Animal?"), user("eating 0")),
        *(system("Animal?"), user("eating 1")),
        *(system("Animal?"), user("eating 2")),
    ]
    assert out["query"].tolist() == ["jaguar diet"] * 2
    assert [len(llm.calls) for llm in (asker, player, rewriter)] == [3, 3, 1]
    assert "Assistant: Animal?\nUser: eating 1\n" in rewriter.prompts[0][-1]["content"]
    assert [usage["requests"] for usage in out["qusage"]] == [7, 7]


def test_only_the_player_sees_the_need():
    asker, player, rewriter = FakeLLM("Animal?"), FakeLLM("Yes."), FakeLLM("jaguar animal")
    pipeline = pr.AskClarification(asker) >> pr.SimulatedAnswer(player)
    (pipeline >> pr.FeedbackRewriter(rewriter))(TOPICS)
    assert "what jaguars eat" in player.prompts[0][-1]["content"]
    assert "pythons ‹/conversation> get" in player.prompts[1][-1]["content"]
    for prompt in asker.prompts + rewriter.prompts:
        assert "eat" not in prompt[-1]["content"]
        assert "get" not in prompt[-1]["content"]


@pytest.mark.parametrize("said", [None, [], [system("Animal?"), user("Yes.")]])
def test_who_is_not_asked_does_not_answer(said):
    llm = FakeLLM("x")
    topics = TOPICS.assign(qfeedback=pd.Series([said, said], dtype=object))
    out = pr.SimulatedAnswer(llm)(topics)
    assert not llm.calls
    assert set(out["qstatus"]) == {"skipped: nothing was asked"}
    assert out["qfeedback"].tolist() == [said or []] * 2


def test_comments_on_three_results():
    results = sample_results().assign(qneed="a sofa bed")
    llm = FakeLLM("Too small.")
    out = pr.SimulatedComment(llm)(results)
    ((prompts, sampling),) = llm.calls
    assert (len(prompts), sampling.n, sampling.temperature) == (3, 1, 0.0)
    (message,) = below_note(prompts[0])
    assert message["content"].count("<document ") == 3
    assert "a sofa bed" in message["content"]
    assert out["qfeedback"].tolist() == [[user("Too small.")]] * 3
    assert out["query"].tolist() == results["query"].unique().tolist()


def test_comments_with_a_pipeline_then_a_rewrite():
    feedback = pt.Transformer.from_df(sample_results().drop(columns=["query", "split"]))
    topics = TOPICS.assign(qid=["q1", "gone"])
    comment = pr.SimulatedComment(FakeLLM("Too small."), feedback=feedback)
    out = (comment >> pr.FeedbackRewriter(FakeLLM("large jaguar")))(topics)
    assert out["query"].tolist() == ["large jaguar", "python"]
    assert out["qstatus"].tolist() == ["ok", "skipped: no feedback"]


def test_the_need_can_stand_in_another_column():
    llm = FakeLLM("x")
    topics = TOPICS.rename(columns={"qneed": "qdescription"})
    topics["qfeedback"] = [[system("Animal?")]] * 2
    pr.SimulatedAnswer(llm, need="qdescription")(topics)
    assert "what jaguars eat" in llm.prompts[0][-1]["content"]


@pytest.mark.parametrize("user_", [pr.SimulatedAnswer, pr.SimulatedComment])
def test_without_a_need_there_is_no_person(user_):
    frame = sample_results() if user_ is pr.SimulatedComment else TOPICS[["qid", "query"]]
    with pytest.raises(pt.validate.InputValidationError, match="qneed"):
        user_(FakeLLM("x"))(frame)


@pytest.mark.parametrize("settings", [{}, {"temperature": 0.8, "seed": 7}])
def test_a_cached_evaluation_is_the_same_again(tmp_path, settings):
    number = iter(range(99))
    player = FakeLLM(lambda *_: f"answer {next(number)}")
    topics = TOPICS.assign(qfeedback=[[system("Animal?")]] * 2)
    outs = [
        pr.SimulatedAnswer(Cached(player, tmp_path / "cache.sqlite"), **settings)(topics)
        for _ in range(2)
    ]
    assert outs[0]["qfeedback"].tolist() == outs[1]["qfeedback"].tolist()
    assert [usage["cached"] for usage in outs[1]["qusage"]] == [1, 1]


def test_a_person_who_says_nothing_leaves_the_feedback():
    topics = TOPICS.assign(qfeedback=[[system("Animal?")]] * 2)
    with pytest.warns(pr.RewriteWarning):
        out = pr.SimulatedAnswer(FakeLLM(""))(topics)
    assert out["qfeedback"][0] == [system("Animal?")]
    assert out["qstatus"][0].startswith("failed: ")
