"""Training on a tiny model: what is learnt, what is kept, and what stops a run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite import (
    FakeLLM,
    Join,
    LLMRewriter,
    Prompt,
    Queries,
    RepeatTerms,
    Several,
    TransformersLLM,
)
from pyterrier_rewrite.saved.artifact import SavedRewriter, from_pretrained
from pyterrier_rewrite.training import (
    LoraSettings,
    RewardFunction,
    Task,
    TrainingError,
    TrainingWarning,
    Validation,
    dpo,
    grpo,
    kto,
    labelled_samples,
    preference_pairs,
    rejection_samples,
    sample_candidates,
    sft,
)
from pyterrier_rewrite.training.methods.grpo import _order
from pyterrier_rewrite.training.run.folder import last_checkpoint
from pyterrier_rewrite.training.run.monitor import WINDOW, Monitor, read_table
from tests.support.paths import ROOT

PLAIN = Prompt("test/plain", 1, (("user", "{query}"),), ("query",))
WITH_DOCUMENTS = Prompt(
    "test/documents", 1, (("user", "{documents}\n{query}"),), ("query", "documents")
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def topics() -> pd.DataFrame:
    queries = [f"query {i} of the wing" for i in range(8)]
    return pd.DataFrame({"qid": [f"t{i}" for i in range(8)], "query": queries})


@pytest.fixture
def rewriter(tiny_causal: Path) -> LLMRewriter:
    return local(tiny_causal)


def local(model: Path, **settings: Any) -> LLMRewriter:
    settings = {"prompt": PLAIN, "max_tokens": 6, "formulation": Join(" "), **settings}
    return LLMRewriter(TransformersLLM(model, device="cpu"), **settings)


def fake(reply: Any = "red sofa", **settings: Any) -> LLMRewriter:
    return LLMRewriter(FakeLLM(reply), **{"prompt": PLAIN, "formulation": Join(" "), **settings})


class ByText:
    """A reward that is a function of the candidate's text."""

    def __init__(self, mark: Callable[[str], float | None]) -> None:
        self.mark = mark
        self.seen: list[pd.DataFrame] = []

    def score(self, candidates: pd.DataFrame) -> dict[str, float | None]:
        self.seen.append(candidates)
        return {
            c: self.mark(q) for c, q in zip(candidates["qcand"], candidates["query"], strict=True)
        }


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(next(folder.glob("*.safetensors")))


def equal(one: Path, two: Path) -> bool:
    a, b = weights(one), weights(two)
    return a.keys() == b.keys() and all(bool((a[k] == b[k]).all()) for k in a)


# -- prompts before, candidates after ---------------------------------------------------------


def test_prompts_are_those_of_serving(topics: pd.DataFrame) -> None:
    rewriter = fake()
    rewriter(topics)
    assert isinstance(rewriter.llm, FakeLLM)
    assert Task.of(rewriter, topics).prompts == rewriter.llm.prompts


def test_queries_that_serving_skips_have_no_prompt(topics: pd.DataFrame) -> None:
    topics.loc[[0, 3], "query"] = ["", " "]
    task = Task.of(fake(), topics)
    assert task.topics["qid"].tolist() == ["t1", "t2", "t4", "t5", "t6", "t7"]
    assert [prompt[0]["content"] for prompt in task.prompts] == task.topics["query"].tolist()


def test_candidates_are_what_serving_makes_of_the_same_generations(topics: pd.DataFrame) -> None:
    for formulation in (Join(" "), RepeatTerms(2), Several()):
        rewriter = fake("1. red sofa\n2. couch", parser=Queries(), formulation=formulation)
        served = rewriter(topics)
        frame = Task.of(rewriter, topics).candidates(range(8), ["1. red sofa\n2. couch"] * 8)
        for column in {"query", "query_toks", "query_0", "qgen", "qstatus"} & set(served):
            assert frame[column].tolist() == served[column].tolist(), column


