"""The methods on a tiny model: what is learnt, and what stops a run."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pyterrier_rewrite import LLMRewriter, TransformersLLM
from pyterrier_rewrite.parsing import Text
from pyterrier_rewrite.training import (
    LoraSettings,
    Task,
    TrainingError,
    TrainingWarning,
    dpo,
    grpo,
    kto,
    sft,
)
from pyterrier_rewrite.training.methods.examples import prompt_tokens
from pyterrier_rewrite.training.methods.grpo import _order
from pyterrier_rewrite.training.run.folder import last_checkpoint
from pyterrier_rewrite.training.run.monitor import read_table
from tests.support.training import (
    FAST,
    TARGET,
    ByText,
    equal,
    generations,
    local,
    weights,
    with_target,
)

pytestmark = pytest.mark.usefixtures("one_thread")


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


@pytest.mark.parametrize("lora", [None, LoraSettings(r=2)])
def test_small_steps_move_the_weights_of_a_model_in_bfloat16(
    topics: pd.DataFrame, tmp_path: Path, tiny_causal: Path, lora: LoraSettings | None
) -> None:
    rewriter = local(tiny_causal)
    rewriter.llm = TransformersLLM(tiny_causal, device="cpu", dtype="bfloat16")
    settings: dict[str, Any] = {**FAST, "learning_rate": 1e-6, "lora": lora}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", TrainingWarning)
        for steps in (1, 2):
            folder = tmp_path / str(steps)
            sft(rewriter, with_target(topics), output_dir=folder, steps=steps, **settings)
    rounded = "trained in float32 and served in bfloat16"
    assert [rounded in str(its.message) for its in told].count(True) == (0 if lora else 2)
    moved = [
        (one != two).float().mean().item()
        for one, two in zip(*(weights(tmp_path / n / "best").values() for n in "12"), strict=True)
    ]
    assert sum(moved) / len(moved) > 0.4


class Elsewhere(TransformersLLM):
    """A model that is not found by its name alone, as one of a revision or in a GGUF file."""

    def load(self, **changes: Any) -> Any:
        engine = super().load(**changes)
        engine.model.config._name_or_path = "gone"
        return engine


@pytest.mark.parametrize("method", ["dpo", "kto", "grpo"])
def test_what_training_stays_close_to_is_the_model_as_it_was_read(
    method: str, topics: pd.DataFrame, tmp_path: Path, tiny_causal: Path
) -> None:
    rewriter = local(tiny_causal)
    rewriter.llm = Elsewhere(tiny_causal, device="cpu")
    settings: dict[str, Any] = {**FAST, "output_dir": tmp_path / method, "steps": 1, "beta": 0.1}
    if method == "dpo":
        dpo(rewriter, topics.assign(chosen=TARGET, rejected="wing"), **settings)
    elif method == "kto":
        good = [at % 2 == 0 for at in range(len(topics))]
        kto(rewriter, topics.assign(completion=TARGET, label=good), **settings)
    else:
        grpo(rewriter, topics, ByText(len), group_size=2, **settings)
    (row,) = read_table(tmp_path / method / "training.csv")
    if method == "dpo":
        assert row["loss"] == pytest.approx(math.log(2))  # nobody has moved yet
    else:
        assert row["kl"] == pytest.approx(0, abs=1e-6)


def test_examples_are_turns_in_training_as_in_serving(
    topics: pd.DataFrame, tmp_path: Path, tiny_causal: Path
) -> None:
    examples = [{"query": "car", "keywords": "auto"}, {"query": "sofa", "keywords": "bed"}]
    rewriter = local(tiny_causal, prompt="jagerman/q2e", examples=examples, parser=Text())
    text, _ = prompt_tokens(Task.of(rewriter, topics), rewriter.llm.loaded())[0]  # type: ignore[attr-defined]
    turns = "<|assistant|>auto</s><|user|>Query: sofa\nKeywords:</s><|assistant|>bed</s><|user|>"
    assert text.partition("Query: car\nKeywords:</s>")[2] == (
        f"{turns}Query: {topics['query'][0]}\nKeywords:</s><|assistant|>"
    )
    trained = sft(rewriter, with_target(topics), output_dir=tmp_path / "run", steps=40, **FAST)
    assert generations(trained, topics) == [TARGET] * 8


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


@pytest.mark.parametrize("label", ["True", "false", "1", "good", None, float("nan"), 2])
def test_kto_refuses_labels_that_are_none(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path, label: object
) -> None:
    labels = pd.Series([True, label, *[False] * len(topics)][: len(topics)], dtype=object)
    with pytest.raises(ValueError, match=r"1 or -1, found .* query 't1'; turn texts into these"):
        kto(rewriter, topics.assign(completion="x", label=labels), output_dir=tmp_path, **FAST)


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
    with pytest.raises(TrainingError, match="gave no verdict"):
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


@pytest.mark.parametrize("target", [None, float("nan"), 7, " "])
def test_targets_that_are_no_texts_are_refused(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path, target: object
) -> None:
    targets = pd.Series([TARGET, target, *[TARGET] * 6], dtype=object)
    with pytest.raises(ValueError, match=r"target should be a text in every row, .* query 't1'"):
        sft(rewriter, topics.assign(target=targets), output_dir=tmp_path, **FAST)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "train",
    [
        lambda rewriter, data, **more: sft(rewriter, data, **more),
        lambda rewriter, data, **more: dpo(rewriter, data, **more),
        lambda rewriter, data, **more: grpo(rewriter, data, ByText(len), **more),
    ],
    ids=["sft", "dpo", "grpo"],
)
def test_no_rows_are_nothing_to_learn_from(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path, train: Callable[..., object]
) -> None:
    data = with_target(topics).assign(chosen="vitamin", rejected="wing").head(0)
    with pytest.raises(ValueError, match="nothing to learn from: the data has no rows"):
        train(rewriter, data, output_dir=tmp_path, **FAST)


def test_pairs_of_the_same_text_are_nothing_to_prefer(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    same = topics.assign(chosen="wing", rejected="wing")
    with pytest.raises(ValueError, match="the same in 8 of 8 pairs: there is nothing to prefer"):
        dpo(rewriter, same, output_dir=tmp_path, **FAST)
    some = same.assign(rejected=["wing"] + ["vitamin"] * 7)
    with pytest.warns(TrainingWarning, match="the same in 1 of 8 pairs"):
        dpo(rewriter, some, output_dir=tmp_path, steps=1, **FAST)


def test_a_dry_run_trains_and_writes_nothing(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    pairs = topics.assign(chosen="vitamin", rejected="wing")
    for number, same in enumerate(
        [
            sft(rewriter, with_target(topics), output_dir=tmp_path, dry_run=True, **FAST),
            dpo(rewriter, pairs, output_dir=tmp_path, dry_run=True, **FAST),
            grpo(rewriter, topics, ByText(len), output_dir=tmp_path, dry_run=True, **FAST),
        ]
    ):
        assert same is rewriter, number
    assert not any(tmp_path.iterdir())
    assert rewriter.llm._engine is None  # type: ignore[attr-defined]
    with pytest.raises(TrainingError, match="'t1'"):
        grpo(
            rewriter, topics.tail(7), ByText(lambda _: float("nan")), output_dir=tmp_path,
            dry_run=True, **FAST,
        )  # fmt: skip


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