def test_candidates_are_named_within_their_group(topics: pd.DataFrame) -> None:
    frame = Task.of(fake(), topics).candidates([1, 0, 1], ["a", "b", "c"])
    names = ["qid", "qcand", "qgroup", "qgroup_query", "query_0", "query", "qgen"]
    q0, q1 = topics["query"][:2]
    assert frame[names].values.tolist() == [
        ["t1~1", "t1~1", "t1", q1, q1, f"{q1} a", ["a"]],
        ["t0~1", "t0~1", "t0", q0, q0, f"{q0} b", ["b"]],
        ["t1~2", "t1~2", "t1", q1, q1, f"{q1} c", ["c"]],
    ]


def test_a_candidate_of_several_queries_is_several_rows(topics: pd.DataFrame) -> None:
    rewriter = fake(parser=Queries(), formulation=Several())
    frame = Task.of(rewriter, topics).candidates([0, 0], ["a\nb", "c\nd"])
    assert frame["qid"].tolist() == ["t0~1~1", "t0~1~2", "t0~2~1", "t0~2~2"]
    assert frame["qcand"].tolist() == ["t0~1", "t0~1", "t0~2", "t0~2"]
    assert set(frame["qgroup"]) == {"t0"}


def test_feedback_documents_are_found_once_and_shown_as_in_serving(topics: pd.DataFrame) -> None:
    rounds = []

    def find(queries: pd.DataFrame) -> pd.DataFrame:
        rounds.append(len(queries))
        found = queries[queries["qid"] != "t2"]
        documents = pd.DataFrame({"docno": ["b", "a"], "text": ["two", "one"], "rank": [1, 0]})
        return found.merge(documents, how="cross")

    rewriter = fake(prompt=WITH_DOCUMENTS, feedback=pt.apply.generic(find), fb_docs=2)
    rewriter(topics)
    task = Task.of(rewriter, topics)
    assert isinstance(rewriter.llm, FakeLLM)
    assert task.prompts == rewriter.llm.prompts
    assert "t2" not in set(task.topics["qid"])
    task.candidates([0, 1, 2], ["a", "b", "c"])
    assert rounds == [8, 8]


def test_a_task_says_what_is_wrong(topics: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="found 't0' twice"):
        Task.of(fake(), pd.concat([topics, topics.head(1)]))
    with pytest.raises(ValueError, match="feedback=bm25"):
        Task.of(fake(prompt=WITH_DOCUMENTS, fb_docs=3), topics)
    with pytest.raises(ValueError, match="none of the 8 topics"):
        Task.of(fake(), topics.assign(query=""))
    with pytest.raises(pt.validate.InputValidationError):
        Task.of(fake(), topics.drop(columns="query"))


def test_a_rewriter_that_asks_twice_cannot_be_trained(topics: pd.DataFrame) -> None:
    class Twice(LLMRewriter):
        def rewrite(self, queries: pd.DataFrame) -> Any:
            super().rewrite(queries)
            return super().rewrite(queries)

    with pytest.raises(ValueError, match="asks its model once"):
        Task.of(Twice(FakeLLM("x"), prompt=PLAIN), topics)


# -- the reward function ------------------------------------------------------------------------


def test_marks_come_in_the_order_of_the_completions(topics: pd.DataFrame) -> None:
    reward = RewardFunction(Task.of(fake(), topics), ByText(lambda text: float(text[-1])))
    assert reward(completions=["x 3", "x 1", "x 2"], row=[5, 0, 5]) == [3.0, 1.0, 2.0]


def test_an_unreadable_generation_falls_below_its_group(topics: pd.DataFrame) -> None:
    reward = ByText(lambda text: float(text[-1]))
    task = Task.of(fake(), topics)
    completions, row = ["x 3", "...", "x 2", "!"], [0, 0, 0, 1]
    assert RewardFunction(task, reward)(completions=completions, row=row) == [3.0, 1.9, 2.0, -0.1]
    assert reward.seen[0]["qcand"].tolist() == ["t0~1", "t0~3"]
    given = RewardFunction(task, reward, unparsable=-1)
    assert given(completions=completions, row=row) == [3.0, -1.0, 2.0, -1.0]


def test_no_verdict_silences_its_whole_group_and_no_other(topics: pd.DataFrame) -> None:
    reward = ByText(lambda text: None if text.endswith("down") else 0.5)
    marks = RewardFunction(Task.of(fake(), topics), reward)(
        completions=["a", "down", "...", "a", "a"], row=[0, 0, 0, 1, 1]
    )
    assert marks == [None, None, None, 0.5, 0.5]


@pytest.mark.parametrize("mark", [float("nan"), float("inf")])
def test_a_mark_that_is_no_number_names_its_query(topics: pd.DataFrame, mark: float) -> None:
    reward = ByText(lambda text: mark if "query 3" in text else 1.0)
    with pytest.raises(TrainingError, match=r"'t3'.*'t3~1' \('query 3 of the wing a'\)"):
        RewardFunction(Task.of(fake(), topics), reward)(completions=["a"] * 8, row=range(8))


def test_a_missing_mark_is_an_error(topics: pd.DataFrame) -> None:
    class Silent:
        def score(self, candidates: pd.DataFrame) -> dict[str, float | None]:
            return {}

    with pytest.raises(TrainingError, match="missing"):
        RewardFunction(Task.of(fake(), topics), Silent())(completions=["a"], row=[0])


def test_copies_and_unreadable_ones_are_counted(topics: pd.DataFrame) -> None:
    noted: dict[str, float] = {}
    RewardFunction(Task.of(fake(), topics), ByText(len))(
        completions=["a", " Query 1 of  the wing", "..", "b"],
        row=[0, 1, 2, 3],
        log_metric=noted.__setitem__,
    )
    assert noted == {"copies": 0.25, "unparsable": 0.25}


def test_a_generation_that_was_cut_is_read_as_in_serving(topics: pd.DataFrame) -> None:
    reward = ByText(len)
    RewardFunction(Task.of(fake(), topics), reward, ends=frozenset({2}))(
        completions=["red sofa bl", "red sofa bl"],
        completion_ids=[[7, 8, 9], [7, 9, 2]],
        row=[0, 1],
    )
    assert reward.seen[0]["query"].str.endswith("bl").tolist() == [False, True]


def test_generations_end_at_stop_texts(topics: pd.DataFrame) -> None:
    reward = ByText(len)
    task = Task.of(fake(stop=("#",)), topics)
    RewardFunction(task, reward)(completions=["sofa # and more"], row=[0])
    assert reward.seen[0]["query"].tolist() == ["query 0 of the wing sofa"]


# -- samples ------------------------------------------------------------------------------------


def by_number(_: Any, sample: int) -> str:
    return f"text {sample}"


def last_digit(marks: dict[str, float | None]) -> ByText:
    return ByText(lambda text: marks[text[-1]])


def test_sampled_candidates_have_one_row_a_sample(topics: pd.DataFrame) -> None:
    frame = sample_candidates(fake(by_number), topics, n=3)
    assert frame["qcand"].tolist()[:4] == ["t0~1", "t0~2", "t0~3", "t1~1"]
    assert frame["qgen"].tolist()[:3] == [["text 0"], ["text 1"], ["text 2"]]
    assert len(frame) == 24


def test_a_request_that_fails_keeps_the_originals_and_says_why(topics: pd.DataFrame) -> None:
    def reply(prompt: Any, sample: int) -> str:
        if "query 2" in prompt[-1]["content"]:
            raise OSError("server gone")
        return "x"

    frame = sample_candidates(fake(reply), topics, n=2).set_index("qid")
    assert frame.loc["t2~1", "query"] == "query 2 of the wing"
    assert "server gone" in frame.loc["t2~2", "qstatus"]
    assert (frame.drop(index=["t2~1", "t2~2"])["qstatus"] == "ok").all()


def test_the_best_sample_becomes_the_target(topics: pd.DataFrame) -> None:
    reward = last_digit({"0": 0.2, "1": 0.9, "2": None})
    data = rejection_samples(fake(by_number), topics, reward, n=3)
    assert data[["qid", "target", "score"]].values.tolist() == [
        [qid, "text 1", 0.9] for qid in topics["qid"]
    ]
    assert rejection_samples(fake(by_number), topics, reward, n=3, threshold=0.95).empty


def test_topics_without_a_best_sample_are_left_out(topics: pd.DataFrame) -> None:
    reward = ByText(lambda text: 0.5)
    assert rejection_samples(fake(by_number), topics, reward, n=3).empty
    assert len(rejection_samples(fake(by_number), topics, reward, n=3, drop_ties=False)) == 8


def test_pairs_of_best_and_worst(topics: pd.DataFrame) -> None:
    reward = last_digit({"0": 0.2, "1": 0.9, "2": 0.5, "3": None})
    pairs = preference_pairs(fake(by_number), topics.head(1), reward, n=4)
    columns = ["qid", "query", "chosen", "rejected", "chosen_score", "rejected_score"]
    assert pairs[columns].values.tolist() == [
        ["t0", "query 0 of the wing", "text 1", "text 0", 0.9, 0.2]
    ]


def test_pairs_of_adjacent_groups_only(topics: pd.DataFrame) -> None:
    # groups .2: {0}, .5: {1, 2}, .9: {3}; .9 against .2 is no pair
    reward = last_digit({"0": 0.2, "1": 0.5, "2": 0.5, "3": 0.9})
    pairs = preference_pairs(fake(by_number), topics.head(1), reward, n=4, strategy="adjacent")
    assert pairs[["chosen", "rejected"]].values.tolist() == [
        ["text 1", "text 0"],
        ["text 2", "text 0"],
        ["text 3", "text 1"],
        ["text 3", "text 2"],
    ]


def test_solved_topics_make_no_pairs(topics: pd.DataFrame) -> None:
    reward = last_digit({"0": 0.9, "1": 1.0})
    assert len(preference_pairs(fake(by_number), topics, reward, n=2)) == 8
    assert preference_pairs(fake(by_number), topics, reward, n=2, solved=0.9).empty
    assert preference_pairs(fake(by_number), topics, ByText(lambda _: 0.3), n=2).empty


def test_samples_are_good_above_the_mean_of_all(topics: pd.DataFrame) -> None:
    # (0.1 + 0.2 + 0.9) / 3 = 0.4
    reward = last_digit({"0": 0.1, "1": 0.2, "2": 0.9})
    samples = labelled_samples(fake(by_number), topics, reward, n=3)
    assert samples["label"].tolist() == [False, False, True] * 8
    assert samples["completion"].tolist()[:3] == ["text 0", "text 1", "text 2"]
    lower = labelled_samples(fake(by_number), topics, reward, n=3, mu=0.15)
    assert lower["label"].tolist()[:3] == [False, True, True]


# -- training -----------------------------------------------------------------------------------

FAST: dict[str, Any] = {"learning_rate": 5e-3, "verbose": False, "checkpoint_every": 100}
TARGET = "vitamin bones"


def with_target(topics: pd.DataFrame) -> pd.DataFrame:
    return topics.assign(target=TARGET)


def generations(rewriter: LLMRewriter, topics: pd.DataFrame) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [texts[0] for texts in rewriter(topics)["qgen"]]


def test_sft_learns_its_targets_and_leaves_the_start_alone(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path, tiny_causal: Path
) -> None:
    before = weights(tiny_causal)["model.norm.weight"].clone()
    trained = sft(rewriter, with_target(topics), output_dir=tmp_path / "run", steps=40, **FAST)
    assert generations(trained, topics) == [TARGET] * 8
    assert type(trained) is LLMRewriter
    assert trained.formulation == rewriter.formulation
    assert (weights(tiny_causal)["model.norm.weight"] == before).all()
    assert not list((tmp_path / "run" / "best").glob("*.bin"))


def test_sft_trains_an_adapter_and_trains_it_further(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    data = with_target(topics)
    lora = LoraSettings(r=4)
    once = sft(rewriter, data, output_dir=tmp_path / "a", steps=2, lora=lora, **FAST)
    assert isinstance(once.llm, TransformersLLM)
    assert once.llm.adapter == tmp_path / "a" / "best"
    twice = sft(once, data, output_dir=tmp_path / "b", steps=30, **FAST)
    assert generations(twice, topics) == [TARGET] * 8
    with pytest.raises(ValueError, match="has an adapter already"):
        sft(once, data, output_dir=tmp_path / "c", steps=1, lora=lora, **FAST)


def test_sft_trains_sequence_to_sequence_models(
    tiny_seq2seq: Path, topics: pd.DataFrame, tmp_path: Path
) -> None:
    rewriter = local(tiny_seq2seq)
    trained = sft(rewriter, with_target(topics), output_dir=tmp_path / "sft", steps=40, **FAST)
    assert generations(trained, topics) == [TARGET] * 8
    with pytest.raises(ValueError, match="rejection_samples"):
        grpo(rewriter, topics, ByText(len), output_dir=tmp_path / "grpo", **FAST)
    pairs = topics.assign(chosen="a", rejected="b")
    with pytest.raises(ValueError, match="sequence-to-sequence"):
        dpo(rewriter, pairs, output_dir=tmp_path / "dpo", **FAST)


@pytest.mark.parametrize("loss", ["sigmoid", "ipo"])
def test_dpo_prefers_the_chosen(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path, loss: Any
) -> None:
    pairs = topics.assign(chosen="vitamin", rejected="wing")
    dpo(
        rewriter, pairs, output_dir=tmp_path, loss=loss, steps=12, **{**FAST, "learning_rate": 1e-3}
    )
    margins = [row["reward"] for row in read_table(tmp_path / "training.csv")]
    assert margins[0] == pytest.approx(0, abs=1e-6)
    assert margins[-1] > margins[4] > 0


def test_kto_raises_the_good_over_the_bad(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    good = topics.assign(completion=TARGET, label=True)
    data = pd.concat([good, topics.assign(completion="wing", label=False)])
    trained = kto(rewriter, data, output_dir=tmp_path, steps=20, **{**FAST, "learning_rate": 2e-3})
    assert log_ratio(trained, topics) > log_ratio(rewriter, topics) + 1
    with pytest.raises(ValueError, match="all labels the same"):
        kto(rewriter, good, output_dir=tmp_path / "x", **FAST)


def log_ratio(rewriter: LLMRewriter, topics: pd.DataFrame) -> float:
    """Return by how much the target is likelier than ``wing``, in nats, for the first topic."""
    import torch

    assert isinstance(rewriter.llm, TransformersLLM)
    engine = rewriter.llm.loaded()
    prompt = engine.tokenizer.apply_chat_template(
        Task.of(rewriter, topics).prompts[0], tokenize=False, add_generation_prompt=True
    )
    start = engine.tokenizer(prompt, add_special_tokens=False)["input_ids"]
    values = []
    for text in (TARGET, "wing"):
        end = engine.tokenizer(text, add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            scores = engine.model(torch.tensor([start + end])).logits[0].log_softmax(-1)
        steps = zip(range(len(start) - 1, len(start) + len(end) - 1), end, strict=True)
        values.append(sum(scores[at, token].item() for at, token in steps))
    return values[0] - values[1]


def test_grpo_raises_the_reward(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    reward = ByText(lambda text: float(text.count("e") - 4))
    grpo(rewriter, topics, reward, output_dir=tmp_path, steps=25, **{**FAST, "learning_rate": 1e-2})
    curve = [row["reward"] for row in read_table(tmp_path / "training.csv")]
    assert sum(curve[-5:]) / 5 > sum(curve[:5]) / 5 + 1
    assert (tmp_path / "training.png").read_bytes().startswith(b"\x89PNG")


def test_a_reward_without_verdicts_teaches_nothing(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path, tiny_causal: Path
) -> None:
    grpo(rewriter, topics, ByText(lambda _: None), output_dir=tmp_path, steps=3, **FAST)
    assert equal(tmp_path / "best", tiny_causal)


@pytest.mark.parametrize("lora", [None, LoraSettings(r=4)])
def test_grpo_stays_close_to_a_reference(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path, lora: LoraSettings | None
) -> None:
    grpo(
        rewriter, topics, ByText(len), output_dir=tmp_path, steps=4, beta=0.1, num_iterations=2,
        batch_size=32, lora=lora, **FAST,
    )  # fmt: skip
    rows = read_table(tmp_path / "training.csv")
    assert rows[0]["kl"] == pytest.approx(0, abs=1e-6)
    assert rows[-1]["kl"] > 0


def test_a_nan_reward_stops_the_run_and_leaves_the_checkpoint(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    class Broken(ByText):
        def score(self, candidates: pd.DataFrame) -> dict[str, float | None]:
            marks = super().score(candidates)
            if len(self.seen) > 3:
                marks[candidates["qcand"][candidates["qgroup"] == "t5"].iloc[0]] = float("nan")
            return marks

    with pytest.raises(TrainingError, match="'t5'"):
        grpo(
            rewriter, topics, Broken(len), output_dir=tmp_path, steps=9,
            **{**FAST, "checkpoint_every": 2},
        )  # fmt: skip
    kept = last_checkpoint(tmp_path)
    assert kept is not None
    assert kept.name == "checkpoint-2"
    assert all(bool(w.isfinite().all()) for w in weights(kept).values())
    assert [row["step"] for row in read_table(tmp_path / "training.csv")] == [1, 2, 3]


def test_a_nan_loss_stops_the_run_and_names_the_queries(
    topics: pd.DataFrame, tmp_path: Path, tiny_causal: Path
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(tiny_causal)
    model.lm_head.weight.data.fill_(float("nan"))
    model.save_pretrained(tmp_path / "broken")
    AutoTokenizer.from_pretrained(tiny_causal).save_pretrained(tmp_path / "broken")
    data = with_target(topics.head(3))
    with pytest.raises(TrainingError, match=r"the loss is nan at step 1.*'t0'"):
        sft(local(tmp_path / "broken"), data, output_dir=tmp_path / "run", **FAST)
    assert not (tmp_path / "run" / "best").exists()


def test_the_order_of_topics_repeats_none_within_a_batch() -> None:
    order = _order(7, size=3, batches=6, seed=1)
    assert len(order) == 18
    assert all(len(set(order[at : at + 3])) == 3 for at in range(0, 18, 3))
    assert len(set(order[:6])) == len(set(order[6:12])) == 6
    assert order[:6] != order[6:12]
    assert order == _order(7, size=3, batches=6, seed=1)
    assert order[:9] == _order(7, size=3, batches=3, seed=1)


def test_targets_that_are_too_long_are_told(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    data = topics.assign(target="vitamin " * 9)
    with pytest.warns(TrainingWarning, match="8 of 8 texts .* max_tokens=6"):
        sft(rewriter, data, output_dir=tmp_path, steps=1, **FAST)


# -- validation, best weights, early stop ---------------------------------------------------------


class Engine(pt.Transformer):
    """Finds the relevant document only for queries that say ``bones``."""

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        found = ["good" if "bones" in query else "bad" for query in inp["query"]]
        return pd.DataFrame(
            {"qid": inp["qid"], "query": inp["query"], "docno": found, "score": 1.0, "rank": 0}
        )


def validation(topics: pd.DataFrame, **settings: Any) -> Validation:
    qrels = pd.DataFrame({"qid": topics["qid"], "docno": "good", "label": 1})
    return Validation(Engine(), topics, qrels, **{"every": 10, **settings})


class Counting(Validation):
    """A validation that keeps what it scored, and that Ctrl-C can end."""

    def __init__(self, *arguments: Any, last: int | None = None, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.scored: list[LLMRewriter] = []
        self.last = last

    def score(self, rewriter: Any) -> float:
        self.scored.append(rewriter)
        if len(self.scored) == self.last:
            raise KeyboardInterrupt
        return super().score(rewriter)


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


# -- the monitor ----------------------------------------------------------------------------------


def feed(folder: Path, steps: int, logs: Callable[[int], dict[str, float]]) -> list[str]:
    monitor = Monitor(folder, None)
    monitor.begin()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for step in range(1, steps + 1):
            monitor.record(step, {"loss": 0.1, "reward_std": 0.2, **logs(step)})
    return [str(w.message).partition(" at step")[0] for w in caught]


@pytest.mark.parametrize(
    ("what", "logs"),
    [
        ("entropy collapse", lambda s: {"entropy": 2.0 if s <= WINDOW else 0.3}),
        ("zero spread", lambda s: {"frac_reward_zero_std": 0.8}),
        ("copies", lambda s: {"copies": 0.6}),
        ("unparsable", lambda s: {"unparsable": 0.6}),
        ("length drift", lambda s: {"completions/mean_length": 5.0 if s <= WINDOW else 11.0}),
        ("length drift", lambda s: {"completions/mean_length": 5.0 if s <= WINDOW else 2.0}),
    ],
)
def test_known_failures_are_told_once(tmp_path: Path, what: str, logs: Any) -> None:
    assert feed(tmp_path, 3 * WINDOW, logs) == [what]


def test_a_healthy_run_is_left_alone(tmp_path: Path) -> None:
    def healthy(step: int) -> dict[str, float]:
        return {
            "entropy": 2.0 - step / 60,
            "frac_reward_zero_std": 0.5,
            "copies": 0.2,
            "completions/mean_length": 5 + step / 20,
        }

    assert feed(tmp_path, 3 * WINDOW, healthy) == []


def test_a_rising_reward_with_falling_validation_is_told(
    topics: pd.DataFrame, tmp_path: Path
) -> None:
    monitor = Monitor(tmp_path, validation(topics))
    monitor.begin()
    values = {10: 0.5, 20: 0.6, 30: 0.55, 40: 0.5}

    def train() -> None:
        for step in range(1, 41):
            if step in values:
                monitor.validated(step, values[step])
            monitor.record(step, {"loss": 0.0, "reward": step / 40})

    with pytest.warns(TrainingWarning, match="best of 0.6000 at step 20"):
        train()
    assert monitor.best_step == 20


# -- runs that go on ------------------------------------------------------------------------------


def test_a_folder_with_another_run_is_refused(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    data = with_target(topics)
    sft(rewriter, data, output_dir=tmp_path, steps=2, **FAST)
    with pytest.raises(ValueError, match="resume=True"):
        sft(rewriter, data, output_dir=tmp_path, steps=2, **FAST)
    with pytest.raises(ValueError, match="its settings was"):
        sft(rewriter, data, output_dir=tmp_path, steps=3, resume=True, **FAST)
    with pytest.raises(ValueError, match="its data was"):
        sft(rewriter, data.head(2), output_dir=tmp_path, steps=2, resume=True, **FAST)
    again = sft(rewriter, data, output_dir=tmp_path, steps=2, resume=True, **FAST)
    assert generations(again, topics)


def test_checkpoints_fall_on_generation_boundaries(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="multiple of 3"):
        grpo(
            rewriter, topics, ByText(len), output_dir=tmp_path, num_iterations=3,
            **{**FAST, "checkpoint_every": 4},
        )  # fmt: skip


def test_a_checkpoint_that_was_not_finished_is_passed_over(tmp_path: Path) -> None:
    assert last_checkpoint(tmp_path) is None
    for step, done in ((5, True), (10, True), (15, False)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if done:
            (folder / "complete").touch()
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-10"


class Killing(ByText):
    """A reward that can kill its process where it would be asked a fourth time."""

    kill = False

    def score(self, candidates: pd.DataFrame) -> dict[str, float | None]:
        if self.kill and len(self.seen) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().score(candidates)


def twelve_steps(
    method: str, model: str, out: str, *, kill: bool = False, resume: bool = False
) -> None:
    queries = [f"query {i} of the wing" for i in range(8)]
    topics = pd.DataFrame({"qid": [f"t{i}" for i in range(8)], "query": queries})
    common: dict[str, Any] = {
        "output_dir": out,
        "validation": validation(topics, every=3),
        "steps": 12,
        "learning_rate": 3e-3,
        "checkpoint_every": 4,
        "resume": resume,
        "verbose": False,
    }
    if method == "grpo":
        reward = Killing(len)
        reward.kill = kill
        sizes = {"queries_per_step": 4, "group_size": 4, "num_iterations": 2}
        grpo(local(Path(model)), topics, reward, **sizes, **common)
        return
    record = Monitor.record

    def note(self: Monitor, step: int, logs: Any) -> None:
        record(self, step, logs)
        if kill and step == 7:
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Monitor, "record", note)
        sft(local(Path(model)), with_target(topics), batch_size=4, **common)


def python(code: str, *arguments: str, launcher: tuple[str, ...] = ()) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *launcher, *([] if launcher else ["-c"]), code, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


KILLED = """
import sys, torch
from tests.rewrite.training.test_training import twelve_steps

torch.set_num_threads(1)
twelve_steps(*sys.argv[1:], kill=True)
"""


@pytest.mark.filterwarnings("ignore::pyterrier_rewrite.training.TrainingWarning")
@pytest.mark.parametrize("method", ["sft", "grpo"])
def test_a_killed_run_goes_on_to_the_same_end(
    method: str, tiny_causal: Path, tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    twelve_steps(method, str(tiny_causal), str(whole))
    killed = python(KILLED, method, str(tiny_causal), str(broken))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert last_checkpoint(broken) == broken / "checkpoint-4"
    twelve_steps(method, str(tiny_causal), str(broken), resume=True)
    for folder in ("checkpoint-12", "best"):
        assert equal(whole / folder, broken / folder), folder
    assert (whole / "training.csv").read_text() == (broken / "training.csv").read_text()
    assert not equal(whole / "checkpoint-12", tiny_causal)


WORLD = """
import os
import sys
import pandas as pd, torch
from pathlib import Path
from tests.rewrite.training.test_training import ByText, local, validation
from pyterrier_rewrite.training import grpo

torch.set_num_threads(1)
model, out = sys.argv[1:]
topics = pd.DataFrame({
    "qid": [f"t{i}" for i in range(8)], "query": [f"query {i} of the wing" for i in range(8)]
})
trained = grpo(
    local(Path(model)), topics, ByText(len), output_dir=out, steps=4, queries_per_step=4,
    group_size=4, learning_rate=3e-3, checkpoint_every=2, validation=validation(topics, every=2),
    verbose=False,
)
assert torch.distributed.get_world_size() == 2
norm = sum(p.double().abs().sum() for p in trained.llm.loaded().model.parameters())
seen = [torch.zeros_like(norm) for _ in range(2)]
torch.distributed.all_gather(seen, norm)
assert seen[0] == seen[1], seen
Path(out, f"rank-{torch.distributed.get_rank()}").touch()
torch.distributed.barrier()
torch.distributed.destroy_process_group()
os._exit(0)  # all is checked; torch's threads can abort an interpreter that shuts down
"""


@pytest.mark.slow
def test_two_processes_train_one_model(tiny_causal: Path, tmp_path: Path) -> None:
    import json

    script = tmp_path / "world.py"
    script.write_text(textwrap.dedent(WORLD))
    out = tmp_path / "run"
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")
    done = python(str(script), str(tiny_causal), str(out), launcher=torchrun)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (out / "rank-0").exists()
    assert (out / "rank-1").exists()
    assert json.loads((out / "best" / "training.json").read_text())["processes"] == 2
    assert [row["step"] for row in read_table(out / "training.csv")] == [0, 1, 2, 3, 4]
